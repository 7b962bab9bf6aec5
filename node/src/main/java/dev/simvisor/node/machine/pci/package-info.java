/**
 * The PCI bus: configuration space by mechanism #1 (PCI Local Bus Specification 3.0), base address registers that follow
 * what the guest programs, and interrupt pins. Start with {@link dev.simvisor.node.machine.pci.PciBus}. Firmware also finds what
 * it programs of the chipset: {@link dev.simvisor.node.machine.pci.HostBridge}, {@link
 * dev.simvisor.node.machine.pci.IsaBridge} and {@link dev.simvisor.node.machine.pci.PowerManagement}.
 */
@NullMarked
package dev.simvisor.node.machine.pci;

import org.jspecify.annotations.NullMarked;
