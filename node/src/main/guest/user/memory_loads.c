/* Loads that mostly move data, and one that writes code. */
#include "loads.h"

#define SORT_WORDS 16384u
#define CHASE_BYTES (4 * MIB)
#define CHASE_STRIDE 64u
#define COPY_BYTES 65536u

static void quicksort(u64 *words, i64 low, i64 high) {
    while (low < high) {
        u64 pivot = words[(low + high) / 2];
        i64 i = low, j = high;
        while (i <= j) {
            while (words[i] < pivot) i++;
            while (words[j] > pivot) j--;
            if (i > j) break;
            u64 kept = words[i];
            words[i++] = words[j];
            words[j--] = kept;
        }
        quicksort(words, low, j);
        low = i;
    }
}

void run_sort(const struct arguments *arguments) {
    struct load load = start_load(arguments, 4);
    u64 *words = (u64 *)HEAP_BASE;
    u64 checksum = HASH_START;
    for (u64 round = 0; round < load.rounds; round++) {
        for (u64 i = 0; i < SORT_WORDS; i++) words[i] = mix(round * SORT_WORDS + i);
        quicksort(words, 0, SORT_WORDS - 1);
        for (u64 i = 0; i < SORT_WORDS; i += 512) checksum = hash_word(checksum, words[i]);
    }
    end_load(&load, checksum);
}

static size_t format_to(char *to, size_t size, const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    size_t length = format(to, size, pattern, arguments);
    va_end(arguments);
    return length;
}

void run_strings(const struct arguments *arguments) {
    struct load load = start_load(arguments, 10);
    u64 checksum = HASH_START;
    char previous[64] = "", text[64];
    for (u64 i = 0; i < load.rounds * 1000; i++) {
        size_t length = format_to(text, sizeof text, "record %08u of %s: %x", i, "strings", mix(i));
        checksum = hash_word(checksum, length ^ (u64)(strcmp(previous, text) < 0) << 8 ^ (u8)text[length - 1]);
        copy_text(previous, text, sizeof previous);
    }
    end_load(&load, checksum);
}

/* Links all lines of the area into one cycle in random order (Sattolo's shuffle), then follows it. */
void run_chase(const struct arguments *arguments) {
    struct load load = start_load(arguments, 100);
    u32 count = CHASE_BYTES / CHASE_STRIDE;
    u32 *order = (u32 *)(HEAP_BASE + CHASE_BYTES);
    for (u32 i = 0; i < count; i++) order[i] = i;
    for (u32 i = count - 1; i > 0; i--) {
        u32 j = (u32)(mix(i) % i), kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (u32 i = 0; i < count; i++)
        *(u64 *)(HEAP_BASE + (u64)order[i] * CHASE_STRIDE) = HEAP_BASE + (u64)order[(i + 1) % count] * CHASE_STRIDE;
    u64 at = HEAP_BASE;
    load.tsc = read_tsc(), load.nanos = clock_now();
    for (u64 i = 0; i < load.rounds * 1000; i++) at = *(const volatile u64 *)at;
    end_load(&load, at);
}

void run_copy(const struct arguments *arguments) {
    struct load load = start_load(arguments, 100);
    u8 *from = (u8 *)HEAP_BASE, *to = from + COPY_BYTES;
    for (u64 i = 0; i < COPY_BYTES; i++) from[i] = (u8)mix(i);
    u64 checksum = HASH_START;
    for (u64 round = 0; round < load.rounds; round++) {
        memcpy(to, from, COPY_BYTES);
        from[round % COPY_BYTES] = to[COPY_BYTES - 1 - round % COPY_BYTES];
        checksum = hash_word(checksum, to[round * 31 % COPY_BYTES]);
    }
    end_load(&load, checksum);
}

/* Writes `lea eax, [rdi + constant]; ret` anew for every call. */
void run_rewrite(const struct arguments *arguments) {
    struct load load = start_load(arguments, 10);
    u8 *code = (u8 *)WORKSHOP_BASE;
    u64 checksum = HASH_START;
    code[0] = 0x8d, code[1] = 0x87, code[6] = 0xc3;
    for (u64 i = 0; i < load.rounds * 1000; i++) {
        *(volatile u32 *)(code + 2) = (u32)i;
        checksum = hash_word(checksum, ((u32(*)(u32))code)((u32)checksum));
    }
    end_load(&load, checksum);
}
