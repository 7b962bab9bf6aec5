/* What the kernel's own work costs: system calls, task switches, page faults. Times are in guest time. */
#include "program.h"

#define FAULT_PAGES 256u

struct stopwatch {
    u64 nanos, tsc;
};

static struct stopwatch start_stopwatch(void) { return (struct stopwatch){clock_now(), read_tsc()}; }

static void print_costs(const char *name, u64 operations, struct stopwatch start) {
    u64 tsc = read_tsc() - start.tsc, nanos = clock_now() - start.nanos;
    print("%s: %u operations, %u ns, %u TSC ticks\n", name, operations, nanos, tsc);
}

void run_syscalls(const struct arguments *arguments) {
    u64 count = number_at(arguments, 1, 100000);
    struct stopwatch start = start_stopwatch();
    for (u64 i = 0; i < count; i++) system_call(SYS_NOTHING, 0, 0);
    print_costs("syscalls", count, start);
}

void run_interrupts(const struct arguments *arguments) {
    u64 count = number_at(arguments, 1, 100000);
    struct stopwatch start = start_stopwatch();
    for (u64 i = 0; i < count; i++) {
        u64 number = SYS_NOTHING;
        __asm__ volatile("int $0x80" : "+a"(number) : : "memory");
    }
    print_costs("interrupts", count, start);
}

static u64 switches(void) {
    struct counters counters;
    system_call(SYS_COUNTERS, (u64)&counters, 0);
    return counters.switches;
}

void run_yielder(const struct arguments *arguments) {
    (void)arguments;
    for (;;) yield();
}

/* Operations are switches as the kernel counts them: two a round, more if other tasks run as well. */
void run_switches(const struct arguments *arguments) {
    u64 count = number_at(arguments, 1, 10000);
    u64 partner = spawn("yielder", false);
    if (!partner) {
        print("switches: no room for a second task\n");
        return;
    }
    yield();
    u64 before = switches();
    struct stopwatch start = start_stopwatch();
    for (u64 i = 0; i < count; i++) yield();
    print_costs("switches", switches() - before, start);
    system_call(SYS_STOP, partner, 0);
}

void run_pagefaults(const struct arguments *arguments) {
    u64 count = number_at(arguments, 1, 10000);
    *(volatile u8 *)HEAP_BASE = 1; /* the page tables on the way are not what is measured */
    system_call(SYS_RELEASE, HEAP_BASE, PAGE);
    struct stopwatch start = start_stopwatch();
    for (u64 done = 0; done < count;) {
        u64 pages = count - done < FAULT_PAGES ? count - done : FAULT_PAGES;
        for (u64 i = 0; i < pages; i++) *(volatile u8 *)(HEAP_BASE + i * PAGE) = 1;
        system_call(SYS_RELEASE, HEAP_BASE, pages * PAGE);
        done += pages;
    }
    print_costs("pagefaults", count, start);
}
