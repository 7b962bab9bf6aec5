/* What the compute loads share: each ends with one line, its checksum and what it took. */
#ifndef LOADS_H
#define LOADS_H

#include "program.h"

struct load {
    const char *name;
    u64 rounds, nanos, tsc;
};

static inline struct load start_load(const struct arguments *arguments, u64 fallback) {
    return (struct load){arguments->words[0], number_at(arguments, 1, fallback), clock_now(), read_tsc()};
}

static inline void end_load(const struct load *load, u64 checksum) {
    u64 tsc = read_tsc() - load->tsc, nanos = clock_now() - load->nanos;
    print("%s %u: checksum %016x, %u TSC ticks, %u ns\n", load->name, load->rounds, checksum, tsc, nanos);
}

#endif
