/* Allocation of physical memory by 4 KiB frames. */
#ifndef FRAMES_H
#define FRAMES_H

#include "multiboot.h"
#include "types.h"

#define FRAME_SIZE 4096ul
#define PHYSICAL_BASE 0xffff800000000000ul /* where boot.S maps the first 4 GiB */

static inline void *physical(u64 address) { return (void *)(PHYSICAL_BASE + address); }

/* Takes all RAM below 4 GiB that the loader reports, except the first MiB, the kernel and what the loader left. */
void frames_initialize(const struct multiboot_information *information);

/* Physical address of a zeroed frame, or 0 if none is left. The lowest free one, so that runs are repeatable. */
u64 frame_allocate(void);
void frame_free(u64 address);

extern u64 frames_free, frames_all;

#endif
