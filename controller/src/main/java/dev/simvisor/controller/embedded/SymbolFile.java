package dev.simvisor.controller.embedded;

import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.node.cpu.disassemble.SymbolTable;
import dev.simvisor.node.machine.boot.ElfSymbols;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is known of the names in a guest's code: the lines that {@code nm} prints of a kernel, or the kernel itself of its own in
 * {@code /proc/kallsyms}; without those, what the kernel's ELF file has.
 */
final class SymbolFile {
    /** Address, type, name; the kernel's list may name a module after it. A symbol that is not defined has no address. */
    private static final Pattern LINE = Pattern.compile("(\\p{XDigit}{1,16})? *([A-Za-z?-]) (\\S+)(\\s.*)?");

    private static final String CODE = "tTwW";

    private SymbolFile() {}

    static SymbolTable of(VmRequest request) throws BootRefused {
        if (request.symbols().isPresent()) return read(request.symbols().get());
        return switch (request.source()) {
            case VmRequest.Kernel kernel -> ElfSymbols.of(LocalVm.image(kernel.image()));
            case VmRequest.Firmware _ -> SymbolTable.NONE;
        };
    }

    private static SymbolTable read(VmRequest.Image file) throws BootRefused {
        List<SymbolTable.Symbol> symbols = new ArrayList<>();
        int number = 0;
        for (String line :
                new String(file.bytes(), StandardCharsets.UTF_8).lines().toList()) {
            number++;
            if (line.isBlank()) continue;
            Matcher matcher = LINE.matcher(line);
            if (!matcher.matches()) {
                throw new BootRefused("--symbols " + file.name() + " line " + number
                        + ": expected an address, a type and a name, as nm and /proc/kallsyms print them");
            }
            if (matcher.group(1) == null || !CODE.contains(matcher.group(2))) continue;
            symbols.add(new SymbolTable.Symbol(Long.parseUnsignedLong(matcher.group(1), 16), matcher.group(3)));
        }
        if (symbols.isEmpty()) throw new BootRefused("--symbols " + file.name() + ": no symbol of code is in it");
        if (symbols.stream().allMatch(symbol -> symbol.address() == 0)) {
            throw new BootRefused(
                    "--symbols " + file.name()
                            + ": all addresses are 0; read /proc/kallsyms as root, with /proc/sys/kernel/kptr_restrict at 0 or 1");
        }
        return new SymbolTable(symbols);
    }
}
