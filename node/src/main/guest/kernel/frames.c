/* Allocation of physical memory by 4 KiB frames: one bit per frame of the first 4 GiB, set while it is taken. */
#include "frames.h"

#include "machine.h"
#include "text.h"

u64 frames_free, frames_all;

static u64 taken[FRAMES_LIMIT / 64];
static u64 first_candidate = FRAMES_LIMIT / 64; /* no word below this has a free frame */

static void give(u64 start, u64 end) {
    if (end > FRAMES_LIMIT * FRAME_SIZE) end = FRAMES_LIMIT * FRAME_SIZE;
    start = (start + FRAME_SIZE - 1) & -FRAME_SIZE;
    for (; start + FRAME_SIZE <= end; start += FRAME_SIZE) {
        if (taken[start / FRAME_SIZE / 64] >> (start / FRAME_SIZE % 64) & 1) frame_free(start);
    }
}

void frames_initialize(void) {
    memset(taken, 0xff, sizeof taken);
    machine_memory(give);
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
