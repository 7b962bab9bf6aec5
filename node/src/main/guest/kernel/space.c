/* Address spaces; SDM Vol 3A §4.5. */
#include "space.h"

#include "abi.h"
#include "cpu.h"
#include "frames.h"
#include "task.h"

#define PRESENT 0x1ul
#define WRITABLE 0x2ul
#define USER 0x4ul
#define SHARED 0x200ul /* available to software: the frame belongs to the kernel's image, not to this space */
#define NO_EXECUTE (1ul << 63)
#define ADDRESS 0x000ffffffffff000ul

#define ERROR_PRESENT 0x1u /* page-fault error code: SDM Vol 3A figure 4-12 */

#define ENTRIES 512u
#define UPPER_HALF 256u
#define KERNEL_BASE 0xffffffff80000000ul

#define MSR_EFER 0xc0000080u
#define EFER_NXE 0x800u

struct region {
    u64 start, end;
    bool writable, executable;
};

extern u8 boot_pml4[];
extern const u8 user_image_start[], user_image_end[];

u64 kernel_space, page_faults_taken;

static u64 no_execute; /* NO_EXECUTE where the processor has it */

static const struct region regions[] = {
    {WORKSHOP_BASE, WORKSHOP_END, true, true},
    {HEAP_BASE, HEAP_END, true, false},
    {STACK_BASE, STACK_END, true, false},
};

void space_initialize(void) {
    kernel_space = (u64)boot_pml4;
    no_execute = read_msr(MSR_EFER) & EFER_NXE ? NO_EXECUTE : 0;
    u64 *top = physical(kernel_space);
    top[0] = 0;
    write_cr3(kernel_space);
}

static const struct region *region_of(u64 address) {
    for (u32 i = 0; i < sizeof regions / sizeof *regions; i++)
        if (address >= regions[i].start && address < regions[i].end) return &regions[i];
    return NULL;
}

/* The last-level entry for an address. Missing tables are added if `add` is set, else the answer is null. */
static u64 *entry_of(u64 space, u64 address, bool add) {
    u64 *table = physical(space);
    for (u32 shift = 39; shift > 12; shift -= 9) {
        u64 *entry = &table[address >> shift & (ENTRIES - 1)];
        if (!*entry) {
            u64 frame = add ? frame_allocate() : 0;
            if (!frame) return NULL;
            *entry = frame | PRESENT | WRITABLE | USER;
        }
        table = physical(*entry & ADDRESS);
    }
    return &table[address >> 12 & (ENTRIES - 1)];
}

static bool map_image(u64 space) {
    u64 length = (u64)(user_image_end - user_image_start);
    for (u64 offset = 0; offset < length; offset += FRAME_SIZE) {
        u64 *entry = entry_of(space, IMAGE_BASE + offset, true);
        if (!entry) return false;
        *entry = ((u64)user_image_start - KERNEL_BASE + offset) | PRESENT | USER | SHARED;
    }
    return true;
}

u64 space_create(void) {
    u64 space = frame_allocate();
    if (!space) return 0;
    const u64 *from = physical(kernel_space);
    u64 *to = physical(space);
    for (u32 i = UPPER_HALF; i < ENTRIES; i++) to[i] = from[i];
    if (map_image(space)) return space;
    space_destroy(space);
    return 0;
}

/* Frees a table of that level with all below it; level 0 is a page. */
static void free_tree(u64 entry, u32 level, u32 entries) {
    const u64 *table = physical(entry & ADDRESS);
    for (u32 i = 0; level > 0 && i < entries; i++)
        if (table[i]) free_tree(table[i], level - 1, ENTRIES);
    if (!(entry & SHARED)) frame_free(entry & ADDRESS);
}

void space_destroy(u64 space) { free_tree(space, 4, UPPER_HALF); }

static u64 *fill(u64 space, u64 address) {
    const struct region *region = region_of(address);
    u64 *entry = entry_of(space, address, true);
    if (!entry || *entry) return entry;
    u64 frame = frame_allocate();
    if (!frame) return NULL;
    *entry = frame | PRESENT | USER | (region->writable ? WRITABLE : 0) | (region->executable ? 0 : no_execute);
    return entry;
}

void *space_page(u64 space, u64 address) {
    const u64 *entry = fill(space, address);
    return entry ? physical(*entry & ADDRESS) : NULL;
}

u64 *space_entry(u64 space, u64 address) {
    u64 *entry = entry_of(space, address, false);
    return entry && *entry & PRESENT ? entry : NULL;
}

enum fault_outcome space_fault(u64 address, u64 error) {
    page_faults_taken++;
    if (error & ERROR_PRESENT || !current || !region_of(address)) return FAULT_INVALID;
    return fill(current->space, address) ? FAULT_RESOLVED : FAULT_NO_MEMORY;
}

bool space_allows(u64 address, u64 length, bool write) {
    u64 end = address + length;
    if (end < address) return false;
    const struct region *region = region_of(address);
    if (region) return end <= region->end;
    return !write && address >= IMAGE_BASE && end <= IMAGE_BASE + (u64)(user_image_end - user_image_start);
}

void space_release(u64 space, u64 address, u64 length) {
    for (u64 end = address + length; address < end; address += FRAME_SIZE) {
        u64 *entry = entry_of(space, address, false);
        if (!entry || !*entry) continue;
        frame_free(*entry & ADDRESS);
        *entry = 0;
        invalidate_page(address);
    }
}

static u64 count_pages(u64 entry, u32 level, u32 entries) {
    if (level == 0) return !(entry & SHARED);
    u64 pages = 0;
    const u64 *table = physical(entry & ADDRESS);
    for (u32 i = 0; i < entries; i++)
        if (table[i]) pages += count_pages(table[i], level - 1, ENTRIES);
    return pages;
}

u64 space_resident_pages(u64 space) { return count_pages(space, 4, UPPER_HALF); }
