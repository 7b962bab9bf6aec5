/* The table of programs, and where each task starts. */
#include "program.h"

static const struct program programs[] = {
    {"spin", "[SECONDS]", "computes in the background", run_spin, true},
    {"dirty", "MIB RATE [sequential|random|zero] [TOTAL]", "writes a page's word at RATE MiB/s, TOTAL MiB in all", run_dirty, true},
    {"fill", "MIB", "holds memory that cannot be compressed", run_fill, true},
    {"ticker", "LINES MS", "prints a numbered line every MS milliseconds", run_ticker, true},
    {"syscalls", "N", "times N system calls", run_syscalls, false},
    {"interrupts", "N", "times N system calls by int 0x80", run_interrupts, false},
    {"switches", "N", "times N rounds of two tasks that yield to each other", run_switches, false},
    {"yielder", "", "the other of these two", run_yielder, true},
    {"pagefaults", "N", "times N first touches of a page", run_pagefaults, false},
    {"nanobench", "[NAME|all] [N...]", "TSC ticks of single operations, N of each", run_nanobench, false},
    {"nothing", "", "ends at once", run_nothing, false},
    {"sieve", "N", "sieve of Eratosthenes up to 65536, N times", run_sieve, false},
    {"matrix", "N", "product of 48 x 48 integer matrices, N times", run_matrix, false},
    {"doubles", "N", "product of 48 x 48 double matrices, N times", run_doubles, false},
    {"crc", "N", "CRC-32 of N blocks of 64 KiB", run_crc, false},
    {"fib", "N", "recursive Fibonacci number N", run_fib, false},
    {"gcd", "N", "N thousand greatest common divisors", run_gcd, false},
    {"interpret", "N", "a bytecode loop of N thousand rounds", run_interpret, false},
    {"sort", "N", "quicksort of 16384 words, N times", run_sort, false},
    {"strings", "N", "N thousand rounds of formatting and comparing text", run_strings, false},
    {"chase", "N", "N thousand dependent loads all over 4 MiB", run_chase, false},
    {"copy", "N", "N copies of 64 KiB by rep movsb", run_copy, false},
    {"rewrite", "N", "N thousand calls of code rewritten before each", run_rewrite, false},
};

const struct program *program_at(u32 index) {
    return index < sizeof programs / sizeof *programs ? &programs[index] : NULL;
}

const struct program *program_find(const char *name) {
    for (u32 i = 0; program_at(i); i++)
        if (strcmp(programs[i].name, name) == 0) return &programs[i];
    return NULL;
}

struct arguments split(char *command) {
    struct arguments arguments = {0, {0}};
    while (arguments.count < ARGUMENTS_MAX) {
        while (*command == ' ') *command++ = 0;
        if (!*command) break;
        arguments.words[arguments.count++] = command;
        while (*command && *command != ' ') command++;
    }
    return arguments;
}

u64 number_at(const struct arguments *arguments, u32 index, u64 fallback) {
    u64 number;
    return index < arguments->count && parse_number(arguments->words[index], &number) ? number : fallback;
}

/* Called by start.S. */
void main(char *command) {
    if (memcmp(command, "shell ", 6) == 0) {
        shell(command + 6);
        return;
    }
    struct arguments arguments = split(command);
    const struct program *program = program_find(arguments.words[0]);
    if (program) program->run(&arguments);
}
