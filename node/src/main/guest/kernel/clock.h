/* Guest time and the interrupt controllers: two 8259 PICs and counter 0 of the 8254 PIT. */
#ifndef CLOCK_H
#define CLOCK_H

#include "types.h"

#define IRQ_BASE 0x20u /* vector of line 0 */
#define IRQ_TIMER 0u
#define IRQ_SERIAL 4u

/* Routes the PICs to IRQ_BASE with only timer and serial line open, and starts the timer at 100 Hz. */
void clock_initialize(void);

/* Ends an interrupt at the PICs; false if it was spurious. */
bool clock_acknowledge(u32 line);

/* The timer's interrupt. */
void clock_tick(void);

/*
 * Nanoseconds since clock_initialize, from the timer's interrupts and its current count. Nothing is calibrated: the
 * input clock of the 8254 is 1,193,182 Hz.
 */
u64 clock_now(void);

#endif
