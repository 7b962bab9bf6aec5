/* The nanobenchmarks of operations that only ring 0 may do. */
#ifndef NANOBENCHMARK_H
#define NANOBENCHMARK_H

#include "abi.h"
#include "types.h"

/* TSC ticks that a loop of so many operations takes; at least one is done. All ones if it cannot be measured. */
u64 nanobenchmark(enum measured operation, u64 count);

#endif
