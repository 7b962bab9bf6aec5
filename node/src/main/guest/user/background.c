/*
 * Programs that run in the background until they are stopped. Each prints a report when `checksum` asks for one, always
 * between two steps of its work, so that the report is exact.
 */
#include "program.h"

#define SPIN_STEP 10000u
#define DIRTY_STEP_NANOS (10 * MILLISECOND) /* the timer's period: no sleep is shorter */

/* Whether somebody waits for a report; whoever sees true prints it and calls answered(). */
static bool asked(void) { return system_call(SYS_ASKED, 0, 0); }
static void answered(void) { system_call(SYS_ANSWER, 0, 0); }

void run_spin(const struct arguments *arguments) {
    u64 seconds = number_at(arguments, 1, ~0ul), end = clock_now() + seconds * SECOND;
    u64 state = 1, steps = 0;
    while (seconds == ~0ul || clock_now() < end) {
        for (u32 i = 0; i < SPIN_STEP; i++) state = mix(state);
        steps++;
        if (asked()) {
            print("spin %u: %u steps, state %016x\n", task_id(), steps, state);
            answered();
        }
    }
    print("spin %u: ended after %u steps, state %016x\n", task_id(), steps, state);
}

void run_ticker(const struct arguments *arguments) {
    u64 lines = number_at(arguments, 1, 10), period = number_at(arguments, 2, 1000) * MILLISECOND;
    u64 start = clock_now();
    for (u64 line = 1; line <= lines; line++) {
        while (clock_now() < start + line * period) {
            sleep_until(start + line * period);
            if (asked()) {
                print("ticker %u: %u lines\n", task_id(), line - 1);
                answered();
            }
        }
        print("tick %u\n", line);
    }
}

static u64 hash_heap(u64 bytes) {
    u64 hash = HASH_START;
    for (const u64 *at = (const u64 *)HEAP_BASE; at < (const u64 *)(HEAP_BASE + bytes); at++) hash = hash_word(hash, *at);
    return hash;
}

void run_fill(const struct arguments *arguments) {
    u64 bytes = number_at(arguments, 1, 1) * MIB;
    u64 *words = (u64 *)HEAP_BASE;
    for (u64 i = 0; i < bytes / 8; i++) words[i] = mix(i);
    for (;;) {
        sleep_until(~0ul);
        if (asked()) {
            print("fill %u: %u MiB, checksum %016x\n", task_id(), bytes / MIB, hash_heap(bytes));
            answered();
        }
    }
}

enum pattern { SEQUENTIAL, RANDOM, ZERO };

/* The working set: `pages` pages at HEAP_BASE, of which store number i writes the first word of one. */
struct working_set {
    u64 pages, stores, total; /* ends after `total` stores */
    enum pattern pattern;
};

static u64 page_of(const struct working_set *set, u64 store) {
    bool first_pass = store < set->pages;
    return (set->pattern == RANDOM && !first_pass ? mix(store) : store) % set->pages;
}

static void store_up_to(struct working_set *set, u64 due) {
    if (due > set->total) due = set->total;
    for (; set->stores < due; set->stores++) {
        volatile u64 *word = (volatile u64 *)(HEAP_BASE + page_of(set, set->stores) * PAGE);
        *word = set->pattern == ZERO ? 0 : mix(set->stores);
    }
}

/* What a word must be is known from the number of stores alone, unless pages were chosen at random. */
static const char *verdict(const struct working_set *set) {
    if (set->pattern == RANDOM) return "not verified";
    for (u64 page = 0; page < set->pages; page++) {
        u64 last = set->stores - 1 - (set->stores - 1 - page) % set->pages;
        u64 expected = set->pattern == ZERO ? 0 : mix(last);
        if (*(const u64 *)(HEAP_BASE + page * PAGE) != expected) return "CORRUPT";
    }
    return "verified";
}

static void report(const struct working_set *set, const char *state) {
    print("dirty %u: %s, %u stores, checksum %016x, %s\n", task_id(), state, set->stores, hash_heap(set->pages * PAGE),
          verdict(set));
}

static enum pattern pattern_of(const char *name) {
    return strcmp(name, "random") == 0 ? RANDOM : strcmp(name, "zero") == 0 ? ZERO : SEQUENTIAL;
}

/*
 * The first pass touches every page at once; from then on stores follow the clock, so that a task that was kept from
 * running catches up. At rate 0 there is only the first pass.
 */
void run_dirty(const struct arguments *arguments) {
    u64 pages_per_second = number_at(arguments, 2, 1) * MIB / PAGE;
    u64 total = number_at(arguments, 4, ~0ul / MIB) * (MIB / PAGE);
    struct working_set set = {number_at(arguments, 1, 1) * (MIB / PAGE), 0, total, SEQUENTIAL};
    if (arguments->count > 3) set.pattern = pattern_of(arguments->words[3]);
    if (set.total < set.pages) set.total = set.pages;
    store_up_to(&set, set.pages);
    u64 start = clock_now();
    while (set.stores < set.total) {
        u64 elapsed = clock_now() - start;
        store_up_to(&set, set.pages + elapsed / SECOND * pages_per_second + elapsed % SECOND * pages_per_second / SECOND);
        if (asked()) {
            report(&set, "runs");
            answered();
        }
        sleep_until(pages_per_second ? start + elapsed + DIRTY_STEP_NANOS : ~0ul);
    }
    report(&set, "ended");
}
