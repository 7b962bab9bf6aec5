package dev.simvisor.controller.embedded;

import dev.simvisor.node.cpu.disassemble.CodeListing;

/**
 * A line of disassembly.
 *
 * @param address in hexadecimal
 * @param bytes in hexadecimal
 * @param text the instruction in Intel syntax
 */
public record CodeLine(String address, String bytes, String text) {
    static CodeLine of(CodeListing.Line line) {
        return new CodeLine(Long.toHexString(line.address()), line.bytes(), line.text());
    }
}
