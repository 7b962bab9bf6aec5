/*
 * The programs of the user image. A task finds its own by the first word of its command line. To add one: write the
 * function, declare it here, and give it a row in programs.c.
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include "system.h"

#define ARGUMENTS_MAX 16u

/* The words of a command line; the first is the program's name. */
struct arguments {
    u32 count;
    char *words[ARGUMENTS_MAX];
};

struct program {
    const char *name, *usage, *about;
    void (*run)(const struct arguments *arguments);
    bool background; /* the shell does not wait for it */
};

const struct program *program_find(const char *name);
const struct program *program_at(u32 index); /* null after the last */

/* Splits a command line in place, at blanks. */
struct arguments split(char *command);

/* The number at a place, or the fallback where the command line ends before it or has something else there. */
u64 number_at(const struct arguments *arguments, u32 index, u64 fallback);

/* Mixes a number's bits so that neighbours have nothing in common (the finalizer of SplitMix64). */
static inline u64 mix(u64 x) {
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* Adds a word to an FNV-1a hash of words. */
#define HASH_START 0xcbf29ce484222325ul
static inline u64 hash_word(u64 hash, u64 word) { return (hash ^ word) * 0x100000001b3; }

void shell(const char *options);

/* background.c */
void run_spin(const struct arguments *arguments);
void run_dirty(const struct arguments *arguments);
void run_fill(const struct arguments *arguments);
void run_ticker(const struct arguments *arguments);

/* kernel_costs.c */
void run_syscalls(const struct arguments *arguments);
void run_interrupts(const struct arguments *arguments);
void run_switches(const struct arguments *arguments);
void run_yielder(const struct arguments *arguments);
void run_pagefaults(const struct arguments *arguments);

/* nanobenchmarks.c */
void run_nanobench(const struct arguments *arguments);
void run_nothing(const struct arguments *arguments);

/* compute_loads.c and memory_loads.c */
void run_sieve(const struct arguments *arguments);
void run_matrix(const struct arguments *arguments);
void run_doubles(const struct arguments *arguments);
void run_crc(const struct arguments *arguments);
void run_fib(const struct arguments *arguments);
void run_gcd(const struct arguments *arguments);
void run_interpret(const struct arguments *arguments);
void run_sort(const struct arguments *arguments);
void run_strings(const struct arguments *arguments);
void run_chase(const struct arguments *arguments);
void run_copy(const struct arguments *arguments);
void run_rewrite(const struct arguments *arguments);

#endif
