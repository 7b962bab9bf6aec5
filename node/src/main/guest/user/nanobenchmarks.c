/*
 * Nanobenchmarks: what one operation takes, in TSC ticks. Each is timed in batches; the least of them counts, so that
 * what happens once (a first touch, a translation) or by the way (a timer tick) does not, and the least batch of the
 * empty loop is taken off. The names are those of Adams & Agesen, ASPLOS 2006, where that paper has the benchmark.
 */
#include "program.h"

#define BATCHES 16u
#define LEAST_OPERATIONS (2 * BATCHES) /* a switch there and back */
#define TOUCHED_PAGES 4096u            /* more than any TLB holds */
#define MAPPED_PAGES 64u               /* of one operation of `map` */

void fault_divide(u64 count);
void fault_page(u64 count);
extern const u8 fault_divide_recovery[], fault_page_recovery[];

struct nanobenchmark {
    const char *name;
    u64 operations;                      /* unless the command line says otherwise */
    void (*prepare)(void);               /* before the first batch, or null */
    u64 (*batch)(u64 first, u64 count);  /* -> ticks of that many operations, which began with this one */
    bool in_kernel;                      /* which empty loop is taken off */
};

static u64 batch_empty(u64 first, u64 count) {
    (void)first;
    u64 start = read_tsc();
    __asm__ volatile("1: decq %0\n\tjnz 1b" : "+r"(count));
    return read_tsc() - start;
}

static u64 batch_syscall(u64 first, u64 count) {
    (void)first;
    u64 start = read_tsc();
    for (; count; count--) system_call(SYS_NOTHING, 0, 0);
    return read_tsc() - start;
}

static u64 batch_kernel_empty(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_EMPTY, count); }
static u64 batch_in(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_IN, count); }
static u64 batch_out(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_OUT, count); }
static u64 batch_cr8wr(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_CR8, count); }
static u64 batch_cr3wr(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_CR3, count); }
static u64 batch_callret(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_CALL, count); }
static u64 batch_ptemod(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_ENTRY, count); }
static u64 batch_remap(u64 first, u64 count) { (void)first; return system_call(SYS_MEASURE, MEASURE_REMAP, count); }

static void touch_heap(void) { *(volatile u8 *)HEAP_BASE = 1; }

/* First touches of pages, whose page tables are there. */
static u64 batch_touch(u64 first, u64 count) {
    (void)first;
    u64 start = read_tsc();
    for (u64 i = 0; i < count; i++) *(volatile u8 *)(HEAP_BASE + i * PAGE) = 1;
    u64 ticks = read_tsc() - start;
    system_call(SYS_RELEASE, HEAP_BASE, count * PAGE);
    return ticks;
}

/* Pages that are touched for the first time, one by one, and given back together. */
static u64 batch_map(u64 first, u64 count) {
    (void)first;
    u64 start = read_tsc();
    for (; count; count--) {
        for (u64 i = 0; i < MAPPED_PAGES; i++) *(volatile u8 *)(HEAP_BASE + i * PAGE) = 1;
        system_call(SYS_RELEASE, HEAP_BASE, MAPPED_PAGES * PAGE);
    }
    return read_tsc() - start;
}

static u64 time_faults(void (*fault)(u64 count), const u8 *recovery, u64 count) {
    system_call(SYS_RECOVER_AT, (u64)recovery, 0);
    u64 start = read_tsc();
    fault(count);
    u64 ticks = read_tsc() - start;
    system_call(SYS_RECOVER_AT, 0, 0);
    return ticks;
}

static u64 batch_pgfault(u64 first, u64 count) { (void)first; return time_faults(fault_page, fault_page_recovery, count); }
static u64 batch_divzero(u64 first, u64 count) { (void)first; return time_faults(fault_divide, fault_divide_recovery, count); }

/* An operation is one switch: there and back are two. */
static u64 batch_switch(u64 first, u64 count) {
    (void)first;
    u64 partner = spawn("yielder", false);
    if (!partner) return ~0ul;
    yield();
    u64 start = read_tsc();
    for (u64 i = 0; i < count; i += 2) yield();
    u64 ticks = read_tsc() - start;
    system_call(SYS_STOP, partner, 0);
    return ticks;
}

/* A task with a new address space, which runs to its end and is cleared away. */
static u64 batch_forkwait(u64 first, u64 count) {
    (void)first;
    u64 start = read_tsc();
    for (; count; count--) system_call(SYS_WAIT, spawn("nothing", false), 0);
    return read_tsc() - start;
}

static void touch_pages(void) {
    for (u64 i = 0; i < TOUCHED_PAGES; i++) *(volatile u8 *)(HEAP_BASE + i * PAGE) = 1;
}

/* A load from the page that was used longest ago. */
static u64 batch_tlbmiss(u64 first, u64 count) {
    u64 start = read_tsc();
    for (u64 i = 0; i < count; i++) (void)*(volatile u8 *)(HEAP_BASE + (first + i) % TOUCHED_PAGES * PAGE);
    return read_tsc() - start;
}

/* One step of mix(), each upon the one before. */
static u64 batch_compute(u64 first, u64 count) {
    u64 value = first, start = read_tsc();
    for (; count; count--) value = mix(value);
    __asm__ volatile("" : : "r"(value));
    return read_tsc() - start;
}

static const struct nanobenchmark benchmarks[] = {
    {"syscall", 1600, NULL, batch_syscall, false},
    {"in", 1600, NULL, batch_in, true},
    {"out", 1600, NULL, batch_out, true},
    {"cr8wr", 1600, NULL, batch_cr8wr, true},
    {"cr3wr", 1600, NULL, batch_cr3wr, true},
    {"callret", 1600, NULL, batch_callret, true},
    {"pgfault", 1600, NULL, batch_pgfault, false},
    {"divzero", 1600, NULL, batch_divzero, false},
    {"ptemod", 1600, touch_heap, batch_ptemod, true},
    {"remap", 1600, touch_heap, batch_remap, true},
    {"touch", 1600, touch_heap, batch_touch, false},
    {"map", 160, touch_heap, batch_map, false},
    {"switch", 1600, NULL, batch_switch, false},
    {"forkwait", 160, NULL, batch_forkwait, false},
    {"tlbmiss", 65536, touch_pages, batch_tlbmiss, false},
    {"compute", 16000, NULL, batch_compute, false},
};

static u64 least_batch(u64 (*batch)(u64 first, u64 count), u64 count) {
    u64 least = ~0ul;
    for (u64 i = 0; i < BATCHES; i++) {
        u64 ticks = batch(i * count, count);
        if (ticks < least) least = ticks;
    }
    return least;
}

static void measure(const struct nanobenchmark *benchmark, u64 operations) {
    u64 count = (operations < LEAST_OPERATIONS ? LEAST_OPERATIONS : operations) / BATCHES;
    count -= count % 2;
    if (benchmark->prepare) benchmark->prepare();
    u64 empty = least_batch(benchmark->in_kernel ? batch_kernel_empty : batch_empty, count);
    u64 ticks = least_batch(benchmark->batch, count);
    if (ticks == ~0ul) {
        print("nanobench %s: not on this machine\n", benchmark->name);
        return;
    }
    u64 hundredths = ticks > empty ? (ticks - empty) * 100 / count : 0;
    print("nanobench %s: %u operations, %u.%02u TSC ticks each\n", benchmark->name, count * BATCHES, hundredths / 100,
          hundredths % 100);
}

void run_nanobench(const struct arguments *arguments) {
    const char *name = arguments->count > 1 ? arguments->words[1] : "all";
    bool found = false;
    for (u32 i = 0; i < sizeof benchmarks / sizeof *benchmarks; i++) {
        const struct nanobenchmark *benchmark = &benchmarks[i];
        if (strcmp(name, "all") != 0 && strcmp(name, benchmark->name) != 0) continue;
        found = true;
        measure(benchmark, number_at(arguments, 2, benchmark->operations));
        for (u32 again = 3; again < arguments->count; again++)
            measure(benchmark, number_at(arguments, again, benchmark->operations));
    }
    if (found) return;
    print("nanobench: no benchmark %s; expected all", name);
    for (u32 i = 0; i < sizeof benchmarks / sizeof *benchmarks; i++) print(", %s", benchmarks[i].name);
    print("\n");
}

void run_nothing(const struct arguments *arguments) { (void)arguments; }
