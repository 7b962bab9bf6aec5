/* The table of loads, and what the kernel enters. */
#include "loads.h"

static load *const loads[] = {
    run_mix,  run_sieve, run_crc,  run_gcd,   run_powers, run_matrix,   run_doubles,   run_extended, run_text,     run_copy,   run_fill,  run_scan,
    run_sort, run_hash,  run_chase, run_fib,  run_dispatch, run_interpret, run_rewrite, run_patch,  run_syscalls, run_interrupts, run_switches, run_faults, run_forks,
};

/* In the same order; the kernel reads it. */
const char *const load_names[] = {
    "mix",  "sieve", "crc",  "gcd",   "powers", "matrix",   "doubles",   "extended", "text",     "copy",   "fill",  "scan",
    "sort", "hash",  "chase", "fib",  "dispatch", "interpret", "rewrite", "patch",  "syscalls", "interrupts", "switches", "faults", "forks", NULL,
};

void main(u32 index, u32 rounds) { call_kernel(SYS_FINISH, loads[index](rounds), 0); }

/* gcc takes these for granted. */
void *memset(void *to, int value, size_t count) {
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(count) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t count) {
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(count) : : "memory");
    return to;
}
