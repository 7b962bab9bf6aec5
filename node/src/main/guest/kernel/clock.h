/* The timer's tick; the clock itself is the machine's (machine.h). */
#ifndef CLOCK_H
#define CLOCK_H

/* To be called by the machine for each interrupt of its timer, with interrupts disabled. */
void clock_tick(void);

#endif
