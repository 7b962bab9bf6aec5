/* The nanobenchmarks of operations that only the kernel may do. */
#ifndef NANOBENCHMARK_H
#define NANOBENCHMARK_H

#include "abi.h"
#include "types.h"

/* Runs an operation %0 times. Registers that it needs start at %1. */
#define LOOP(operation, ...) __asm__ volatile("1: " operation "\n\tdecq %0\n\tjnz 1b\n\t" __VA_ARGS__)

/* TSC ticks that a loop of so many operations takes; at least one is done. All ones if it cannot be measured. */
u64 nanobenchmark(enum measured operation, u64 count);

#endif
