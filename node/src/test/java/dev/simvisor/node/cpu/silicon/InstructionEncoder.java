package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.decode.Decoder;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Attribute;
import dev.simvisor.node.cpu.table.InstructionTable;
import dev.simvisor.node.cpu.table.Opcode;
import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandKind;
import dev.simvisor.node.cpu.table.Row;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Makes random bytes that decode to a given form. */
final class InstructionEncoder {
    private static final int TRIES = 40;
    private static final int TRAILER = 12;
    private static final int[] SEGMENT_PREFIXES = {0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65, 0x64, 0x65};
    private static final int[] READABLE_CONTROLS = {0, 2, 3, 4};

    private final Decoder decoder;

    InstructionEncoder(InstructionTable table) {
        decoder = new Decoder(table);
    }

    /**
     * @param instruction what the bytes decode to
     * @param displacementAt where a displacement would stand that is not relative to a register
     */
    record Encoding(byte[] bytes, Instruction instruction, int displacementAt) {}

    /** Null if no bytes were found, as for forms that do not exist. */
    @Nullable
    Encoding encode(Form form, Pattern pattern) {
        for (int i = 0; i < TRIES; i++) {
            Attempt attempt = new Attempt(form, pattern);
            Encoding encoding = attempt.encode();
            if (encoding != null) return encoding;
        }
        return null;
    }

    @Nullable
    Instruction decode(byte[] bytes, int codeSize) {
        return decoder.decode(Arrays.copyOf(bytes, 15), 0, 15, codeSize, 0);
    }

    private final class Attempt {
        private final Form form;
        private final Row row;
        private final Pattern pattern;
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Attempt(Form form, Pattern pattern) {
            this.form = form;
            this.row = form.row();
            this.pattern = pattern;
        }

        @Nullable
        Encoding encode() {
            prefixes();
            opcode();
            if (row.hasModRm()) modRm();
            int displacementAt = bytes.size();
            for (int i = 0; i < TRAILER; i++) bytes.write((int) pattern.edgy());
            Instruction instruction = decode(bytes.toByteArray(), form.codeSize());
            if (instruction == null || instruction.row != row || instruction.memory != form.memory()) return null;
            return new Encoding(Arrays.copyOf(bytes.toByteArray(), instruction.length), instruction, displacementAt);
        }

        private void prefixes() {
            if (form.memory() && row.has(Attribute.LOCK) && pattern.oneIn(4)) bytes.write(0xF0);
            if (pattern.oneIn(12)) bytes.write(SEGMENT_PREFIXES[pattern.below(SEGMENT_PREFIXES.length)]);
            if (pattern.oneIn(10)) bytes.write(0x67);
            if (form.size() == Form.Size.OVERRIDE) bytes.write(0x66);
            boolean repeatable = row.has(Attribute.REP) || row.has(Attribute.REPZ);
            if (repeatable && pattern.oneIn(2)) bytes.write(0xF2 + pattern.below(2));
            switch (row.opcode().prefix()) {
                case P66 -> bytes.write(0x66);
                case F2 -> bytes.write(0xF2);
                case F3 -> bytes.write(0xF3);
                case ANY, NP -> {}
            }
            if (form.codeSize() == 64) rex();
        }

        private void rex() {
            int rex = form.size() == Form.Size.WIDE || row.opcode().rexW() ? 8 : 0;
            if (pattern.oneIn(2)) rex |= pattern.below(8);
            if (rex != 0 || pattern.oneIn(8)) bytes.write(0x40 | rex);
        }

        private void opcode() {
            Opcode opcode = row.opcode();
            if (opcode.map() > 0) bytes.write(0x0F);
            if (opcode.map() == 2) bytes.write(0x38);
            if (opcode.map() == 3) bytes.write(0x3A);
            bytes.write(opcode.code() + (opcode.lowRegister() ? pattern.below(8) : 0));
        }

        private void modRm() {
            Opcode opcode = row.opcode();
            if (opcode.modRm() != Opcode.NONE) {
                bytes.write(opcode.modRm() + (opcode.lowStack() ? pattern.below(8) : 0));
                return;
            }
            int reg = opcode.digit() != Opcode.NONE ? opcode.digit() : register();
            int mod = form.memory() ? pattern.below(3) : 3;
            int rm = pattern.below(8);
            bytes.write(mod << 6 | reg << 3 | rm);
            if (mod != 3 && rm == 4) bytes.write((int) pattern.next());
        }

        private int register() {
            for (Operand operand : row.operands()) {
                if (operand.kind() == OperandKind.S) return pattern.below(6);
                if (operand.kind() == OperandKind.C) return READABLE_CONTROLS[pattern.below(4)];
            }
            return pattern.below(8);
        }
    }
}
