/* Allocation of physical memory by 4 KiB frames. */
#ifndef FRAMES_H
#define FRAMES_H

#include "cpu.h"
#include "types.h"

#define FRAME_SIZE 4096ul
#define FRAMES_LIMIT (0x100000000ul / FRAME_SIZE) /* memory above 4 GiB is left alone */

/* PHYSICAL_BASE of cpu.h is where the machine's start maps the first 4 GiB. */
static inline void *physical(u64 address) { return (void *)(PHYSICAL_BASE + address); }

/* Takes all RAM below 4 GiB that the machine says is free. */
void frames_initialize(void);

/* Physical address of a zeroed frame, or 0 if none is left. The lowest free one, so that runs are repeatable. */
u64 frame_allocate(void);
void frame_free(u64 address);

extern u64 frames_free, frames_all;

#endif
