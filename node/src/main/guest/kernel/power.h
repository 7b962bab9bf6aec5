/* Ways to end the machine, which implements them. */
#ifndef POWER_H
#define POWER_H

#include "types.h"

/* Soft-off, as the machine has it; otherwise debug_exit(0). */
void power_off(void) __attribute__((noreturn));

/*
 * Ends the machine with a status for whoever runs it, 0 for success: on a PC the debug-exit port, by which an emulator
 * that has one ends with status value << 1 | 1; in a domain a shutdown, whose reason is a crash for any value but 0.
 */
void debug_exit(u8 value) __attribute__((noreturn));

#endif
