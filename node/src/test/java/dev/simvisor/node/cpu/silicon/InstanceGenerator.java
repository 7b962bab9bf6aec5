package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.silicon.InstructionEncoder.Encoding;
import dev.simvisor.node.cpu.silicon.SiliconCase.Poke;
import dev.simvisor.node.cpu.silicon.SiliconCase.RegisterValue;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.InstructionTable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Random instances of a form, in a state in which they do something: addresses that exist, quotients that fit. */
final class InstanceGenerator {
    private static final int USUAL_CODE_OFFSET = 0x800;

    private final InstructionEncoder encoder;

    InstanceGenerator(InstructionTable table) {
        encoder = new InstructionEncoder(table);
    }

    /** Null when no encoding of the form was found. */
    @Nullable
    SiliconCase instance(Form form, int seed) {
        Pattern pattern = new Pattern(seed * 0x1_0001L + 17);
        Encoding encoding = encoder.encode(form, pattern);
        if (encoding == null || unwelcome(encoding.instruction())) return null;
        return new Instance(form, seed, encoding, pattern).build();
    }

    /** INT 80H is a system call; the far forms of AMD processors have no 64-bit offset (APM Vol 3). */
    private static boolean unwelcome(Instruction i) {
        boolean linux = i.row.semantics().equals("interrupt") && (i.immediate & 0xFF) == 0x80;
        boolean wideFar = i.operandSize == 64
                && switch (i.row.semantics()) {
                    case "callFarIndirect", "jmpFarIndirect", "les", "lds", "lss", "lfs", "lgs" -> true;
                    default -> false;
                };
        return linux || wideFar;
    }

    /** One case in the making. */
    private static final class Instance {
        private final Form form;
        private final int seed;
        private final Pattern pattern;
        private final Instruction instruction;
        private final byte[] code;
        private final int displacementAt;
        private final boolean small;
        private final int codeOffset;
        private final MachineState state;
        private final List<RegisterValue> values = new ArrayList<>();
        private final List<Poke> pokes = new ArrayList<>();

        Instance(Form form, int seed, Encoding encoding, Pattern pattern) {
            this.form = form;
            this.seed = seed;
            this.pattern = pattern;
            instruction = encoding.instruction();
            code = encoding.bytes();
            displacementAt = encoding.displacementAt();
            boolean shortAddress = form.codeSize() == 32 && instruction.addressSize == 16;
            small = form.codeSize() == 16 || shortAddress || form.codeSize() == 32 && pattern.oneIn(4);
            // AMD's processors do not fetch the ModRM byte of UD0 and UD1.
            boolean atEnd = pattern.oneIn(40) && !instruction.row.semantics().equals("undefinedOpcode");
            codeOffset = atEnd ? SiliconLayout.PAGE - 1 - pattern.below(code.length) : USUAL_CODE_OFFSET;
            state = InputState.of(seed, form.codeSize(), small);
            // AMD's processors look at the stack beyond what RETF releases before they look at the selector.
            if (instruction.row.semantics().equals("retf")
                    && !instruction.row.operands().isEmpty()) code[code.length - 1] &= 1;
        }

        SiliconCase build() {
            if (instruction.memory) placeMemoryOperand();
            new ImplicitOperands(this::set, this::pokeAt, state, instruction, pattern, new Targets(small, pattern))
                    .set();
            int present = Math.min(code.length, SiliconLayout.PAGE - codeOffset);
            byte[] bytes = present < code.length ? Arrays.copyOf(code, present) : code;
            return new SiliconCase(form.codeSize(), small, seed, codeOffset, bytes, values, pokes);
        }

        private void set(int register, long value) {
            long masked = form.codeSize() == 64 ? value : value & 0xFFFF_FFFFL;
            values.removeIf(other -> other.register() == register);
            values.add(new RegisterValue(register, masked));
            state.gpr[register] = masked;
        }

        private void pokeAt(long linear, byte[] bytes) {
            long offset = linear - SiliconLayout.DATA;
            boolean fits = offset >= 0 && offset + bytes.length <= SiliconLayout.DATA_SIZE;
            if (fits && pokes.size() < SiliconCase.MOST_POKES) pokes.add(new Poke((int) offset, bytes));
        }

        private void placeMemoryOperand() {
            int size = OperandContents.size(instruction);
            boolean aligned = instruction.row.has(Attribute.ALIGNED);
            long linear = new Targets(small, pattern).choose(Math.max(size, 1), aligned, form.codeSize() == 64);
            long base = segmentBase(instruction.segment);
            long reached = base + reach(linear - base);
            byte[] contents = OperandContents.of(instruction, pattern);
            if (contents.length > 0) pokeAt(reached, contents);
        }

        private long segmentBase(int segment) {
            if (form.codeSize() == 64) {
                if (segment == SegmentRegister.FS) return SiliconLayout.FS_BASE;
                return segment == SegmentRegister.GS ? SiliconLayout.GS_BASE : 0;
            }
            return small ? SiliconLayout.DATA : 0;
        }

        /** Makes the operand's effective address {@code target}, as far as its form permits; returns what it became. */
        private long reach(long target) {
            Instruction i = instruction;
            if (i.base != Instruction.ZERO && i.base == i.index) {
                setAddress(i.base, (target - i.displacement) / (1 + (1L << i.scale)));
            } else {
                if (i.index != Instruction.ZERO) setAddress(i.index, pattern.below(65) - 32);
                long indexed = i.index == Instruction.ZERO ? 0 : state.gpr[i.index] << i.scale;
                if (i.base == Instruction.BLOCK_RIP) {
                    patch(target - SiliconLayout.CODE - codeOffset - code.length, 4);
                } else if (i.base == Instruction.ZERO) {
                    boolean offset =
                            i.row.operands().stream().anyMatch(o -> o.notation().startsWith("O"));
                    patch(target - indexed, offset ? i.addressSize / 8 : Math.min(4, i.addressSize / 8));
                } else {
                    setAddress(i.base, target - indexed - i.displacement);
                }
            }
            return target & i.addressMask();
        }

        /** Above the address size there may be anything. */
        private void setAddress(int register, long value) {
            set(register, value & instruction.addressMask() | pattern.next() & ~instruction.addressMask());
        }

        private void patch(long displacement, int bytes) {
            for (int n = 0; n < bytes; n++) code[displacementAt + n] = (byte) (displacement >> 8 * n);
        }
    }
}
