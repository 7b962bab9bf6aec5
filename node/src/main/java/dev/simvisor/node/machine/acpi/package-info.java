/**
 * Firmware tables: what the machine says of itself to an operating system (ACPI Specification 6.5; E820 memory map).
 * {@link dev.simvisor.node.machine.acpi.AcpiTables} writes them, {@link dev.simvisor.node.machine.acpi.Aml} encodes the
 * DSDT's definitions.
 */
@NullMarked
package dev.simvisor.node.machine.acpi;

import org.jspecify.annotations.NullMarked;
