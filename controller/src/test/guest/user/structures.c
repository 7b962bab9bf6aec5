/* Loads that walk through data. */
#include "loads.h"

#define SORT_WORDS 16384u
#define KEYS 8192u
#define SLOTS (2 * KEYS)
#define NODES 65536u
#define NODE_BYTES 64u
#define STEPS 1000u

static void quicksort(u32 *words, int low, int high) {
    while (low < high) {
        u32 pivot = words[(low + high) / 2];
        int i = low, j = high;
        while (i <= j) {
            while (words[i] < pivot) i++;
            while (words[j] > pivot) j--;
            if (i > j) break;
            u32 kept = words[i];
            words[i++] = words[j];
            words[j--] = kept;
        }
        quicksort(words, low, j);
        low = i;
    }
}

u32 run_sort(u32 rounds) {
    u32 *words = (u32 *)HEAP;
    u32 checksum = HASH_START;
    for (u32 round = 0; round < rounds; round++) {
        for (u32 i = 0; i < SORT_WORDS; i++) words[i] = scramble(round * SORT_WORDS + i);
        quicksort(words, 0, SORT_WORDS - 1);
        for (u32 i = 0; i < SORT_WORDS; i += 512) checksum = hash(checksum, words[i]);
    }
    return checksum;
}

struct slot {
    u32 key, value; /* key 0 is an empty slot */
};

/* The slot of a key, or the empty one where it would go: open addressing, linear probing. */
static struct slot *find(struct slot *table, u32 key) {
    u32 at = scramble(key) % SLOTS;
    while (table[at].key && table[at].key != key) at = (at + 1) % SLOTS;
    return &table[at];
}

/* Each round puts all keys into an empty hash table and looks up as many, half of which are there. */
u32 run_hash(u32 rounds) {
    struct slot *table = (struct slot *)HEAP;
    u32 checksum = HASH_START;
    for (u32 round = 0; round < rounds; round++) {
        u32 first = 1 + round * 7, found = 0;
        for (u32 i = 0; i < SLOTS; i++) table[i].key = 0;
        for (u32 i = 0; i < KEYS; i++) *find(table, first + 2 * i) = (struct slot){first + 2 * i, i};
        for (u32 i = 0; i < KEYS; i++) {
            struct slot *slot = find(table, first + i);
            if (slot->key) found += slot->value;
        }
        checksum = hash(checksum, found);
    }
    return checksum;
}

/* Links all nodes of 4 MiB into one cycle in random order (Sattolo's shuffle), then follows it. */
u32 run_chase(u32 rounds) {
    u32 *order = (u32 *)(HEAP + NODES * NODE_BYTES);
    for (u32 i = 0; i < NODES; i++) order[i] = i;
    for (u32 i = NODES - 1; i > 0; i--) {
        u32 j = scramble(i) % i, kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
    for (u32 i = 0; i < NODES; i++)
        *(word *)(HEAP + order[i] * NODE_BYTES) = (word)(HEAP + order[(i + 1) % NODES] * NODE_BYTES);
    word at = (word)HEAP;
    for (u32 i = 0; i < rounds * STEPS; i++) at = *(const volatile word *)at;
    return (u32)at;
}
