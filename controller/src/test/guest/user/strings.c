/* Text a byte at a time, and the string instructions. */
#include "loads.h"

#define LINES 1000u
#define LINE_BYTES 64u
#define BLOCK 65536u

static char *append(char *to, const char *text) {
    while ((*to = *text++)) to++;
    return to;
}

static char *append_number(char *to, u32 value) {
    char digits[10];
    u32 count = 0;
    do digits[count++] = (char)('0' + value % 10);
    while (value /= 10);
    while (count) *to++ = digits[--count];
    *to = 0;
    return to;
}

static u32 compare(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (u32)(*a < *b);
}

/* Formats lines, compares each with the one before, and looks for a character in it. */
u32 run_text(u32 rounds) {
    u32 checksum = HASH_START;
    char lines[2][LINE_BYTES] = {"", ""};
    for (u32 i = 0; i < rounds * LINES; i++) {
        char *line = lines[i & 1], *end = append_number(append(line, "record "), i);
        end = append_number(append(end, " of strings: "), scramble(i));
        const char *colon = line;
        while (*colon != ':') colon++;
        checksum = hash(checksum, (u32)(end - line) ^ (u32)(colon - line) << 8 ^ compare(line, lines[~i & 1]) << 16);
    }
    return checksum;
}

static void fill_block(u8 *block) {
    for (u32 i = 0; i < BLOCK; i++) block[i] = (u8)scramble(i) | 1;
}

/* REP MOVSB and MOVSD of 64 KiB. */
u32 run_copy(u32 rounds) {
    u8 *from = HEAP, *to = HEAP + BLOCK;
    u32 checksum = HASH_START;
    fill_block(from);
    for (u32 round = 0; round < rounds; round++) {
        void *source = from, *target = to;
        size_t count = BLOCK;
        if (round & 1) __asm__ volatile("rep movsb" : "+D"(target), "+S"(source), "+c"(count) : : "memory");
        else count /= 4, ({ __asm__ volatile("rep movsl" : "+D"(target), "+S"(source), "+c"(count) : : "memory"); });
        from[round % BLOCK] = to[BLOCK - 1 - round % BLOCK];
        checksum = hash(checksum, to[round * 31 % BLOCK]);
    }
    return checksum;
}

/* REP STOSB and STOSD of 64 KiB. */
u32 run_fill(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 round = 0; round < rounds; round++) {
        void *target = HEAP;
        size_t count = BLOCK;
        if (round & 1) __asm__ volatile("rep stosb" : "+D"(target), "+c"(count) : "a"(round) : "memory");
        else count /= 4, ({ __asm__ volatile("rep stosl" : "+D"(target), "+c"(count) : "a"(round) : "memory"); });
        checksum = hash(checksum, *(u32 *)(HEAP + round * 4 % BLOCK));
    }
    return checksum;
}

/* REPNE SCASB for the only zero of 64 KiB, and REPE CMPSB of that with a copy. */
u32 run_scan(u32 rounds) {
    u8 *block = HEAP, *copy = HEAP + BLOCK;
    u32 checksum = HASH_START;
    fill_block(block);
    fill_block(copy);
    for (u32 round = 0; round < rounds; round++) {
        u8 *at = block, *zero = block + scramble(round) % BLOCK, kept = *zero;
        *zero = 0;
        size_t left = BLOCK;
        __asm__ volatile("repne scasb" : "+D"(at), "+c"(left) : "a"(0) : "memory", "cc");
        checksum = hash(checksum, (u32)left);
        u8 *one = block, *other = copy;
        left = BLOCK;
        __asm__ volatile("repe cmpsb" : "+S"(one), "+D"(other), "+c"(left) : : "memory", "cc");
        checksum = hash(checksum, (u32)left);
        *zero = kept;
    }
    return checksum;
}
