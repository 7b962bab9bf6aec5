/*
 * What the kernel asks of its machine. Implemented twice: by the sources in pc/, for a PC, and by those in xen/, for a
 * paravirtual domain under Xen's interface. Each also has its own cpu.h, with single instructions and what they replace.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include "abi.h"
#include "cpu.h"
#include "space.h"
#include "types.h"

/* --- Start. The machine's own entry sets up the line, kernel_space and no_execute, then calls kernel_main (main.c). */

void kernel_main(const char *options) __attribute__((noreturn));

/* Calls `give` for each range of memory that is free, in the kernel's physical addresses. */
void machine_memory(void (*give)(u64 start, u64 end));

/* --- The line: where the console's bytes go to and come from. Input waits there until it is enabled; none is lost. */

/* To be called once interrupts can be told apart: what waits already announces itself then. */
void line_enable_input(void);

/* Waits for room; what was put may stay in a buffer until the flush. */
void line_put(char c);
void line_flush(void);

/* Takes the next byte typed, if there is one. */
bool line_take(u8 *byte);

/* --- Interrupts and exceptions. */

/* Makes every exception, interrupt and system call arrive at trap() and system_call(), with interrupts disabled. */
void machine_install_traps(void);

/* Serves what announced itself by this vector; whether the timer was among it. */
bool machine_interrupt(u32 vector);

/* --- The clock: starts the 100 Hz timer, and nanoseconds since then. */

void machine_start_clock(void);
u64 clock_now(void);

/* --- Page tables. An entry holds what the processor reads; addresses are those that physical() takes. */

u64 entry_for(u64 address, u64 flags);
u64 entry_address(u64 entry);

/* Writes an entry of a space's last level, for a page at that address. May take effect at the next tables_commit. */
void entry_set(const struct space *space, u64 *entry, u64 value);

/* Hangs an empty table into an entry of an upper level. May take effect, also for readers, at the next tables_commit. */
void table_add(const struct space *space, u64 *entry, u64 table);

/* Has the processor forget what it knows of a page in the current space, at the latest by the next tables_commit. */
void tables_forget(u64 page);
void tables_commit(void);

/* Top tables for a space without pages of its own; false if memory is short. */
bool space_open(struct space *space);

/* From here on the space can be entered. */
void space_seal(struct space *space);

/* The space will not be entered again: its tables are plain memory after this. */
void space_retire(struct space *space);

/* Makes a space the current one and sets the stack on which the next entry from user mode starts. */
void space_enter(const struct space *space, u64 kernel_stack);

/* Leaves the current space for the kernel's own. */
void space_leave(void);

/* --- The operations that nanobenchmark.c does not time itself; false if this machine has no such thing. */
bool machine_measure(enum measured operation, u64 count, u64 *entry);

#endif
