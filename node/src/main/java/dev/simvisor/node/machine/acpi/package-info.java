/**
 * Firmware tables: what the machine says of itself to an operating system (ACPI Specification 6.5; E820 memory map).
 * {@link dev.simvisor.node.machine.acpi.AcpiTables} writes them, or has firmware write them by a {@link
 * dev.simvisor.node.machine.acpi.TableLoader}; {@link dev.simvisor.node.machine.acpi.Aml} encodes the DSDT's definitions.
 */
@NullMarked
package dev.simvisor.node.machine.acpi;

import org.jspecify.annotations.NullMarked;
