/* Allocation of physical memory by 4 KiB frames: one bit per frame of the first 4 GiB, set while it is taken. */
#include "frames.h"

#include "console.h"
#include "text.h"

#define FRAMES_LIMIT (0x100000000ul / FRAME_SIZE)
#define FIRST_MIB 0x100000ul

extern const u8 image_end[]; /* a physical address: kernel.ld */

u64 frames_free, frames_all;

static u64 taken[FRAMES_LIMIT / 64];
static u64 first_candidate = FRAMES_LIMIT / 64; /* no word below this has a free frame */

static void give(u64 start, u64 end) {
    if (start < (u64)image_end) start = (u64)image_end;
    if (end > FRAMES_LIMIT * FRAME_SIZE) end = FRAMES_LIMIT * FRAME_SIZE;
    start = (start + FRAME_SIZE - 1) & -FRAME_SIZE;
    for (; start + FRAME_SIZE <= end; start += FRAME_SIZE) {
        if (taken[start / FRAME_SIZE / 64] >> (start / FRAME_SIZE % 64) & 1) frame_free(start);
    }
}

void frames_initialize(const struct multiboot_information *information) {
    memset(taken, 0xff, sizeof taken);
    if (information->flags & MULTIBOOT_HAS_MEMORY_MAP) {
        u64 at = information->memory_map, end = at + information->memory_map_length;
        while (at < end) {
            const struct multiboot_memory *entry = physical(at);
            if (entry->type == MULTIBOOT_RAM) give(entry->base, entry->base + entry->length);
            at += entry->size + sizeof entry->size;
        }
    } else if (information->flags & MULTIBOOT_HAS_MEMORY) {
        give(FIRST_MIB, FIRST_MIB + information->memory_upper_kib * 1024ul);
    } else {
        panic("the loader reports no memory");
    }
    frames_all = frames_free;
}

u64 frame_allocate(void) {
    for (; first_candidate < FRAMES_LIMIT / 64; first_candidate++) {
        u64 word = taken[first_candidate];
        if (word == ~0ul) continue;
        u64 bit = (u64)__builtin_ctzl(~word);
        taken[first_candidate] = word | 1ul << bit;
        frames_free--;
        u64 address = (first_candidate * 64 + bit) * FRAME_SIZE;
        memset(physical(address), 0, FRAME_SIZE);
        return address;
    }
    return 0;
}

void frame_free(u64 address) {
    u64 word = address / FRAME_SIZE / 64;
    taken[word] &= ~(1ul << (address / FRAME_SIZE % 64));
    if (word < first_candidate) first_candidate = word;
    frames_free++;
}
