/* Code that changes: written anew between two calls, and by itself while it runs. The code is in rewritten.S. */
#include "loads.h"

#define CALLS 1000u
#define STEPS 1000u

extern const u8 addition[], addition_constant[], addition_end[], patching[], patching_end[];

typedef u32 made(u32 argument);

static made *make(const u8 *from, const u8 *end) {
    for (u32 i = 0; from + i < end; i++) WORKSHOP[i] = from[i];
    return (made *)WORKSHOP;
}

u32 run_rewrite(u32 rounds) {
    made *function = make(addition, addition_end);
    volatile u32 *constant = (volatile u32 *)(WORKSHOP + (addition_constant - addition));
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds * CALLS; i++) {
        *constant = i;
        checksum = hash(checksum, function(checksum));
    }
    return checksum;
}

u32 run_patch(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds; i++) checksum = hash(checksum, make(patching, patching_end)(STEPS));
    return checksum;
}
