package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.Exit;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs a physical processor as the interpreter does, and remembers the first blocks of the kernel that called out. */
public final class CalloutRecorder implements Engine {
    private static final int PAGE = 4096;
    /** More than a block holds. */
    private static final int MOST_BYTES = 512;

    private final Cpu physical;
    private final Interpreter interpreter;
    private final int most;
    private final Map<Long, TranslatedBlock> blocks = new LinkedHashMap<>();

    /** @param most how many blocks to remember */
    public CalloutRecorder(Cpu physical, int most) {
        this.physical = physical;
        this.interpreter = new Interpreter(physical);
        this.most = most;
    }

    /** In the order in which they first called out. */
    public List<TranslatedBlock> blocks() {
        return List.copyOf(blocks.values());
    }

    @Override
    public void run(long instructions) {
        interpreter.run(instructions);
        if (physical.exit.kind == Exit.Kind.CALLOUT && blocks.size() < most) record();
    }

    private void record() {
        long start = physical.gpr[Instruction.BLOCK_RIP];
        if (followsARemembered(start)) return;
        long linear = physical.codeSize == 64 ? start : start + physical.segmentBase[SegmentRegister.CS] & 0xFFFF_FFFFL;
        // The block has just been executed: fetching from its page raises nothing.
        long address = physical.memory.fetchPage(linear) | linear & PAGE - 1;
        byte[] code = new byte[(int) Math.min(MOST_BYTES, PAGE - (linear & PAGE - 1))];
        for (int n = 0; n < code.length; n++) code[n] = (byte) physical.bus.read(address + n, 1);
        blocks.put(start, TranslatedBlock.of(code, start, physical.codeSize));
    }

    /** Whether a listing that there is has this block's first instruction too. */
    private boolean followsARemembered(long start) {
        return blocks.values().stream()
                .flatMap(block -> block.lines().stream())
                .anyMatch(line -> line.guest().address() == start);
    }

    @Override
    public void codeWritten(long physicalAddress, long length) {
        interpreter.codeWritten(physicalAddress, length);
    }

    @Override
    public void flushCode() {
        interpreter.flushCode();
    }
}
