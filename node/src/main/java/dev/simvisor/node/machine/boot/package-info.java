/**
 * Boot loaders: they put an image into a VM's memory as its boot protocol asks and say how the processor enters it.
 *
 * <p>{@link dev.simvisor.node.machine.boot.LinuxLoader} follows the 64-bit and 32-bit Linux boot protocols,
 * {@link dev.simvisor.node.machine.boot.MultibootLoader} Multiboot 1. Images come as bytes; reading files is not done here.
 */
@NullMarked
package dev.simvisor.node.machine.boot;

import org.jspecify.annotations.NullMarked;
