/* Calls, returns and indirect jumps. */
#include "loads.h"

#define FIB 20u
#define STEPS 1000u

__attribute__((noinline, optimize("no-optimize-sibling-calls"))) static u32 fibonacci(u32 n) {
    return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

u32 run_fib(u32 rounds) {
    u32 checksum = HASH_START;
    for (u32 i = 0; i < rounds; i++) checksum = hash(checksum, fibonacci(FIB));
    return checksum;
}

/* What a bus or a file system does: calls through a table of functions, chosen by what came before. */
typedef u32 operation(u32 state);
static u32 add(u32 state) { return state + 0x9e3779b9u; }
static u32 twist(u32 state) { return state ^ state << 13; }
static u32 shrink(u32 state) { return state ^ state >> 17; }
static u32 multiply(u32 state) { return state * 0x01000193u; }
static u32 negate(u32 state) { return ~state; }
static u32 rotate(u32 state) { return state << 5 | state >> 27; }
static u32 subtract(u32 state) { return state - 12345; }
static u32 swap(u32 state) { return __builtin_bswap32(state); }

u32 run_dispatch(u32 rounds) {
    static operation *const operations[] = {add, twist, shrink, multiply, negate, rotate, subtract, swap};
    u32 state = 1;
    for (u32 i = 0; i < rounds * STEPS; i++) state = operations[(state >> 11 ^ i) % 8](state);
    return state;
}

enum bytecode { PUSH, ADD, MULTIPLY, XOR, DUPLICATE, SWAP, COUNT_DOWN, JUMP_BACK, END };

/* A stack machine whose loop is `computed goto`: every instruction ends with an indirect jump of its own. */
static u32 interpret(const u8 *code, u32 rounds) {
    static const void *const targets[] = {&&push, &&add, &&multiply, &&xor, &&duplicate, &&swap, &&down, &&back, &&end};
    u32 stack[16] = {1, 1}, *top = stack + 1;
    const u8 *at = code;
#define NEXT goto *targets[*at++]
    NEXT;
push: *++top = *at++; NEXT;
add: top--; *top += top[1]; NEXT;
multiply: top--; *top *= top[1]; NEXT;
xor: top--; *top ^= top[1]; NEXT;
duplicate: top++; *top = top[-1]; NEXT;
swap: { u32 kept = *top; *top = top[-1]; top[-1] = kept; } NEXT;
down: rounds--; NEXT;
back: if (rounds) at = code; NEXT;
end: return *top;
#undef NEXT
}

u32 run_interpret(u32 rounds) {
    static const u8 code[] = {PUSH, 31, MULTIPLY, DUPLICATE, PUSH, 7, ADD, SWAP, PUSH, 3, MULTIPLY, XOR, COUNT_DOWN, JUMP_BACK, END};
    return rounds ? interpret(code, rounds * STEPS) : 0;
}
