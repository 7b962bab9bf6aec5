/*
 * Page tables under direct paging: entries hold machine frame numbers, tables are mapped read-only everywhere, and the
 * hypervisor checks each change (Xen's xen.h: mmu_update, mmuext_op, update_va_mapping).
 *
 * The tables of a new space are filled as plain memory and sealed at once: made read-only and pinned. From then on changes
 * are queued, and made by one hypercall at the next tables_commit. Kernel and user mode share ring 3, so a space has a
 * second top table, for user mode, without the kernel's half; all tables below are common to both.
 */
#include "domain.h"

#include "console.h"
#include "frames.h"
#include "machine.h"
#include "task.h"

#define TABLE (PAGE_PRESENT | PAGE_WRITABLE | PAGE_USER)
#define QUEUE_LENGTH 64u
#define LOWER_HALF 256u

static u64 boot_tables_start, boot_tables_end; /* physical addresses of the loader's page tables, ... */
static u64 own_tables_start, own_tables_end;   /* ... and of those that map memory at PHYSICAL_BASE */
static u8 window[FRAME_SIZE] __attribute__((aligned(FRAME_SIZE)));

static struct mmu_update updates[QUEUE_LENGTH];
static struct mmuext_op forgets[QUEUE_LENGTH];
static u32 updates_queued, forgets_queued;

u64 machine_frame(u64 address) { return ((const u64 *)start_info->mfn_list)[address / FRAME_SIZE]; }

static u64 machine_address(u64 address) { return machine_frame(address) * FRAME_SIZE + address % FRAME_SIZE; }

u64 entry_for(u64 address, u64 flags) { return machine_address(address) | flags; }

u64 entry_address(u64 entry) { return MACHINE_TO_PHYSICAL[(entry & PAGE_ADDRESS) / FRAME_SIZE] * FRAME_SIZE; }

static u64 physical_address(const void *at) { return (u64)at - PHYSICAL_BASE; }

/* --- The queue */

void tables_commit(void) {
    struct multicall_entry calls[2] = {
        {HYPERCALL_MMU_UPDATE, 0, {(u64)updates, updates_queued, 0, DOMID_SELF}},
        {HYPERCALL_MMUEXT_OP, 0, {(u64)forgets, forgets_queued, 0, DOMID_SELF}},
    };
    if (forgets_queued) {
        must(hypercall(HYPERCALL_MULTICALL, (u64)calls, 2, 0, 0), "multicall");
        must(calls[0].result, "mmu_update");
        must(calls[1].result, "mmuext_op");
    } else if (updates_queued) {
        must(hypercall(HYPERCALL_MMU_UPDATE, (u64)updates, updates_queued, 0, DOMID_SELF), "mmu_update");
    }
    updates_queued = forgets_queued = 0;
}

/* Queues the change of the entry at a physical address. */
static void change(u64 entry, u64 value) {
    if (updates_queued == QUEUE_LENGTH) tables_commit();
    updates[updates_queued++] = (struct mmu_update){machine_address(entry), value};
}

void tables_forget(u64 page) {
    if (forgets_queued == QUEUE_LENGTH) tables_commit();
    forgets[forgets_queued++] = (struct mmuext_op){MMUEXT_INVLPG_LOCAL, page, 0};
}

/* --- Memory at PHYSICAL_BASE, mapped by 4 KiB pages: a frame that becomes a page table has to be read-only there too. */

static u64 tables_for(u64 entries) { return (entries + TABLE_ENTRIES - 1) / TABLE_ENTRIES; }

/* Physical address of the entry that maps a frame at PHYSICAL_BASE: the last-level tables come first, in order. */
static u64 own_entry(u64 address) { return own_tables_start + address / FRAME_SIZE * sizeof(u64); }

static void make_table(u64 frame) { change(own_entry(frame), entry_for(frame, PAGE_PRESENT | PAGE_USER | no_execute)); }
static void make_plain(u64 frame) { change(own_entry(frame), entry_for(frame, TABLE | no_execute)); }

static u64 entry_at_start(u64 address) {
    bool table = (address >= boot_tables_start && address < boot_tables_end) ||
                 (address >= own_tables_start && address < own_tables_end);
    return entry_for(address, PAGE_PRESENT | PAGE_USER | no_execute | (table ? 0 : PAGE_WRITABLE));
}

void map_machine_frame(void *page, u64 frame, u64 flags) {
    u64 entry = frame * FRAME_SIZE | flags;
    must(hypercall(HYPERCALL_UPDATE_VA_MAPPING, (u64)page, entry, UVMF_INVLPG, 0), "update_va_mapping");
}

/* Fills adjacent tables, through the window, with the entries for the frames from one address to another. */
static void fill_tables(u64 table, u64 count, u64 from, u64 to, u64 (*entry)(u64 address)) {
    for (; count; count--, table += FRAME_SIZE) {
        map_machine_frame(window, machine_frame(table), PAGE_PRESENT | PAGE_WRITABLE);
        for (u32 i = 0; i < TABLE_ENTRIES; i++, from += FRAME_SIZE) ((u64 *)window)[i] = from < to ? entry(from) : 0;
    }
}

static u64 table_entry(u64 table) { return entry_for(table, TABLE); }

/* The loader maps more than it uses, writable; what becomes a page table must be mapped so nowhere. */
static void unmap_padding(u64 start) {
    for (u64 at = LINKED_BASE + start;; at += FRAME_SIZE) {
        u64 table = start_info->page_tables;
        for (u32 shift = 39; shift > 12; shift -= 9) {
            u64 entry = ((const u64 *)table)[at >> shift & (TABLE_ENTRIES - 1)];
            if (!(entry & PAGE_PRESENT)) return;
            table = LINKED_BASE + entry_address(entry);
        }
        if (!(((const u64 *)table)[at >> 12 & (TABLE_ENTRIES - 1)] & PAGE_PRESENT)) return;
        map_machine_frame((void *)at, 0, 0);
    }
}

/* CPUID with the prefix that has Xen answer (arch-x86/xen.h, XEN_EMULATE_PREFIX): AMD APM Vol 3 Fn8000_0001_EDX, NX. */
static bool has_no_execute(void) {
    u32 leaf = 0x80000001, features;
    __asm__ volatile("ud2a; .ascii \"xen\"; cpuid" : "+a"(leaf), "=d"(features) : : "rbx", "rcx");
    return features >> 20 & 1;
}

u64 page_tables_start(void) {
    u64 pages = start_info->pages < FRAMES_LIMIT ? start_info->pages : FRAMES_LIMIT;
    u64 last_level = tables_for(pages), directories = tables_for(last_level);
    no_execute = has_no_execute() ? PAGE_NO_EXECUTE : 0;
    boot_tables_start = start_info->page_tables - LINKED_BASE;
    boot_tables_end = boot_tables_start + start_info->page_table_frames * FRAME_SIZE;
    own_tables_start = boot_tables_end + FRAME_SIZE; /* the loader's stack lies between: xen.h, start of day */
    u64 directories_start = own_tables_start + last_level * FRAME_SIZE;
    u64 pointers = directories_start + directories * FRAME_SIZE;
    own_tables_end = pointers + FRAME_SIZE;
    unmap_padding(own_tables_start);
    fill_tables(own_tables_start, last_level, 0, pages * FRAME_SIZE, entry_at_start);
    fill_tables(directories_start, directories, own_tables_start, directories_start, table_entry);
    fill_tables(pointers, 1, directories_start, pointers, table_entry);
    map_machine_frame(window, 0, 0);
    kernel_space = (struct space){.top = boot_tables_start, .sealed = true};
    change(kernel_space.top + UPPER_HALF_START * sizeof(u64), table_entry(pointers));
    tables_commit();
    return own_tables_end;
}

/* --- Spaces */

void entry_set(const struct space *space, u64 *entry, u64 value) {
    if (space->sealed) change(physical_address(entry), value);
    else *entry = value;
}

void table_add(const struct space *space, u64 *entry, u64 table) {
    if (space->sealed) make_table(table);
    entry_set(space, entry, table_entry(table));
    u64 offset = physical_address(entry) - space->top;
    if (offset < FRAME_SIZE) entry_set(space, physical(space->user_top + offset), table_entry(table));
}

bool space_open(struct space *space) {
    *space = (struct space){.top = frame_allocate()};
    if (!space->top) return false;
    space->user_top = frame_allocate();
    if (!space->user_top) {
        frame_free(space->top);
        return false;
    }
    const u64 *from = physical(kernel_space.top);
    u64 *to = physical(space->top);
    for (u32 i = UPPER_HALF_START; i < TABLE_ENTRIES; i++) to[i] = from[i];
    return true;
}

/* Calls a function for the tables below one of that level that belong to the space, and for itself; level 1 is the last. */
static void for_each_table(u64 table, u32 level, u32 entries, void (*visit)(u64 table)) {
    const u64 *at = physical(table);
    for (u32 i = 0; level > 1 && i < entries; i++)
        if (at[i]) for_each_table(entry_address(at[i]), level - 1, TABLE_ENTRIES, visit);
    visit(table);
}

static void mmuext(struct mmuext_op operations[2]) {
    must(hypercall(HYPERCALL_MMUEXT_OP, (u64)operations, 2, 0, DOMID_SELF), "mmuext_op");
}

void space_seal(struct space *space) {
    for_each_table(space->top, 4, LOWER_HALF, make_table);
    make_table(space->user_top);
    tables_commit();
    mmuext((struct mmuext_op[]){{MMUEXT_PIN_L4_TABLE, machine_frame(space->top), 0},
                                {MMUEXT_PIN_L4_TABLE, machine_frame(space->user_top), 0}});
    space->sealed = true;
}

void space_retire(struct space *space) {
    if (!space->sealed) return;
    mmuext((struct mmuext_op[]){{MMUEXT_UNPIN_TABLE, machine_frame(space->user_top), 0},
                                {MMUEXT_UNPIN_TABLE, machine_frame(space->top), 0}});
    for_each_table(space->top, 4, LOWER_HALF, make_plain);
    make_plain(space->user_top);
    tables_commit();
    space->sealed = false;
}

void space_enter(const struct space *space, u64 kernel_stack) {
    struct mmuext_op tops[] = {{MMUEXT_NEW_BASEPTR, machine_frame(space->top), 0},
                               {MMUEXT_NEW_USER_BASEPTR, machine_frame(space->user_top), 0}};
    struct multicall_entry calls[] = {{HYPERCALL_STACK_SWITCH, 0, {USER_DATA, kernel_stack}},
                                      {HYPERCALL_MMUEXT_OP, 0, {(u64)tops, 2, 0, DOMID_SELF}}};
    must(hypercall(HYPERCALL_MULTICALL, (u64)calls, 2, 0, 0), "multicall");
    must(calls[0].result, "stack_switch");
    must(calls[1].result, "mmuext_op");
}

void space_leave(void) {
    mmuext((struct mmuext_op[]){{MMUEXT_NEW_BASEPTR, machine_frame(kernel_space.top), 0}, {MMUEXT_NEW_USER_BASEPTR, 0, 0}});
}

/* --- Where mfn_list is: Xen's arch-x86/xen.h, pfn_to_mfn_frame_list_list. */

#define ENTRIES_PER_LIST (FRAME_SIZE / sizeof(u64))
#define LISTS (FRAMES_LIMIT / ENTRIES_PER_LIST / ENTRIES_PER_LIST)

static u64 frame_list_list[ENTRIES_PER_LIST] __attribute__((aligned(FRAME_SIZE)));
static u64 frame_lists[LISTS][ENTRIES_PER_LIST] __attribute__((aligned(FRAME_SIZE)));

static u64 frame_of(const void *linked) { return machine_frame((u64)linked - LINKED_BASE); }

void frame_list_publish(void) {
    u64 listed = start_info->pages < FRAMES_LIMIT ? start_info->pages : FRAMES_LIMIT;
    const u64 *list = (const u64 *)start_info->mfn_list;
    for (u64 page = 0; page * ENTRIES_PER_LIST < listed; page++)
        frame_lists[page / ENTRIES_PER_LIST][page % ENTRIES_PER_LIST] = frame_of(list + page * ENTRIES_PER_LIST);
    for (u64 i = 0; i < LISTS; i++) frame_list_list[i] = frame_of(frame_lists[i]);
    shared_info.frames_listed = listed;
    shared_info.frame_list_list = frame_of(frame_list_list);
}

/* --- What takes an instruction of ring 0 on a PC, by hypercall. */

static void measure_base(u64 count) {
    struct mmuext_op top = {MMUEXT_NEW_BASEPTR, machine_frame(current->space.top), 0};
    for (; count; count--) must(hypercall(HYPERCALL_MMUEXT_OP, (u64)&top, 1, 0, DOMID_SELF), "mmuext_op");
}

static void measure_entry(u64 count, const u64 *entry) {
    struct mmu_update update = {machine_address(physical_address(entry)), *entry};
    for (; count; count--) {
        update.value ^= PAGE_WRITABLE;
        must(hypercall(HYPERCALL_MMU_UPDATE, (u64)&update, 1, 0, DOMID_SELF), "mmu_update");
    }
}

static void measure_remap(u64 count, u64 value) {
    for (; count; count--) {
        value ^= PAGE_WRITABLE;
        must(hypercall(HYPERCALL_UPDATE_VA_MAPPING, HEAP_BASE, value, UVMF_INVLPG, 0), "update_va_mapping");
        (void)*(volatile u8 *)HEAP_BASE;
    }
}

bool machine_measure(enum measured operation, u64 count, u64 *entry) {
    switch (operation) {
        case MEASURE_CR3: measure_base(count); return true;
        case MEASURE_ENTRY: measure_entry(count, entry); return true;
        case MEASURE_REMAP: measure_remap(count, *entry); return true;
        default: return false;
    }
}
