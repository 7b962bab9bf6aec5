/* Address spaces; SDM Vol 3A §4.5. */
#include "space.h"

#include "abi.h"
#include "frames.h"
#include "machine.h"
#include "task.h"

#define ERROR_PRESENT 0x1u /* page-fault error code: SDM Vol 3A figure 4-12 */

#define LOWER_HALF 256u /* entries of a top table that are the task's */
#define KERNEL_BASE 0xffffffff80000000ul

struct region {
    u64 start, end;
    bool writable, executable;
};

extern const u8 user_image_start[], user_image_end[];

struct space kernel_space;
u64 no_execute, page_faults_taken;

static const struct region regions[] = {
    {WORKSHOP_BASE, WORKSHOP_END, true, true},
    {HEAP_BASE, HEAP_END, true, false},
    {STACK_BASE, STACK_END, true, false},
};

static const struct region *region_of(u64 address) {
    for (u32 i = 0; i < sizeof regions / sizeof *regions; i++)
        if (address >= regions[i].start && address < regions[i].end) return &regions[i];
    return NULL;
}

/* The last-level entry for an address. Missing tables are added if `add` is set, else the answer is null. */
static u64 *entry_of(const struct space *space, u64 address, bool add) {
    u64 *table = physical(space->top);
    for (u32 shift = 39; shift > 12; shift -= 9) {
        u64 *entry = &table[address >> shift & (TABLE_ENTRIES - 1)];
        u64 next = *entry ? entry_address(*entry) : add ? frame_allocate() : 0;
        if (!next) return NULL;
        if (!*entry) table_add(space, entry, next);
        table = physical(next);
    }
    return &table[address >> 12 & (TABLE_ENTRIES - 1)];
}

static bool map_image(const struct space *space) {
    u64 length = (u64)(user_image_end - user_image_start);
    for (u64 offset = 0; offset < length; offset += FRAME_SIZE) {
        u64 *entry = entry_of(space, IMAGE_BASE + offset, true);
        if (!entry) return false;
        u64 frame = (u64)user_image_start - KERNEL_BASE + offset;
        entry_set(space, entry, entry_for(frame, PAGE_PRESENT | PAGE_USER | PAGE_SHARED));
    }
    return true;
}

bool space_create(struct space *space) {
    if (!space_open(space)) return false;
    if (map_image(space)) return true;
    space_destroy(space);
    return false;
}

/* Frees a table of that level with all below it; level 0 is a page. */
static void free_tree(u64 address, u32 level, u32 entries) {
    const u64 *table = physical(address);
    for (u32 i = 0; level > 0 && i < entries; i++)
        if (table[i] && (level > 1 || !(table[i] & PAGE_SHARED)))
            free_tree(entry_address(table[i]), level - 1, TABLE_ENTRIES);
    frame_free(address);
}

void space_destroy(struct space *space) {
    space_retire(space);
    free_tree(space->top, 4, LOWER_HALF);
    if (space->user_top) frame_free(space->user_top);
}

/* The frame at an address, which is allocated if missing; 0 if memory is short. */
static u64 fill(const struct space *space, u64 address) {
    const struct region *region = region_of(address);
    u64 *entry = entry_of(space, address, true);
    u64 frame = !entry ? 0 : *entry ? entry_address(*entry) : frame_allocate();
    if (frame && !*entry) {
        u64 rights = (region->writable ? PAGE_WRITABLE : 0) | (region->executable ? 0 : no_execute);
        entry_set(space, entry, entry_for(frame, PAGE_PRESENT | PAGE_USER | rights));
    }
    tables_commit();
    return frame;
}

void *space_page(const struct space *space, u64 address) {
    u64 frame = fill(space, address);
    return frame ? physical(frame) : NULL;
}

u64 *space_entry(const struct space *space, u64 address) {
    u64 *entry = entry_of(space, address, false);
    return entry && *entry & PAGE_PRESENT ? entry : NULL;
}

enum fault_outcome space_fault(u64 address, u64 error) {
    page_faults_taken++;
    if (error & ERROR_PRESENT || !current || !region_of(address)) return FAULT_INVALID;
    return fill(&current->space, address) ? FAULT_RESOLVED : FAULT_NO_MEMORY;
}

bool space_allows(u64 address, u64 length, bool write) {
    u64 end = address + length;
    if (end < address) return false;
    const struct region *region = region_of(address);
    if (region) return end <= region->end;
    return !write && address >= IMAGE_BASE && end <= IMAGE_BASE + (u64)(user_image_end - user_image_start);
}

void space_release(u64 address, u64 length) {
    for (u64 end = address + length; address < end; address += FRAME_SIZE) {
        u64 *entry = entry_of(&current->space, address, false);
        if (!entry || !*entry) continue;
        frame_free(entry_address(*entry));
        entry_set(&current->space, entry, 0);
        tables_forget(address);
    }
    tables_commit();
}

static u64 count_pages(u64 address, u32 level, u32 entries) {
    u64 pages = 0;
    const u64 *table = physical(address);
    for (u32 i = 0; i < entries; i++) {
        if (!table[i]) continue;
        if (level == 1) pages += !(table[i] & PAGE_SHARED);
        else pages += count_pages(entry_address(table[i]), level - 1, TABLE_ENTRIES);
    }
    return pages;
}

u64 space_resident_pages(const struct space *space) { return count_pages(space->top, 4, LOWER_HALF); }
