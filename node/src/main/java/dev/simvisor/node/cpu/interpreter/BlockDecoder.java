package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.HostMemory;
import dev.simvisor.node.cpu.TranslationPass;
import dev.simvisor.node.cpu.decode.Decoder;
import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.table.Attribute;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Decodes the block at a physical address: straight on until an instruction that ends blocks, the end of the page, or where a
 * debugger may want to stop.
 */
final class BlockDecoder {
    private static final int PAGE = 4096;
    private static final int LONGEST_INSTRUCTION = 15;
    private static final int LONGEST_BLOCK = 64;

    private final Cpu cpu;
    private final Decoder decoder;
    private final HandlerTable handlers;
    private final byte[] page = new byte[PAGE + LONGEST_INSTRUCTION];
    private final List<Instruction> instructions = new ArrayList<>();

    BlockDecoder(Cpu cpu, HandlerTable handlers) {
        this.cpu = cpu;
        this.handlers = handlers;
        this.decoder = new Decoder(handlers.instructions());
    }

    /**
     * Decodes at {@code linear}, which translates to {@code physical}.
     *
     * @throws dev.simvisor.node.cpu.GuestException when the first instruction reaches into a page that cannot be fetched
     */
    Block decode(long linear, long physical, int key) {
        int start = (int) physical & PAGE - 1;
        int bytes = Math.min(PAGE - start, LONGEST_BLOCK * LONGEST_INSTRUCTION);
        load(physical, bytes, 0);
        instructions.clear();
        int offset = 0;
        while (instructions.size() < LONGEST_BLOCK) {
            int available = Math.min(bytes - offset, LONGEST_INSTRUCTION);
            Instruction next = available == 0 ? null : decodeOne(offset, available);
            if (next == null) break;
            instructions.add(next);
            offset += next.length;
            if (endsBlock(next) || mayStop(start + offset)) break;
        }
        if (instructions.isEmpty()) return decodeCrossing(linear, physical, key, bytes);
        Instruction[] all = instructions.toArray(new Instruction[0]);
        return new Block(physical, key, all, offset, Block.NO_SECOND_PAGE, mayStop(start));
    }

    private boolean mayStop(int pageOffset) {
        return cpu.probe.divides(pageOffset);
    }

    /** Decodes the one instruction at {@code linear}; raises what fetching it raises. */
    Instruction decodeAlone(long linear) {
        long physical = cpu.memory.fetchPage(linear) | linear & PAGE - 1;
        int bytes = Math.min(PAGE - ((int) physical & PAGE - 1), LONGEST_INSTRUCTION);
        load(physical, bytes, 0);
        Instruction instruction = decodeOne(0, bytes);
        return instruction != null ? instruction : decodeCrossing(linear, physical, 0, bytes).instructions[0];
    }

    private Block decodeCrossing(long linear, long physical, int key, int bytes) {
        long nextPage = (linear | PAGE - 1) + 1;
        long second = cpu.memory.fetchPage(cpu.codeSize == 64 ? nextPage : nextPage & 0xFFFF_FFFFL);
        load(second, LONGEST_INSTRUCTION, bytes);
        Instruction only = decodeOne(0, LONGEST_INSTRUCTION);
        if (only == null) throw new IllegalStateException("an instruction wants more than 15 bytes");
        return new Block(
                physical, key, new Instruction[] {only}, only.length, second, mayStop((int) physical & PAGE - 1));
    }

    private @Nullable Instruction decodeOne(int offset, int available) {
        Instruction instruction = decoder.decode(page, offset, available, cpu.codeSize, offset);
        if (instruction == null) return null;
        TranslationPass pass = cpu.cpl == 1 ? cpu.translationPass : null;
        boolean replaced = pass != null && pass.callsOut(instruction);
        instruction.handler = (char) (replaced ? handlers.callout() : handler(instruction));
        return instruction;
    }

    /** The handler for an instruction on the processor as it is now. */
    int handler(Instruction instruction) {
        boolean realMode = !cpu.protectedMode || cpu.virtual8086;
        boolean undefined = realMode && instruction.row.has(Attribute.PROT);
        return undefined ? handlers.undefinedOpcode() : handlers.handler(instruction, cpu);
    }

    private boolean endsBlock(Instruction instruction) {
        return instruction.row.has(Attribute.END)
                || instruction.handler == handlers.undefinedOpcode()
                || instruction.handler == handlers.callout();
    }

    /** Copies code bytes from physical memory; those of devices are read one by one. */
    private void load(long physical, int length, int at) {
        long host = cpu.bus.directRead(physical & -PAGE);
        if (host != 0) {
            MemorySegment source = HostMemory.segment(host + (physical & PAGE - 1), length);
            MemorySegment.copy(source, 0, MemorySegment.ofArray(page), at, length);
            return;
        }
        for (int n = 0; n < length; n++) page[at + n] = (byte) cpu.bus.read(physical + n, 1);
    }
}
