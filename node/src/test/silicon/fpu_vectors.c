/*
 * Executes floating-point instructions on this machine's processor and writes what they did, as 48-byte little-endian
 * records on standard output (see struct vector). Operands come from a seeded generator that favours edges.
 *
 *   gcc -O1 -o fpu_vectors fpu_vectors.c && ./fpu_vectors SEED COUNT [FIRST_OPERATION LAST_OPERATION] > vectors.bin
 *
 * x87: ST(0) is a, ST(1) is b; SSE: a and b are the two operands' bits. Exceptions may be unmasked: an x87 operation is
 * followed by instructions that do not wait, an SSE one is stepped over by the SIGFPE handler.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>

struct vector {
    uint16_t operation;
    uint16_t status; /* x87 status word; SSE: bits 0-5 flags, bit 6 faulted, bits 8-10 ZF PF CF */
    uint32_t control; /* x87 control word or MXCSR */
    uint64_t a, b, result, second; /* significands or bits; x87: second is ST(1) */
    uint16_t a_head, b_head, result_head, second_head; /* sign and exponent words */
};

struct __attribute__((packed)) extended { uint64_t significand; uint16_t head; };
struct __attribute__((packed)) save {
    uint32_t control, status, tag, ip, ip_selector, operand, operand_selector;
    struct extended st[8];
};

static uint64_t state;

static uint64_t next(void) /* SplitMix64 */
{
    uint64_t z = (state += 0x9e3779b97f4a7c15u);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static unsigned below(unsigned n) { return (next() >> 32) % n; }

/* A significand: random, sparse, dense, or short, so that exact and halfway cases come up. */
static uint64_t bits(void)
{
    uint64_t r = next();
    switch (below(6)) {
    case 0: return r;
    case 1: return r & next() & next();
    case 2: return r | next() | next();
    case 3: return r << below(64);
    case 4: return r >> below(64);
    default: return ((uint64_t)1 << below(64)) + (int)below(3) - 1;
    }
}

static struct extended any_extended(int near)
{
    static const uint16_t exponents[] = {0, 0, 1, 2, 0x3ffe, 0x3fff, 0x4000, 0x403e, 0x7ffd, 0x7ffe, 0x7fff, 0x7fff};
    struct extended x;
    x.significand = bits();
    switch (below(10)) {
    case 0: x.head = exponents[below(12)]; if (below(3) == 0) x.significand = (uint64_t)below(4) << 62; break;
    case 1: x.head = next() & 0x7fff; break;
    case 2: x.head = below(80); break;
    case 3: x.head = 0x7fff - below(80); break;
    case 4: x.head = 0x2000 + below(140) - 70; break; /* products near the underflow threshold */
    case 5: x.head = 0x3fff + below(20) - 10; break;
    default: x.head = near + (int)below(140) - 70; break;
    }
    x.head &= 0x7fff;
    if (x.head != 0 && below(40) != 0) x.significand |= (uint64_t)1 << 63;
    if (x.head == 0 && below(10) != 0) x.significand &= ~((uint64_t)1 << 63);
    if (below(2)) x.head |= 0x8000;
    return x;
}

static uint64_t any_double(int near)
{
    static const uint16_t exponents[] = {0, 0, 1, 2, 0x3fe, 0x3ff, 0x400, 0x43e, 0x7fd, 0x7fe, 0x7ff, 0x7ff};
    uint64_t e, f = bits() >> 12;
    switch (below(8)) {
    case 0: e = exponents[below(12)]; if (below(3) == 0) f = (uint64_t)below(2) << 51; break;
    case 1: e = next(); break;
    case 2: e = below(60); break;
    case 3: e = 0x7ff - below(60); break;
    case 4: e = 0x3ff + below(70) - 5; break;
    default: e = near + (int)below(110) - 55; break;
    }
    return (e & 0x7ff) << 52 | f | next() << 63;
}

static uint32_t any_single(int near)
{
    static const uint16_t exponents[] = {0, 0, 1, 2, 0x7e, 0x7f, 0x80, 0x9e, 0xfd, 0xfe, 0xff, 0xff};
    uint32_t e, f = bits() >> 41;
    switch (below(8)) {
    case 0: e = exponents[below(12)]; if (below(3) == 0) f = below(2) << 22; break;
    case 1: e = next(); break;
    case 2: e = below(30); break;
    case 3: e = 0xff - below(30); break;
    case 4: e = 0x7f + below(70) - 5; break;
    default: e = near + (int)below(52) - 26; break;
    }
    return (e & 0xff) << 23 | f | (uint32_t)next() << 31;
}

/* ---- x87 ---- */

#define RUN(text) \
    __asm__ volatile("fninit\n\tfldt %[b]\n\tfldt %[a]\n\tfldcw %[cw]\n\t" text "\n\tfnsave %[save]" \
                     : [save] "=m"(save), [m] "+m"(memory) : [a] "m"(a), [b] "m"(b), [cw] "m"(cw))

enum { NUMBER, MEMORY_STORE, MEMORY_LOAD, ANGLE, LOGARITHM, NEAR_ZERO };
#define X87_OPERATIONS(X) \
    X(0, NUMBER, "fadd %%st(1), %%st") X(1, NUMBER, "fsub %%st(1), %%st") X(2, NUMBER, "fmul %%st(1), %%st") \
    X(3, NUMBER, "fdiv %%st(1), %%st") X(4, NUMBER, "fsqrt") X(5, NUMBER, "frndint") X(6, NUMBER, "fcom") \
    X(7, NUMBER, "fucom") X(8, NUMBER, "fprem") X(9, NUMBER, "fprem1") X(10, NUMBER, "fscale") X(11, NUMBER, "fxtract") \
    X(12, NUMBER, "fxam") X(13, MEMORY_STORE, "fsts %[m]") X(14, MEMORY_STORE, "fstl %[m]") \
    X(15, MEMORY_STORE, "fists %[m]") X(16, MEMORY_STORE, "fistl %[m]") X(17, MEMORY_STORE, "fistpll %[m]") \
    X(18, MEMORY_STORE, "fbstp %[m]") X(19, MEMORY_LOAD, "flds %[m]") X(20, MEMORY_LOAD, "fldl %[m]") \
    X(21, MEMORY_LOAD, "filds %[m]") X(22, MEMORY_LOAD, "fildl %[m]") X(23, MEMORY_LOAD, "fildll %[m]") \
    X(24, MEMORY_LOAD, "fbld %[m]") X(25, NUMBER, "fld1") X(26, NUMBER, "fldl2t") X(27, NUMBER, "fldl2e") \
    X(28, NUMBER, "fldpi") X(29, NUMBER, "fldlg2") X(30, NUMBER, "fldln2") X(31, NUMBER, "fldz") \
    X(32, NEAR_ZERO, "f2xm1") X(33, LOGARITHM, "fyl2x") X(34, NEAR_ZERO, "fyl2xp1") X(35, NUMBER, "fpatan") \
    X(36, ANGLE, "fptan") X(37, ANGLE, "fsin") X(38, ANGLE, "fcos") X(39, ANGLE, "fsincos") \
    X(40, MEMORY_STORE, "fisttps %[m]") X(41, MEMORY_STORE, "fisttpl %[m]") X(42, MEMORY_STORE, "fisttpll %[m]")

static void shape(int kind, struct extended *a, struct extended *b)
{
    if (below(8) == 0 || kind == NUMBER) return;
    if (kind == ANGLE) a->head = (a->head & 0x8000) | (0x3fff - 40 + below(105));
    if (kind == NEAR_ZERO) a->head = (a->head & 0x8000) | (0x3ffe - (below(3) ? below(4) : below(90)));
    if (kind == LOGARITHM) {
        a->head &= 0x7fff;
        if (below(3) == 0) a->head = 0x3ffe + below(2);
        if (below(4) == 0) { a->head = 0x3fff; a->significand >>= below(60); }
    }
    if (kind == NEAR_ZERO || kind == LOGARITHM) b->head = (b->head & 0x8000) | (0x3fff - 40 + below(80));
    if (kind == MEMORY_STORE) {
        static const int centre[] = {0x3fff, 0x3fff - 127, 0x3fff + 127, 0x3fff - 1023, 0x3fff + 1023, 0x3fff + 32, 0x3fff + 60};
        a->head = (a->head & 0x8000) | (centre[below(7)] + (int)below(70) - 35);
    }
    a->significand |= (uint64_t)1 << 63;
    b->significand |= (uint64_t)1 << 63;
}

static struct vector x87(int operation)
{
    struct vector v = {.operation = operation};
    struct extended a = any_extended(0x3fff);
    struct extended b = any_extended(a.head & 0x7fff);
    static const uint16_t precision[] = {0, 0x200, 0x300, 0x300};
    uint16_t cw = 0x40 | precision[below(4)] | below(4) << 10 | (below(3) ? 0x3f : next() & 0x3f);
    struct { uint64_t low, high; } memory = {0xccccccccccccccccu, 0xccccccccccccccccu};
    struct save save;
    int kind = NUMBER;
    switch (operation) {
#define KIND(n, k, text) case n: kind = k; break;
        X87_OPERATIONS(KIND)
    }
    shape(kind, &a, &b);
    if (kind == MEMORY_LOAD) {
        memory.low = operation == 19 ? any_single(0x7f) : operation == 20 ? any_double(0x3ff) : bits();
        memory.high = bits();
        if (operation == 24)
            for (int i = 0; i < 64; i += 4) {
                if ((memory.low >> i & 15) > 9) memory.low ^= (uint64_t)8 << i;
                if ((memory.high >> i & 15) > 9) memory.high ^= (uint64_t)8 << i;
            }
        v.b = memory.low;
        v.b_head = memory.high;
    }
    switch (operation) {
#define EXECUTE(n, k, text) case n: RUN(text); break;
        X87_OPERATIONS(EXECUTE)
    }
    v.control = cw;
    v.status = save.status;
    v.a = a.significand, v.a_head = a.head;
    if (kind != MEMORY_LOAD) v.b = b.significand, v.b_head = b.head;
    v.result = save.st[0].significand, v.result_head = save.st[0].head;
    v.second = save.st[1].significand, v.second_head = save.st[1].head;
    if (kind == MEMORY_STORE) v.result = memory.low, v.result_head = memory.high;
    return v;
}

/* ---- SSE ---- */

static volatile uint32_t fault_flags;
static volatile int faulted;
static uint64_t resume;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *c = context;
    (void)signal, (void)info;
    faulted = 1;
    fault_flags = c->uc_mcontext.fpregs->mxcsr;
    c->uc_mcontext.fpregs->mxcsr = 0x1f80;
    c->uc_mcontext.gregs[REG_RIP] = resume;
}

#define SSE(text) \
    __asm__ volatile("leaq 1f(%%rip), %%rax\n\tmovq %%rax, %[resume]\n\tmovq %[a], %%xmm0\n\tmovq %[b], %%xmm1\n\t" \
                     "movq %[b], %%rcx\n\tmovq %[a], %%rdx\n\txorl %%eax, %%eax\n\tldmxcsr %[mxcsr]\n\t" text \
                     "\n1:\tpushfq\n\tpopq %[eflags]\n\tstmxcsr %[out]\n\tldmxcsr %[masked]\n\tmovq %%xmm0, %[r]\n\tmovq %%rdx, %[g]" \
                     : [resume] "=m"(resume), [eflags] "=r"(eflags), [out] "=m"(out), [r] "=m"(r), [g] "=m"(g) \
                     : [a] "m"(v.a), [b] "m"(v.b), [mxcsr] "m"(v.control), [masked] "m"(masked) \
                     : "rax", "rcx", "rdx", "xmm0", "xmm1", "cc")

enum { SINGLE, DOUBLE, INTEGER };
#define SSE_OPERATIONS(X) \
    X(64, SINGLE, "addss %%xmm1, %%xmm0") X(65, SINGLE, "subss %%xmm1, %%xmm0") X(66, SINGLE, "mulss %%xmm1, %%xmm0") \
    X(67, SINGLE, "divss %%xmm1, %%xmm0") X(68, SINGLE, "sqrtss %%xmm1, %%xmm0") X(69, SINGLE, "minss %%xmm1, %%xmm0") \
    X(70, SINGLE, "maxss %%xmm1, %%xmm0") X(71, SINGLE, "cmpss $0, %%xmm1, %%xmm0") X(72, SINGLE, "cmpss $1, %%xmm1, %%xmm0") \
    X(73, SINGLE, "cmpss $2, %%xmm1, %%xmm0") X(74, SINGLE, "cmpss $3, %%xmm1, %%xmm0") \
    X(75, SINGLE, "cmpss $4, %%xmm1, %%xmm0") X(76, SINGLE, "cmpss $5, %%xmm1, %%xmm0") \
    X(77, SINGLE, "cmpss $6, %%xmm1, %%xmm0") X(78, SINGLE, "cmpss $7, %%xmm1, %%xmm0") \
    X(79, SINGLE, "ucomiss %%xmm1, %%xmm0") X(80, SINGLE, "comiss %%xmm1, %%xmm0") X(81, SINGLE, "cvtss2sd %%xmm1, %%xmm0") \
    X(82, INTEGER, "cvtsi2ssl %%ecx, %%xmm0") X(83, INTEGER, "cvtsi2ssq %%rcx, %%xmm0") \
    X(84, SINGLE, "cvtss2sil %%xmm1, %%edx") X(85, SINGLE, "cvtss2siq %%xmm1, %%rdx") \
    X(86, SINGLE, "cvttss2sil %%xmm1, %%edx") X(87, SINGLE, "cvttss2siq %%xmm1, %%rdx") \
    X(96, DOUBLE, "addsd %%xmm1, %%xmm0") X(97, DOUBLE, "subsd %%xmm1, %%xmm0") X(98, DOUBLE, "mulsd %%xmm1, %%xmm0") \
    X(99, DOUBLE, "divsd %%xmm1, %%xmm0") X(100, DOUBLE, "sqrtsd %%xmm1, %%xmm0") X(101, DOUBLE, "minsd %%xmm1, %%xmm0") \
    X(102, DOUBLE, "maxsd %%xmm1, %%xmm0") X(103, DOUBLE, "cmpsd $0, %%xmm1, %%xmm0") X(104, DOUBLE, "cmpsd $1, %%xmm1, %%xmm0") \
    X(105, DOUBLE, "cmpsd $2, %%xmm1, %%xmm0") X(106, DOUBLE, "cmpsd $3, %%xmm1, %%xmm0") \
    X(107, DOUBLE, "cmpsd $4, %%xmm1, %%xmm0") X(108, DOUBLE, "cmpsd $5, %%xmm1, %%xmm0") \
    X(109, DOUBLE, "cmpsd $6, %%xmm1, %%xmm0") X(110, DOUBLE, "cmpsd $7, %%xmm1, %%xmm0") \
    X(111, DOUBLE, "ucomisd %%xmm1, %%xmm0") X(112, DOUBLE, "comisd %%xmm1, %%xmm0") X(113, DOUBLE, "cvtsd2ss %%xmm1, %%xmm0") \
    X(114, INTEGER, "cvtsi2sdl %%ecx, %%xmm0") X(115, INTEGER, "cvtsi2sdq %%rcx, %%xmm0") \
    X(116, DOUBLE, "cvtsd2sil %%xmm1, %%edx") X(117, DOUBLE, "cvtsd2siq %%xmm1, %%rdx") \
    X(118, DOUBLE, "cvttsd2sil %%xmm1, %%edx") X(119, DOUBLE, "cvttsd2siq %%xmm1, %%rdx")

static struct vector sse(int operation)
{
    struct vector v = {.operation = operation};
    uint64_t eflags = 0, r = 0, g = 0;
    uint32_t out = 0, masked = 0x1f80;
    int kind = INTEGER;
    switch (operation) {
#define SSE_KIND(n, k, text) case n: kind = k; break;
        SSE_OPERATIONS(SSE_KIND)
    }
    v.control = below(4) << 13 | (below(3) == 0 ? next() & 0x8040 : 0) | (below(8) ? 0x1f80 : (next() & 0x3f) << 7)
        | (below(2) ? 0x20 : 0);
    v.a = kind == SINGLE ? any_single(0x7f) : kind == DOUBLE ? any_double(0x3ff) : 0;
    v.b = kind == SINGLE ? any_single(v.a >> 23 & 0xff) : kind == DOUBLE ? any_double(v.a >> 52 & 0x7ff) : bits() * (below(2) ? 1 : -1);
    faulted = 0;
    switch (operation) {
#define SSE_EXECUTE(n, k, text) case n: SSE(text); break;
        SSE_OPERATIONS(SSE_EXECUTE)
    }
    v.status = faulted ? (fault_flags & 0x3f) | 0x40 : out & 0x3f;
    v.result = r, v.second = g;
    if (!faulted && (operation == 79 || operation == 80 || operation == 111 || operation == 112))
        v.status |= (eflags >> 6 & 1) << 8 | (eflags >> 2 & 1) << 9 | (eflags & 1) << 10;
    return v;
}

int main(int count, char **arguments)
{
    if (count != 3 && count != 5) return fprintf(stderr, "usage: fpu_vectors SEED COUNT [FIRST LAST]\n"), 2;
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    sigaction(SIGFPE, &action, NULL);
    state = strtoull(arguments[1], NULL, 0);
    long vectors = strtol(arguments[2], NULL, 0);
    int first = count == 5 ? atoi(arguments[3]) : 0, last = count == 5 ? atoi(arguments[4]) : 119;
    for (long i = 0; i < vectors;) {
        int operation = first + below(last - first + 1);
        int x = operation <= 42, s = (operation >= 64 && operation <= 87) || (operation >= 96 && operation <= 119);
        if (!x && !s) continue;
        struct vector v = x ? x87(operation) : sse(operation);
        if (fwrite(&v, sizeof v, 1, stdout) != 1) return perror("fpu_vectors"), 1;
        i++;
    }
    return 0;
}
