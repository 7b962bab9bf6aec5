/* Loads that mostly compute. */
#include "loads.h"

#define SIEVE_LIMIT 65536u
#define MATRIX_SIZE 48u
#define CRC_BLOCK 65536u
#define CRC_POLYNOMIAL 0xedb88320u /* CRC-32 of IEEE 802.3, bits reversed */

static u64 sieve(u8 *composite) {
    u64 primes = 0;
    memset(composite, 0, SIEVE_LIMIT);
    for (u32 i = 2; i < SIEVE_LIMIT; i++) {
        if (composite[i]) continue;
        primes++;
        for (u32 j = 2 * i; j < SIEVE_LIMIT; j += i) composite[j] = 1;
    }
    return primes;
}

void run_sieve(const struct arguments *arguments) {
    struct load load = start_load(arguments, 10);
    u64 checksum = HASH_START;
    for (u64 i = 0; i < load.rounds; i++) checksum = hash_word(checksum, sieve((u8 *)HEAP_BASE));
    end_load(&load, checksum);
}

void run_matrix(const struct arguments *arguments) {
    struct load load = start_load(arguments, 10);
    typedef u32 matrix[MATRIX_SIZE][MATRIX_SIZE];
    matrix *m = (matrix *)HEAP_BASE;
    u64 checksum = HASH_START;
    for (u32 i = 0; i < 2 * MATRIX_SIZE * MATRIX_SIZE; i++) (&m[0][0][0])[i] = (u32)mix(i);
    for (u64 round = 0; round < load.rounds; round++) {
        for (u32 i = 0; i < MATRIX_SIZE; i++) {
            for (u32 j = 0; j < MATRIX_SIZE; j++) {
                u32 sum = 0;
                for (u32 k = 0; k < MATRIX_SIZE; k++) sum += m[0][i][k] * m[1][k][j];
                m[2][i][j] = sum;
            }
        }
        m[0][0][0] = m[2][1][2];
        checksum = hash_word(checksum, m[2][MATRIX_SIZE - 1][MATRIX_SIZE - 1] + m[2][0][0]);
    }
    end_load(&load, checksum);
}

void run_doubles(const struct arguments *arguments) {
    struct load load = start_load(arguments, 10);
    typedef double matrix[MATRIX_SIZE][MATRIX_SIZE];
    matrix *m = (matrix *)HEAP_BASE;
    u64 checksum = HASH_START;
    for (u32 i = 0; i < 2 * MATRIX_SIZE * MATRIX_SIZE; i++) (&m[0][0][0])[i] = (double)(mix(i) >> 40) / 7.0;
    for (u64 round = 0; round < load.rounds; round++) {
        for (u32 i = 0; i < MATRIX_SIZE; i++) {
            for (u32 j = 0; j < MATRIX_SIZE; j++) {
                double sum = 0;
                for (u32 k = 0; k < MATRIX_SIZE; k++) sum += m[0][i][k] * m[1][k][j];
                m[2][i][j] = sum;
            }
        }
        m[0][0][0] = m[2][1][2] / m[2][2][1];
        u64 bits;
        memcpy(&bits, &m[2][0][0], sizeof bits);
        checksum = hash_word(checksum, bits);
    }
    end_load(&load, checksum);
}

static void make_crc_table(u32 *table) {
    for (u32 i = 0; i < 256; i++) {
        u32 crc = i;
        for (u32 bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? CRC_POLYNOMIAL : 0);
        table[i] = crc;
    }
}

void run_crc(const struct arguments *arguments) {
    struct load load = start_load(arguments, 10);
    u32 *table = (u32 *)HEAP_BASE;
    u8 *block = (u8 *)HEAP_BASE + PAGE;
    make_crc_table(table);
    for (u32 i = 0; i < CRC_BLOCK; i++) block[i] = (u8)mix(i);
    u32 crc = ~0u;
    for (u64 round = 0; round < load.rounds; round++)
        for (u32 i = 0; i < CRC_BLOCK; i++) crc = crc >> 8 ^ table[(u8)crc ^ block[i]];
    end_load(&load, ~crc);
}

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static u64 fibonacci(u64 n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

void run_fib(const struct arguments *arguments) {
    struct load load = start_load(arguments, 24);
    end_load(&load, fibonacci(load.rounds));
}

static u64 greatest_common_divisor(u64 a, u64 b) {
    while (b) {
        u64 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

void run_gcd(const struct arguments *arguments) {
    struct load load = start_load(arguments, 10);
    u64 checksum = HASH_START;
    for (u64 i = 0; i < load.rounds * 1000; i++)
        checksum = hash_word(checksum, greatest_common_divisor(mix(i) >> 32, mix(i + 1) >> 32));
    end_load(&load, checksum);
}

enum bytecode { PUSH, ADD, MULTIPLY, XOR, DUPLICATE, SWAP, COUNT_DOWN, JUMP_BACK, END };

/* A stack machine whose loop is `computed goto`: every instruction ends with an indirect jump of its own. */
static u64 interpret(const u8 *code, u64 rounds) {
    static const void *const targets[] = {&&push, &&add, &&multiply, &&xor, &&duplicate, &&swap, &&down, &&back, &&end};
    u64 stack[16] = {1, 1}, *top = stack + 1;
    const u8 *at = code;
#define NEXT goto *targets[*at++]
    NEXT;
push: *++top = *at++; NEXT;
add: top--; *top += top[1]; NEXT;
multiply: top--; *top *= top[1]; NEXT;
xor: top--; *top ^= top[1]; NEXT;
duplicate: top++; *top = top[-1]; NEXT;
swap: { u64 kept = *top; *top = top[-1]; top[-1] = kept; } NEXT;
down: rounds--; NEXT;
back: if (rounds) at = code; NEXT;
end: return *top;
#undef NEXT
}

void run_interpret(const struct arguments *arguments) {
    static const u8 code[] = {PUSH, 31, MULTIPLY, DUPLICATE, PUSH, 7, ADD, SWAP, PUSH, 3, MULTIPLY, XOR, COUNT_DOWN, JUMP_BACK, END};
    struct load load = start_load(arguments, 10);
    end_load(&load, load.rounds ? interpret(code, load.rounds * 1000) : 0);
}
