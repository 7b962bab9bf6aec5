/* Loops of one operation each; what Adams & Agesen, ASPLOS 2006, §6.3 call nanobenchmarks. */
#include "nanobenchmark.h"

#include "machine.h"
#include "task.h"

static bool run(enum measured operation, u64 count, u64 *entry) {
    switch (operation) {
        case MEASURE_EMPTY: LOOP("", : "+r"(count)); return true;
        case MEASURE_IN: LOOP("inb $0x80, %%al", : "+r"(count) : : "rax"); return true;
        case MEASURE_OUT: LOOP("outb %%al, $0x80", : "+r"(count) : "a"(0)); return true;
        case MEASURE_CALL: LOOP("call 2f", "jmp 3f\n2: ret\n3:" : "+r"(count) : : "memory"); return true;
        case MEASURE_CR8:
        case MEASURE_CR3:
        case MEASURE_ENTRY:
        case MEASURE_REMAP: return machine_measure(operation, count, entry);
    }
    return false;
}

u64 nanobenchmark(enum measured operation, u64 count) {
    bool remaps = operation == MEASURE_ENTRY || operation == MEASURE_REMAP;
    u64 *entry = remaps ? space_entry(&current->space, HEAP_BASE) : NULL;
    if (operation > MEASURE_REMAP || (remaps && !entry)) return ~0ul;
    u64 kept = entry ? *entry : 0;
    u64 start = read_tsc();
    bool measured = run(operation, count ? count : 1, entry);
    u64 ticks = read_tsc() - start;
    if (entry) {
        entry_set(&current->space, entry, kept);
        tables_forget(HEAP_BASE);
        tables_commit();
    }
    return measured ? ticks : ~0ul;
}
