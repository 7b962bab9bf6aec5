/* What the loads share. A load does so many rounds of its work and returns a checksum, the same in 32 and in 64 bit. */
#ifndef LOADS_H
#define LOADS_H

#include "abi.h"
#include "types.h"

#define HEAP ((u8 *)HEAP_BASE)
#define WORKSHOP ((u8 *)WORKSHOP_BASE)
#define PAGE 4096u

typedef u32 load(u32 rounds);

/* integers.c */
load run_mix, run_sieve, run_crc, run_gcd, run_powers;
/* matrices.c */
load run_matrix, run_doubles, run_extended;
/* strings.c */
load run_text, run_copy, run_fill, run_scan;
/* structures.c */
load run_sort, run_hash, run_chase;
/* calls.c */
load run_fib, run_dispatch, run_interpret;
/* rewriting.c */
load run_rewrite, run_patch;
/* kernel_costs.c */
load run_syscalls, run_interrupts, run_switches, run_faults, run_forks;

/* start.S */
word call_kernel(word number, word first, word second);
word interrupt_kernel(word number, word first, word second);

#define HASH_START 2166136261u

/* FNV-1a, a word at a time. */
static inline u32 hash(u32 checksum, u32 value) { return (checksum ^ value) * 16777619u; }

/* A number that looks random, from any other: the finalizer of MurmurHash3. */
static inline u32 scramble(u32 x) {
    x = (x ^ x >> 16) * 0x85ebca6bu;
    x = (x ^ x >> 13) * 0xc2b2ae35u;
    return x ^ x >> 16;
}

#endif
