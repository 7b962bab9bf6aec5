/* Ways to end the machine. */
#ifndef POWER_H
#define POWER_H

#include "types.h"

/* ACPI soft-off; where the machine has none, the debug-exit port, else the processor just halts. */
void power_off(void) __attribute__((noreturn));

/* The debug-exit port: an emulator that has one ends with status value << 1 | 1. Halts where there is none. */
void debug_exit(u8 value) __attribute__((noreturn));

#endif
