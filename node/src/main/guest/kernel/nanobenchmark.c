/* Loops of one operation each; what Adams & Agesen, ASPLOS 2006, §6.3 call nanobenchmarks. */
#include "nanobenchmark.h"

#include "cpu.h"
#include "space.h"
#include "task.h"

#define WRITABLE 2 /* the bit of a page-table entry that is turned over */

/* Runs an operation %0 times. Registers that it needs start at %1. */
#define LOOP(operation, ...) __asm__ volatile("1: " operation "\n\tdecq %0\n\tjnz 1b\n\t" __VA_ARGS__)

static u64 *heap_entry(void) { return space_entry(current->space, HEAP_BASE); }

static void run(enum measured operation, u64 count, u64 *entry) {
    switch (operation) {
        case MEASURE_EMPTY: LOOP("", : "+r"(count)); return;
        case MEASURE_IN: LOOP("inb $0x80, %%al", : "+r"(count) : : "rax"); return;
        case MEASURE_OUT: LOOP("outb %%al, $0x80", : "+r"(count) : "a"(0)); return;
        case MEASURE_CR8: LOOP("movq %1, %%cr8", : "+r"(count) : "r"(read_cr8())); return;
        case MEASURE_CR3: LOOP("movq %1, %%cr3", : "+r"(count) : "r"(read_cr3()) : "memory"); return;
        case MEASURE_CALL: LOOP("call 2f", "jmp 3f\n2: ret\n3:" : "+r"(count) : : "memory"); return;
        case MEASURE_ENTRY: LOOP("xorq %2, (%1)", : "+r"(count) : "r"(entry), "i"(WRITABLE) : "memory"); return;
        case MEASURE_REMAP:
            LOOP("xorq %2, (%1)\n\tinvlpg (%3)\n\tmovb (%3), %%al", :
                 "+r"(count) : "r"(entry), "i"(WRITABLE), "r"(HEAP_BASE) : "rax", "memory");
            return;
    }
}

u64 nanobenchmark(enum measured operation, u64 count) {
    bool remaps = operation == MEASURE_ENTRY || operation == MEASURE_REMAP;
    u64 *entry = remaps ? heap_entry() : NULL;
    if (operation > MEASURE_REMAP || (remaps && !entry)) return ~0ul;
    u64 kept = entry ? *entry : 0;
    u64 start = read_tsc();
    run(operation, count ? count : 1, entry);
    u64 ticks = read_tsc() - start;
    if (entry) {
        *entry = kept;
        invalidate_page(HEAP_BASE);
    }
    return ticks;
}
