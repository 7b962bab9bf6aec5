/* Loads of integer arithmetic. */
#include "loads.h"

#define MIX_STEPS 10000u
#define SIEVE_LIMIT 65536u
#define CRC_BLOCK 65536u
#define CRC_POLYNOMIAL 0xedb88320u /* CRC-32 of IEEE 802.3, bits reversed */
#define PAIRS 1000u
#define POWERS 100u

static u64 rotate(u64 x, u32 by) { return x << by | x >> (64 - by); }

/* Additions, rotations, exclusive ors and multiplications of 64 bits: register pairs in 32 bit. */
u32 run_mix(u32 rounds) {
    u64 a = 1, b = 2, c = 3, d = 4;
    for (u32 i = 0; i < rounds * MIX_STEPS; i++) {
        a += b, d = rotate(d ^ a, 24);
        c += d, b = rotate(b ^ c, 40);
        a = a * 0x9e3779b97f4a7c15ull + i;
        d -= c & ~b, b |= (u64)(a > d);
    }
    return (u32)(a ^ b ^ c ^ d ^ (a ^ b ^ c ^ d) >> 32);
}

static u32 sieve(u8 *composite) {
    u32 primes = 0;
    for (u32 i = 0; i < SIEVE_LIMIT; i++) composite[i] = 0;
    for (u32 i = 2; i < SIEVE_LIMIT; i++) {
        if (composite[i]) continue;
        primes++;
        for (u32 j = 2 * i; j < SIEVE_LIMIT; j += i) composite[j] = 1;
    }
    return primes;
}

u32 run_sieve(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds; i++) checksum = hash(checksum, sieve(HEAP));
    return checksum;
}

u32 run_crc(u32 rounds) {
    u32 *table = (u32 *)HEAP;
    u8 *block = HEAP + PAGE;
    for (u32 i = 0; i < 256; i++) {
        table[i] = i;
        for (u32 bit = 0; bit < 8; bit++) table[i] = table[i] >> 1 ^ (table[i] & 1 ? CRC_POLYNOMIAL : 0);
    }
    for (u32 i = 0; i < CRC_BLOCK; i++) block[i] = (u8)scramble(i);
    u32 crc = ~0u;
    for (u32 round = 0; round < rounds; round++)
        for (u32 i = 0; i < CRC_BLOCK; i++) crc = crc >> 8 ^ table[(u8)crc ^ block[i]];
    return ~crc;
}

static u32 greatest_common_divisor(u32 a, u32 b) {
    while (b) {
        u32 rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

u32 run_gcd(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds * PAIRS; i++)
        checksum = hash(checksum, greatest_common_divisor(scramble(i), scramble(i + 1)));
    return checksum;
}

static u32 power(u32 base, u32 exponent, u32 modulus) {
    u64 result = 1, square = base;
    for (; exponent; exponent >>= 1) {
        if (exponent & 1) result = result * square % modulus;
        square = square * square % modulus;
    }
    return (u32)result;
}

/* Divisions of 64 bits: DIV of that size in 64 bit, the compiler's library in 32 bit. */
u32 run_powers(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds * POWERS; i++)
        checksum = hash(checksum, power(scramble(i), scramble(i + 1), scramble(i + 2) | 1));
    return checksum;
}
