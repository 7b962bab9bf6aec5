/**
 * Boot loaders: they put an image into a VM's memory as its boot protocol asks and say how the processor enters it.
 *
 * <p>{@link dev.simvisor.node.machine.boot.LinuxLoader} follows the 64-bit and 32-bit Linux boot protocols,
 * {@link dev.simvisor.node.machine.boot.MultibootLoader} Multiboot 1. Images come as bytes; reading files is not done here.
 * {@link dev.simvisor.node.machine.boot.ElfSymbols} finds the names of a kernel's code, for people.
 *
 * <p>{@link dev.simvisor.node.machine.boot.FirmwareLoader} puts a firmware image in its place, which then loads what it finds.
 * Beside a kernel there is no firmware. What guests look for that it would have left in low memory is put there all the same: {@link
 * dev.simvisor.node.machine.boot.BiosDataArea}, and in {@link dev.simvisor.node.machine.boot.BiosServices} a refusal of every
 * service. Xen and memory testers would not start without.
 */
@NullMarked
package dev.simvisor.node.machine.boot;

import org.jspecify.annotations.NullMarked;
