package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.interpreter.Region;

/**
 * A region and what is known of its making.
 *
 * @param address offset in CS at which its first block lay then
 * @param classFile its code
 */
public record TranslatedRegion(Region region, long address, byte[] classFile) {}
