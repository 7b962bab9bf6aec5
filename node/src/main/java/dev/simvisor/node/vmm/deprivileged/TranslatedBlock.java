package dev.simvisor.node.vmm.deprivileged;

import dev.simvisor.node.cpu.decode.Instruction;
import dev.simvisor.node.cpu.disassemble.CodeListing;
import dev.simvisor.node.cpu.table.Attribute;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A block of a guest's kernel and what {@code translate} makes of it: instructions stay as they are or call out. The listing
 * goes on after a callout that comes back to the next instruction, where execution goes on with a block of its own.
 *
 * @param address offset in CS of the first instruction
 */
public record TranslatedBlock(long address, List<Line> lines) {
    private static final int LONGEST = 64;
    private static final Set<String> TRANSFERS = Set.of(
            "CALL",
            "JMP",
            "RETF",
            "INT",
            "INT3",
            "INTO",
            "IRET",
            "IRETD",
            "IRETQ",
            "SYSCALL",
            "SYSRET",
            "SYSENTER",
            "SYSEXIT");

    /**
     * One instruction.
     *
     * @param callsOut whether a callout to the VMM takes its place
     */
    public record Line(CodeListing.Line guest, boolean callsOut) {}

    /**
     * The block that starts with the first byte.
     *
     * @param address of it, as an offset in CS
     * @param codeSize 16, 32 or 64
     */
    public static TranslatedBlock of(byte[] code, long address, int codeSize) {
        List<Instruction> instructions = CodeListing.decode(code, codeSize);
        List<CodeListing.Line> listing = CodeListing.of(code, address, codeSize);
        List<Line> lines = new ArrayList<>();
        for (int n = 0; n < Math.min(instructions.size(), LONGEST); n++) {
            Instruction instruction = instructions.get(n);
            boolean callsOut = SensitiveInstructions.INSTANCE.callsOut(instruction);
            lines.add(new Line(listing.get(n), callsOut));
            if (ends(instruction, callsOut)) break;
        }
        return new TranslatedBlock(address, List.copyOf(lines));
    }

    private static boolean ends(Instruction instruction, boolean callsOut) {
        boolean comesBack = callsOut && !TRANSFERS.contains(instruction.row.mnemonic(instruction.operandSize));
        return instruction.row.has(Attribute.END) && !comesBack;
    }
}
