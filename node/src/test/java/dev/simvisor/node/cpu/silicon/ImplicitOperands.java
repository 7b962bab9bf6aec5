package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Operand;
import dev.simvisor.node.cpu.table.OperandKind;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Gives registers and stack that an instruction uses without naming them values with which it does something. */
final class ImplicitOperands {
    private final Registers registers;
    private final Memory memory;
    private final MachineState state;
    private final Instruction instruction;
    private final Pattern pattern;
    private final Targets targets;

    interface Registers {
        void set(int register, long value);
    }

    interface Memory {
        void poke(long linear, byte[] bytes);
    }

    ImplicitOperands(
            Registers registers,
            Memory memory,
            MachineState state,
            Instruction instruction,
            Pattern pattern,
            Targets targets) {
        this.registers = registers;
        this.memory = memory;
        this.state = state;
        this.instruction = instruction;
        this.pattern = pattern;
        this.targets = targets;
    }

    void set() {
        for (Operand operand : instruction.row.operands()) {
            if (operand.kind() == OperandKind.X) string(Cpu.RSI, instruction.segment);
            if (operand.kind() == OperandKind.Y) string(Cpu.RDI, SegmentRegister.ES);
            if (operand.kind() == OperandKind.CL && pattern.oneIn(2)) registers.set(Cpu.RCX, pattern.below(70));
        }
        if (instruction.repeat != Instruction.NO_PREFIX && isString()) address(Cpu.RCX, pattern.below(4));
        byMeaning();
    }

    private boolean isString() {
        return instruction.row.operands().stream()
                .anyMatch(o -> o.kind() == OperandKind.X || o.kind() == OperandKind.Y);
    }

    private void byMeaning() {
        switch (instruction.row.semantics()) {
            case "xlat" -> address(Cpu.RBX, offset(Cpu.RBX, instruction.segment) - (state.gpr[Cpu.RAX] & 0xFF));
            case "maskmovq", "maskmovdqu" -> string(Cpu.RDI, instruction.segment);
            case "leave", "enter" -> registers.set(Cpu.RBP, stackAddress());
            case "push", "pop", "call", "pusha", "popa", "pushf", "pushSegment" -> strainStack();
            case "div", "idiv" -> dividend();
            case "bt", "bts", "btr", "btc" -> bitOffset();
            case "cmpxchg" -> expectation();
            case "callIndirect", "jmpIndirect" -> branchTarget();
            case "ret" -> stack(false);
            case "retf" -> stack(true);
            case "iret" -> interruptFrame();
            case "popf" -> pokeStack(pattern.next() & 0x4FD5 | pattern.next() & 0x24_0000);
            case "popSegment" -> pokeStack(OperandContents.selector(pattern));
            case "lar", "lsl", "verr", "verw", "movToSegment" -> {
                if (!instruction.memory) registers.set(instruction.rm, OperandContents.selector(pattern));
            }
            default -> {}
        }
    }

    // ---- addresses

    private void string(int register, int segment) {
        address(register, offset(register, segment));
    }

    private long offset(int register, int segment) {
        boolean mode64 = state.cs == SiliconLayout.USER_CODE_64;
        boolean plain = register == Cpu.RBX;
        long linear = plain ? targets.plain(256, false) : targets.choose(16, false, mode64);
        if (!mode64) return linear - targets.base();
        if (segment == SegmentRegister.FS) return linear - SiliconLayout.FS_BASE;
        return segment == SegmentRegister.GS ? linear - SiliconLayout.GS_BASE : linear;
    }

    /** Above the address size there may be anything. */
    private void address(int register, long value) {
        registers.set(register, value & instruction.addressMask() | pattern.next() & ~instruction.addressMask());
    }

    private long stackAddress() {
        return SiliconLayout.DATA + 0x1400 + 8L * pattern.below(64) - targets.base();
    }

    /** Sometimes there is no room on the stack. */
    private void strainStack() {
        if (instruction.memory || !pattern.oneIn(12)) return;
        long end = pattern.oneIn(2) ? 0 : SiliconLayout.DATA_SIZE;
        registers.set(Cpu.RSP, SiliconLayout.DATA + end + pattern.below(24) - 4 - targets.base());
    }

    private void pokeStack(long... words) {
        int size = instruction.operandSize / 8;
        ByteBuffer buffer = ByteBuffer.allocate(8 * words.length + 8).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < words.length; i++) buffer.putLong(i * size, words[i]);
        byte[] bytes = Arrays.copyOf(buffer.array(), words.length * size);
        memory.poke(state.gpr[Cpu.RSP] + targets.base(), bytes);
    }

    // ---- values

    private void dividend() {
        if (pattern.oneIn(4)) return;
        boolean signed = instruction.row.semantics().equals("idiv");
        if (instruction.operandSize == 8) {
            int quotient = pattern.below(100);
            registers.set(Cpu.RAX, state.gpr[Cpu.RAX] & ~0xFFFFL | quotient | (pattern.oneIn(2) ? 0x100 : 0));
            return;
        }
        int shift = 64 - instruction.operandSize;
        boolean negative = signed && state.gpr[Cpu.RAX] << shift < 0;
        registers.set(Cpu.RDX, negative ? -1 - pattern.below(2) : pattern.below(2));
    }

    private void bitOffset() {
        boolean registerOffset = instruction.row.operands().get(1).kind() == OperandKind.G;
        if (!registerOffset || !instruction.memory || pattern.oneIn(8)) return;
        if (instruction.reg == instruction.base || instruction.reg == instruction.index) return;
        registers.set(instruction.reg, pattern.below(4000) - 1000);
    }

    /** Half of the time the accumulator equals a register destination. */
    private void expectation() {
        if (instruction.memory || pattern.oneIn(2)) return;
        if (instruction.operandSize != 8) registers.set(Cpu.RAX, state.gpr[instruction.rm]);
        else registers.set(instruction.rm & 15, state.gpr[Cpu.RAX]);
    }

    private void branchTarget() {
        if (!instruction.memory && instruction.operandSize == 64 && !pattern.oneIn(5)) {
            registers.set(instruction.rm, pattern.next() >>> 17);
        }
    }

    private void stack(boolean far) {
        long target = pattern.oneIn(8) ? pattern.next() : pattern.next() >>> 17;
        if (instruction.operandSize != 64) target &= 0x7FFF;
        if (far) pokeStack(target, OperandContents.selector(pattern));
        else pokeStack(target);
    }

    private void interruptFrame() {
        long target = pattern.next() >>> 17;
        if (instruction.operandSize != 64) target &= 0x7FFF;
        long flags = pattern.next() & 0x24_CFD5 | Flags.TF; // without it the runner loses control
        int code = pattern.oneIn(3) ? OperandContents.selector(pattern) : state.cs;
        int stack = pattern.oneIn(3) ? OperandContents.selector(pattern) : state.ss;
        pokeStack(target, code, flags, pattern.next() >>> 17, stack);
    }
}
