/* Loads that are mostly the kernel's work. */
#include "loads.h"

#define CALLS 1000u
#define YIELDS 1000u
#define TOUCHED_PAGES 256u
#define PARENT_PAGES 64u
#define CHILD_PAGES 16u

u32 run_syscalls(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds * CALLS; i++) checksum = hash(checksum, (u32)call_kernel(SYS_NOTHING, i, 0));
    return checksum;
}

u32 run_interrupts(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds * CALLS; i++) checksum = hash(checksum, (u32)interrupt_kernel(SYS_NOTHING, i, 0));
    return checksum;
}

/* Parent and child, each in an address space of its own, yield to each other. */
u32 run_switches(u32 rounds) {
    u32 checksum = HASH_START;
    if (!call_kernel(SYS_FORK, 0, 0)) {
        for (u32 i = 0; i < rounds * YIELDS; i++) call_kernel(SYS_YIELD, 0, 0);
        call_kernel(SYS_EXIT, 0, 0);
    }
    for (u32 i = 0; i < rounds * YIELDS; i++) checksum = hash(checksum, (u32)call_kernel(SYS_YIELD, 0, 0));
    call_kernel(SYS_WAIT, 0, 0);
    return checksum;
}

/* First touches of pages, which are given back after each round. */
u32 run_faults(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 round = 0; round < rounds; round++) {
        for (u32 page = 0; page < TOUCHED_PAGES; page++) {
            volatile u32 *touched = (volatile u32 *)(HEAP + page * PAGE);
            checksum = hash(checksum, *touched);
            *touched = checksum;
        }
        call_kernel(SYS_RELEASE, HEAP_BASE, TOUCHED_PAGES * PAGE);
    }
    return checksum;
}

/* A child that writes to some of its parent's pages, and ends. */
u32 run_forks(u32 rounds) {
    u32 checksum = HASH_START;
    volatile u32 *words = (volatile u32 *)HEAP;
    for (u32 round = 0; round < rounds; round++) {
        for (u32 page = 0; page < PARENT_PAGES; page++) words[page * PAGE / 4] = round + page;
        if (!call_kernel(SYS_FORK, 0, 0)) {
            for (u32 page = 0; page < CHILD_PAGES; page++) words[page * PAGE / 4] = ~round;
            call_kernel(SYS_EXIT, 0, 0);
        }
        call_kernel(SYS_WAIT, 0, 0);
        for (u32 page = 0; page < PARENT_PAGES; page++) checksum = hash(checksum, words[page * PAGE / 4]);
    }
    return checksum;
}
