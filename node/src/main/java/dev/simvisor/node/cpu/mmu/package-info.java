/**
 * Linear to physical: the software TLB with its fast paths ({@link dev.simvisor.node.cpu.mmu.LinearMemory}) and the walk of
 * the four paging forms ({@link dev.simvisor.node.cpu.mmu.PageWalker}), SDM Vol 3A chapter 4.
 */
@NullMarked
package dev.simvisor.node.cpu.mmu;

import org.jspecify.annotations.NullMarked;
