/* Products of matrices, of integers and of floating-point numbers. */
#include "loads.h"

#define SIZE 48u

#define PRODUCT(m, type)                                                        \
    for (u32 i = 0; i < SIZE; i++) {                                            \
        for (u32 j = 0; j < SIZE; j++) {                                        \
            type sum = 0;                                                       \
            for (u32 k = 0; k < SIZE; k++) sum += (m)[0][i][k] * (m)[1][k][j];  \
            (m)[2][i][j] = sum;                                                 \
        }                                                                       \
    }

#define FILL(m, type)                                                           \
    for (u32 i = 0; i < SIZE; i++)                                              \
        for (u32 j = 0; j < SIZE; j++)                                          \
            (m)[0][i][j] = (type)(scramble(i * SIZE + j) >> 8) / (type)7,       \
            (m)[1][i][j] = (type)(scramble(~(i * SIZE + j)) >> 8) / (type)7

u32 run_matrix(u32 rounds) {
    u32(*m)[SIZE][SIZE] = (u32(*)[SIZE][SIZE])HEAP;
    u32 checksum = HASH_START;
    FILL(m, u32);
    for (u32 round = 0; round < rounds; round++) {
        PRODUCT(m, u32);
        m[0][0][0] = m[2][1][2];
        checksum = hash(checksum, m[2][SIZE - 1][SIZE - 1] + m[2][0][0]);
    }
    return checksum;
}

/* SSE2 in both widths. */
u32 run_doubles(u32 rounds) {
    double(*m)[SIZE][SIZE] = (double(*)[SIZE][SIZE])HEAP;
    u32 checksum = HASH_START;
    FILL(m, double);
    for (u32 round = 0; round < rounds; round++) {
        PRODUCT(m, double);
        m[0][0][0] = m[2][1][2] / m[2][2][1];
        union {
            double value;
            u32 words[2];
        } seen = {m[2][0][0]};
        checksum = hash(hash(checksum, seen.words[0]), seen.words[1]);
    }
    return checksum;
}

/* x87 in both widths. */
u32 run_extended(u32 rounds) {
    long double(*m)[SIZE][SIZE] = (long double(*)[SIZE][SIZE])HEAP;
    u32 checksum = HASH_START;
    FILL(m, long double);
    for (u32 round = 0; round < rounds; round++) {
        PRODUCT(m, long double);
        m[0][0][0] = m[2][1][2] / m[2][2][1];
        union {
            long double value;
            u32 words[3];
        } seen = {m[2][0][0]};
        checksum = hash(hash(hash(checksum, seen.words[0]), seen.words[1]), seen.words[2] & 0xffff);
    }
    return checksum;
}
