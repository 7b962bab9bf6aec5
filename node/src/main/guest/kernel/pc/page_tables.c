/* Page tables that the kernel writes itself, and the kernel's operations on them that it times. */
#include "frames.h"
#include "machine.h"
#include "nanobenchmark.h"
#include "pc.h"

u64 entry_for(u64 address, u64 flags) { return address | flags; }
u64 entry_address(u64 entry) { return entry & PAGE_ADDRESS; }

void entry_set(const struct space *space, u64 *entry, u64 value) {
    (void)space;
    *entry = value;
}

void table_add(const struct space *space, u64 *entry, u64 table) {
    (void)space;
    *entry = table | PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER;
}

void tables_forget(u64 page) { invalidate_page(page); }
void tables_commit(void) {}

bool space_open(struct space *space) {
    *space = (struct space){.top = frame_allocate()};
    if (!space->top) return false;
    const u64 *from = physical(kernel_space.top);
    u64 *to = physical(space->top);
    for (u32 i = UPPER_HALF_START; i < TABLE_ENTRIES; i++) to[i] = from[i];
    return true;
}

void space_seal(struct space *space) { space->sealed = true; }
void space_retire(struct space *space) { space->sealed = false; }

void space_enter(const struct space *space, u64 kernel_stack) {
    write_cr3(space->top);
    set_kernel_stack(kernel_stack);
}

void space_leave(void) { write_cr3(kernel_space.top); }

bool machine_measure(enum measured operation, u64 count, u64 *entry) {
    switch (operation) {
        case MEASURE_CR8: LOOP("movq %1, %%cr8", : "+r"(count) : "r"(read_cr8())); return true;
        case MEASURE_CR3: LOOP("movq %1, %%cr3", : "+r"(count) : "r"(read_cr3()) : "memory"); return true;
        case MEASURE_ENTRY:
            LOOP("xorq %2, (%1)", : "+r"(count) : "r"(entry), "i"(PAGE_WRITABLE) : "memory");
            return true;
        case MEASURE_REMAP:
            LOOP("xorq %2, (%1)\n\tinvlpg (%3)\n\tmovb (%3), %%al", :
                 "+r"(count) : "r"(entry), "i"(PAGE_WRITABLE), "r"(HEAP_BASE) : "rax", "memory");
            return true;
        default: return false;
    }
}
