/* Frames and address spaces. A fork shares frames, read-only, until somebody writes to one (copy on write). */
#include "kernel.h"

#define FRAMES_BASE 0x400000u
#define FRAMES_END 0x2000000u
#define FRAMES ((FRAMES_END - FRAMES_BASE) / PAGE)

#define DIRECTORY_SHIFT 21
#define PAGE_SHIFT 12
#define ENTRIES 512u
#define ADDRESS_BITS 0xfffffffffff000ull

#define ERROR_PRESENT 1u /* SDM Vol 3A figure 4-12 */
#define ERROR_WRITE 2u

extern u64 kernel_directory[];
extern u8 user_image[], user_pages[];

static u64 image_table[ENTRIES] __attribute__((aligned(PAGE)));
static u32 free_frames[FRAMES], free_count;
static u8 owners[FRAMES];

static u8 *owners_of(void *frame) { return &owners[((word)frame - FRAMES_BASE) / PAGE]; }

static void *frame_allocate(void) {
    if (free_count == 0) panic("no memory left", 0);
    void *frame = (void *)(word)free_frames[--free_count];
    *owners_of(frame) = 1;
    return frame;
}

static void *frame_zeroed(void) {
    void *frame = frame_allocate();
    fill_words(frame, 0, PAGE / sizeof(word));
    return frame;
}

static void frame_release(void *frame) {
    if (--*owners_of(frame) == 0) free_frames[free_count++] = (u32)(word)frame;
}

static void *frame_of(u64 entry) { return (void *)(word)(entry & ADDRESS_BITS); }

void frames_initialize(void) {
    for (u32 frame = FRAMES_END; frame > FRAMES_BASE; frame -= PAGE) free_frames[free_count++] = frame - PAGE;
}

void space_initialize(void) {
    for (word page = 0; page < (word)user_pages; page++)
        image_table[page] = ((word)user_image + page * PAGE) | ENTRY_PRESENT | ENTRY_USER;
}

struct space space_create(void) {
    u64 *directory = frame_zeroed(), *pointers = frame_zeroed();
    directory[0] = (word)image_table | ENTRY_PRESENT | ENTRY_USER;
#ifdef __x86_64__
    u64 *root = frame_zeroed();
    u64 upper = ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_USER;
    root[0] = (word)pointers | upper;
#else
    u64 *root = pointers;
    u64 upper = ENTRY_PRESENT; /* nothing else is allowed here: SDM Vol 3A table 4-8 */
#endif
    pointers[0] = (word)kernel_directory | upper;
    pointers[1] = (word)directory | upper;
    return (struct space){root, directory};
}

void space_enter(const struct space *space) { write_cr3((word)space->root); }

static u64 *entry_of(const struct space *space, word address) {
    u64 *slot = &space->directory[(address - USER_BASE) >> DIRECTORY_SHIFT];
    if (!*slot) *slot = (word)frame_zeroed() | ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_USER;
    return (u64 *)frame_of(*slot) + (address >> PAGE_SHIFT) % ENTRIES;
}

static u64 share(u64 *entry) {
    if (*entry & ENTRY_WRITABLE) *entry = (*entry & ~(u64)ENTRY_WRITABLE) | ENTRY_COPY;
    ++*owners_of(frame_of(*entry));
    return *entry;
}

struct space space_copy(const struct space *from) {
    struct space copy = space_create();
    for (u32 i = 1; i < ENTRIES; i++) {
        if (!from->directory[i]) continue;
        u64 *table = frame_of(from->directory[i]), *copied = frame_zeroed();
        copy.directory[i] = (word)copied | ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_USER;
        for (u32 j = 0; j < ENTRIES; j++)
            if (table[j]) copied[j] = share(&table[j]);
    }
    space_enter(from); /* its pages are read-only now */
    return copy;
}

void space_destroy(struct space *space) {
    for (u32 i = 1; i < ENTRIES; i++) {
        if (!space->directory[i]) continue;
        u64 *table = frame_of(space->directory[i]);
        for (u32 j = 0; j < ENTRIES; j++)
            if (table[j]) frame_release(frame_of(table[j]));
        frame_release(table);
    }
#ifdef __x86_64__
    frame_release(frame_of(space->root[0]));
#endif
    frame_release(space->root);
    frame_release(space->directory);
}

void space_release(struct space *space, word address, word length) {
    for (word page = address; page < address + length; page += PAGE) {
        u64 *entry = entry_of(space, page);
        if (!*entry) continue;
        frame_release(frame_of(*entry));
        *entry = 0;
        invalidate_page(page);
    }
}

static bool filled_on_touch(word address) {
    return (address >= HEAP_BASE && address < HEAP_END) || (address >= STACK_BASE && address < STACK_END)
        || (address >= WORKSHOP_BASE && address < WORKSHOP_END);
}

static void own_copy(u64 *entry) {
    void *shared = frame_of(*entry), *own = shared;
    if (*owners_of(shared) > 1) {
        own = frame_allocate();
        copy_words(own, shared, PAGE / sizeof(word));
        frame_release(shared);
    }
    *entry = (word)own | ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_USER;
}

/* Whether the fault is mended. */
bool space_fault(struct space *space, word address, word error) {
    if (!filled_on_touch(address)) return false;
    u64 *entry = entry_of(space, address);
    if (!(error & ERROR_PRESENT)) {
        *entry = (word)frame_zeroed() | ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_USER;
        return true;
    }
    if (!(error & ERROR_WRITE) || !(*entry & ENTRY_COPY)) return false;
    own_copy(entry);
    invalidate_page(address);
    return true;
}
