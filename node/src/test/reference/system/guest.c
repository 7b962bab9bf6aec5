/*
 * A freestanding guest that executes random system instructions, one per case, and logs what became of each: segment
 * loads, far transfers, gates, interrupts and returns between rings, virtual-8086 mode, task switches. The same image runs
 * on Bochs, whose log is recorded (see record), and on our processor, which must agree (SystemReplayTest).
 *
 * Built with -m32 for protected mode and with -m64 for long mode. Entered at start() with flat segments and interrupts
 * off, all of memory mapped onto itself and open to user mode; EDI holds the seed, ESI the number of cases. The log leaves
 * through port E9H, after the mark "LOG:".
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned long word;

#ifdef __x86_64__
#define LONG 1
#else
#define LONG 0
#endif

/* Fixed places below 64 KiB, so that 16-bit segments and gates reach them. */
#define CODE 0x5000UL          /* the instruction under test */
#define LANDING 0x5100UL       /* where gates and returns lead: INT3 */
#define POINTER 0x5200UL       /* a far pointer operand */
#define STACK 0x6000UL         /* one page; the stack pointer starts in its middle */
#define INNER_STACK 0x8000UL   /* one page for each of the rings 0 to 2 */
#define GDT 0xC000UL
#define LDT 0xC400UL
#define IDT 0xD000UL
#define TSS 0xE000UL
#define OTHER_TSS 0xE800UL
#define STUBS 0x10000UL
#define LOG 0x400000UL

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#define USER_CODE 0x1B
#define USER_DATA 0x23
#define TSS_SELECTOR 0x28
#define LDT_SELECTOR 0x38
#define RING1_DATA 0x49
#define RING2_DATA 0x52
#define RING1_CODE 0x59
#define RING2_CODE 0x62
#define OTHER_TASK 0x68
#define TASK_GATE 0x70
#define OTHER_TASK_16 0x78
#define FIRST_RANDOM 16
#define LAST_RANDOM 31
#define LOCAL_ENTRIES 8

/* Layouts shared with the assembly below and with the test that reads the log. */
struct state {
    word vector, error, ip, cs, flags, sp, ss;
    word ax, cx, dx, bx, bp, si, di;
    word ds, es, fs, gs;
};
struct record {
    word kind, cpl;
    u8 code[16];
    struct state in, out;
    word frame[6];
    word ldtr, tr, cr0, memory;
};

static u64 seed;
/* Seen by the assembly. */
struct state in, out;
word kernel_sp;

static u32 random(void) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (u32)(seed >> 16);
}

static u32 below(u32 n) { return random() % n; }

#define MEMORY(type, address) (*(volatile type *)(address))

/* ---- running one case: enter() loads `in` by IRET; every vector ends in common, which fills `out` and returns from enter */

void enter(void);
void common(void);
#if LONG
asm(".globl enter\nenter:\n push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15; pushfq\n"
    " mov %rsp, kernel_sp(%rip)\n"
    " lea in(%rip), %r15\n"
    " push 48(%r15); push 40(%r15); push 32(%r15); push 24(%r15); push 16(%r15)\n"
    " mov 112(%r15),%eax; mov %eax,%ds; mov 120(%r15),%eax; mov %eax,%es\n"
    " mov 128(%r15),%eax; mov %eax,%fs; mov 136(%r15),%eax; mov %eax,%gs\n"
    " mov 56(%r15),%rax; mov 64(%r15),%rcx; mov 72(%r15),%rdx; mov 80(%r15),%rbx; mov 88(%r15),%rbp\n"
    " mov 96(%r15),%rsi; mov 104(%r15),%rdi\n"
    " iretq\n"
    ".globl common\ncommon:\n"
    " push %rax; push %rcx\n"
    " lea out(%rip), %rax\n"
    " mov %rdx,72(%rax); mov %rbx,80(%rax); mov %rbp,88(%rax); mov %rsi,96(%rax); mov %rdi,104(%rax)\n"
    " pop %rcx; mov %rcx,64(%rax); pop %rcx; mov %rcx,56(%rax)\n"
    " pop (%rax); pop 8(%rax); pop 16(%rax); pop 24(%rax); pop 32(%rax); pop 40(%rax); pop 48(%rax)\n"
    " xor %ecx,%ecx; mov %ds,%cx; mov %rcx,112(%rax); mov %es,%cx; mov %rcx,120(%rax)\n"
    " mov %fs,%cx; mov %rcx,128(%rax); mov %gs,%cx; mov %rcx,136(%rax)\n"
    " mov $0x10,%ecx; mov %ecx,%ds; mov %ecx,%es; mov %ecx,%ss\n"
    " mov kernel_sp(%rip),%rsp\n"
    " popfq; pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx\n"
    " ret\n");
#else
asm(".globl enter\nenter:\n push %ebx; push %ebp; push %esi; push %edi; pushfl\n"
    " mov %esp, kernel_sp\n"
    " mov $in, %edi\n"
    " testl $0x20000, 16(%edi); jz 1f\n"
    " push 68(%edi); push 64(%edi); push 56(%edi); push 60(%edi)\n"
    "1: testl $0x20000, 16(%edi); jnz 2f\n testl $3, 12(%edi); jz 3f\n"
    "2: push 24(%edi); push 20(%edi)\n"
    "3: push 16(%edi); push 12(%edi); push 8(%edi)\n"
    " testl $0x20000, 16(%edi); jnz 4f\n testl $3, 12(%edi); jnz 4f\n"
    /* the same privilege: IRET does not load the stack, so go over to it first */
    " mov 20(%edi),%eax; sub $12,%eax\n"
    " pop (%eax); pop 4(%eax); pop 8(%eax); mov 24(%edi),%ecx; mov %ecx,%ss; mov %eax,%esp\n"
    "4: mov 32(%edi),%ecx; mov 36(%edi),%edx; mov 40(%edi),%ebx; mov 44(%edi),%ebp; mov 48(%edi),%esi\n"
    " push 28(%edi); push $0x23\n"
    " mov $0x23,%eax; mov %eax,%es; mov %eax,%fs; mov %eax,%gs\n"
    " mov 52(%edi),%edi; pop %eax; mov %eax,%ds; pop %eax\n"
    " iretl\n"
    ".globl common\ncommon:\n"
    " pushal; push %ds; push %es; push %fs; push %gs\n"
    " mov %ss,%ebx; mov %esp,%esi; mov $0x10,%eax; mov %eax,%ds; mov %eax,%es\n"
    " mov %eax,%ss; mov kernel_sp,%esp\n"
    " push %ebx; push %esi; cld; call unpack; add $8,%esp\n"
    " popfl; pop %edi; pop %esi; pop %ebp; pop %ebx\n"
    " ret\n");

__attribute__((used)) static void unpack(u32 *s, u32 ss) {
    out.gs = (u16)s[0], out.fs = (u16)s[1], out.es = (u16)s[2], out.ds = (u16)s[3];
    out.di = s[4], out.si = s[5], out.bp = s[6], out.bx = s[8], out.dx = s[9], out.cx = s[10], out.ax = s[11];
    out.vector = s[12], out.error = s[13], out.ip = s[14], out.cs = (u16)s[15], out.flags = s[16];
    u32 *after = s + 17;
    if ((out.flags & 0x20000) != 0 || (out.cs & 3) != (ss & 3)) {
        out.sp = after[0], out.ss = (u16)after[1];
    } else {
        out.sp = (u32)after, out.ss = ss;
    }
    if ((out.flags & 0x20000) != 0) {
        out.es = (u16)after[2], out.ds = (u16)after[3], out.fs = (u16)after[4], out.gs = (u16)after[5];
    }
}
#endif

/* ---- tables */

static u64 descriptor(u32 base, u32 limit, u32 access, u32 flags) {
    return (limit & 0xFFFF) | (u64)(base & 0xFFFFFF) << 16 | (u64)access << 40 | (u64)(limit >> 16 & 15) << 48
         | (u64)flags << 52 | (u64)(base >> 24) << 56;
}

static u64 gate(u32 selector, u32 offset, u32 access, u32 count) {
    return (offset & 0xFFFF) | (u64)selector << 16 | (u64)count << 32 | (u64)access << 40 | (u64)(offset >> 16) << 48;
}

static u32 random_selector(void) {
    u32 rpl = below(2) ? 0 : below(4);
    switch (below(16)) {
    case 0: return below(4);
    case 1: return below(0x10000);
    case 2: return USER_CODE;
    case 3: return USER_DATA;
    case 4: return KERNEL_CODE & ~3 | rpl;
    case 5: return KERNEL_DATA & ~3 | rpl;
    case 6: case 7: return below(LOCAL_ENTRIES) << 3 | 4 | rpl;
    case 8: return (RING1_CODE & ~3) + 8 * below(2) | below(4);
    default: return (FIRST_RANDOM + below(LAST_RANDOM - FIRST_RANDOM + 1)) << 3 | (below(2) ? rpl : 3);
    }
}

static u64 random_descriptor(void) {
    u32 access = random() & 0x7F | (below(8) ? 0x80 : 0);
    if (below(4)) access |= 0x10;
    u32 flags = below(4) << 2 | below(2);
    if (LONG && (access & 0x18) == 0x18 && below(3)) flags = 0xA;
    if (LONG && (access & 0x18) == 0x18 && below(8) == 0) flags = 0xE;
    u32 type = access & 0x1F;
    if (type == 1 || type == 5 || type == 9) access ^= 2;  /* no task switches here */
    if (type == 4 || type == 12) {
        u32 target = below(3) ? (below(2) ? KERNEL_CODE : random_selector()) : RING1_CODE + 8 * below(2);
        return gate(target, LANDING, access, below(4));
    }
    u32 limit = below(4) ? 0xFFFFF : below(2) ? 0xFFFF : 0x50FF;
    /* What may become a stack of the handlers must not fail them. */
    if ((access & 0x1A) == 0x12) limit = 0xFFFFF, access &= ~4, flags |= 8;
    return descriptor(0, limit, access, flags);
}

static void set_gate(u32 vector, u32 selector, word offset, u32 access, u32 ist) {
    u64 *entry = (u64 *)(IDT + vector * (LONG ? 16 : 8));
    entry[0] = gate(selector, (u32)offset, access, ist);
#if LONG
    entry[1] = offset >> 32;
#endif
}

static int has_error_code(u32 vector) {
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

static void make_stubs(void) {
    for (u32 vector = 0; vector < 256; vector++) {
        u8 *stub = (u8 *)(STUBS + vector * 16), *p = stub;
        if (!has_error_code(vector)) *p++ = 0x6A, *p++ = 0x5A;
        *p++ = 0x68, *(u32 *)p = vector, p += 4;
        *p++ = 0xE9, *(u32 *)p = (u32)((word)common - (word)p - 4);
        set_gate(vector, KERNEL_CODE, (word)stub, vector == 3 ? 0xEE : 0x8E, 0);
    }
}

static void load_tables(void) {
    struct { u16 limit; word base; } __attribute__((packed)) gdtr = {LAST_RANDOM * 8 + 7, GDT},
                                                            idtr = {LONG ? 4095 : 2047, IDT};
    asm volatile("lgdt %0" : : "m"(gdtr));
    asm volatile("lidt %0" : : "m"(idtr));
}

static void make_tables(void) {
    volatile u64 *gdt = (u64 *)GDT;
    u32 code = LONG ? 0xA : 0xC;
    for (u32 n = 0; n <= LAST_RANDOM; n++) gdt[n] = n < FIRST_RANDOM ? 0 : random_descriptor();
    gdt[1] = descriptor(0, 0xFFFFF, 0x9B, code);
    gdt[2] = descriptor(0, 0xFFFFF, 0x93, 0xC);
    gdt[3] = descriptor(0, 0xFFFFF, 0xFB, code);
    gdt[4] = descriptor(0, 0xFFFFF, 0xF3, 0xC);
    /* The I/O permission bitmap ends somewhere among the ports under test. */
    gdt[5] = descriptor(TSS, 0x130 + below(12), 0x89, 0);
    gdt[7] = descriptor(LDT, LOCAL_ENTRIES * 8 - 1, 0x82, 0);
    gdt[9] = descriptor(0, 0xFFFFF, 0xB3, 0xC);
    gdt[10] = descriptor(0, 0xFFFFF, 0xD3, 0xC);
    gdt[11] = descriptor(0, 0xFFFFF, 0xBB, code);
    gdt[12] = descriptor(0, 0xFFFFF, 0xDB, code);
    gdt[13] = descriptor(OTHER_TSS, below(8) ? 0x67 : 0x66, below(16) ? 0xE9 : 0x69, 0);
    gdt[14] = gate(below(8) ? OTHER_TASK : OTHER_TASK_16, 0, 0xE5, 0);
    gdt[15] = descriptor(OTHER_TSS, 0x2B, 0xE1, 0);
    for (u32 n = 0; n < LOCAL_ENTRIES; n++) MEMORY(u64, LDT + 8 * n) = random_descriptor();
    load_tables();
    asm volatile("lldt %w0" : : "r"(LDT_SELECTOR));
    asm volatile("ltr %w0" : : "r"(TSS_SELECTOR));
    for (u32 n = 0; n < 0x300; n += 4) MEMORY(u32, TSS + n) = 0;
    for (u32 ring = 0; ring < 3; ring++) {
        word top = INNER_STACK + 0x1000 * ring + 0xFF0;
#if LONG
        MEMORY(u64, TSS + 4 + 8 * ring) = top - below(16);
        MEMORY(u64, TSS + 36 + 8 * ring) = top - 0x400;
#else
        MEMORY(u32, TSS + 4 + 8 * ring) = top;
        MEMORY(u32, TSS + 8 + 8 * ring) = ring == 0 ? KERNEL_DATA : ring == 1 ? RING1_DATA : RING2_DATA;
#endif
    }
    MEMORY(u16, TSS + 102) = 0x100;
    for (u32 n = 0; n < 64; n++) MEMORY(u8, TSS + 0x100 + n) = below(2) ? 0 : random();
        for (u32 n = 0; n < 8; n++) {
        u32 target = below(3) ? KERNEL_CODE : random_selector();
        u32 kind = LONG ? 0xE : below(2) ? 0xE : 6;
        u32 access = (below(8) ? 0x80 : 0) | below(4) << 5 | kind | below(2);
        set_gate(0x40 + n, target, LANDING, access, LONG ? below(3) : 0);
    }
}

/* ---- cases */

enum {
    LOAD, POP_SEGMENT, FAR_POINTER, INSPECT, JUMP, CALL, RETURN, INTERRUPT_RETURN, INTERRUPT, TABLES, FLAGS, PORT,
    PRIVILEGED, VIRTUAL_8086, TASK, KINDS
};

static u8 *emit;
static void byte(u32 b) { *emit++ = b; }
static void bytes(u32 a, u32 b, u32 c) { byte(a), byte(b), byte(c); }
/* ModRM and displacement for [POINTER]: disp32, in long mode through a SIB byte without base. */
static void pointer_operand(u32 reg) {
    if (LONG) byte(reg << 3 | 4), byte(0x25);
    else byte(reg << 3 | 5);
    *(u32 *)emit = POINTER, emit += 4;
}

static void make_frame(struct record *r) {
    u32 cs = below(4) ? (below(2) ? USER_CODE : KERNEL_CODE | r->cpl) : random_selector();
    u32 ss = below(4) ? (cs & 3) == 3 ? USER_DATA : (cs & 3) == 0 ? KERNEL_DATA : random_selector() : random_selector();
    u32 flags = random() & 0x3E7ED5 & ~0x4000 & ~0x100 & ~0x20000 & ~0x180000;
    r->frame[0] = LANDING, r->frame[1] = cs;
    if (r->kind == RETURN) r->frame[2] = STACK + 0x900, r->frame[3] = ss;
    else r->frame[2] = flags, r->frame[3] = STACK + 0x900, r->frame[4] = ss;
}

static void place_frame(struct record *r, int size) {
    for (u32 n = 0; n < 6; n++) {
        word at = r->in.sp + n * size;
        if (size == 2) MEMORY(u16, at) = r->frame[n];
        else if (size == 4) MEMORY(u32, at) = r->frame[n];
        else MEMORY(u64, at) = r->frame[n];
    }
}

static int operand_size_prefix(void) {
    if (below(4) == 0) { byte(0x66); return 2; }
    if (LONG && below(4)) { byte(0x48); return 8; }
    return 4;
}

static void far_operand(u32 reg) {
    int size = operand_size_prefix();
    byte(0xFF);
    pointer_operand(reg);
    u32 selector = random_selector();
    if (size == 2) MEMORY(u16, POINTER) = LANDING, MEMORY(u16, POINTER + 2) = selector;
    else if (size == 4) MEMORY(u32, POINTER) = LANDING, MEMORY(u16, POINTER + 4) = selector;
    else MEMORY(u64, POINTER) = LANDING, MEMORY(u16, POINTER + 8) = selector;
}

/* A task to switch to. One of privilege 0 gets a stack that works, or its faults could not be told. */
static void make_task(struct record *r) {
    for (u32 n = 0; n < 0x68; n += 4) MEMORY(u32, OTHER_TSS + n) = 0;
    int is16 = r->frame[0] == OTHER_TASK_16;
    /* A 16-bit task's ESP has an upper half that nobody defines: it gets its handlers' stack from the TSS. */
    u32 cs = below(2) && !is16 ? KERNEL_CODE : USER_CODE;
    u32 selectors[] = {USER_DATA, cs, cs == USER_CODE ? USER_DATA : KERNEL_DATA, USER_DATA, USER_DATA, USER_DATA};
    /* One selector may be bad, not two: which is reported first is nobody's contract. */
    u32 which = below(8);
    if (which < 6 && (cs == USER_CODE || (which != 1 && which != 2))) {
        selectors[which] = random_selector() | (which == 1 || which == 2 ? 3 : 0);
    }
    u32 flags = random() & 0xCD5 | 2 | below(4) << 12;
    u32 ldt = below(4) ? LDT_SELECTOR : 0;
    if (is16) {
        MEMORY(u16, OTHER_TSS + 2) = INNER_STACK + 0xE00, MEMORY(u16, OTHER_TSS + 4) = KERNEL_DATA;
        MEMORY(u16, OTHER_TSS + 14) = LANDING, MEMORY(u16, OTHER_TSS + 16) = flags;
        for (u32 n = 0; n < 8; n++) MEMORY(u16, OTHER_TSS + 18 + 2 * n) = n == 4 ? STACK + 0x900 : random();
        for (u32 n = 0; n < 4; n++) MEMORY(u16, OTHER_TSS + 34 + 2 * n) = selectors[n];
        MEMORY(u16, OTHER_TSS + 42) = ldt;
        return;
    }
    MEMORY(u32, OTHER_TSS + 4) = INNER_STACK + 0xE00, MEMORY(u32, OTHER_TSS + 8) = KERNEL_DATA;
    MEMORY(u32, OTHER_TSS + 0x20) = LANDING, MEMORY(u32, OTHER_TSS + 0x24) = flags;
    for (u32 n = 0; n < 8; n++) MEMORY(u32, OTHER_TSS + 0x28 + 4 * n) = n == 4 ? STACK + 0x900 : random();
    for (u32 n = 0; n < 6; n++) MEMORY(u32, OTHER_TSS + 0x48 + 4 * n) = selectors[n];
    MEMORY(u32, OTHER_TSS + 0x60) = ldt;
}

static void make_code(struct record *r) {
    static const u8 segments[] = {0, 2, 3, 4, 5};
    static const u8 inspections[] = {2, 3, 0x20, 0x28};
    static const u8 privileged[][4] = {{0xF4}, {0x0F, 0x06}, {0x0F, 0x01, 0xF0}, {0x0F, 0x20, 0xC0}, {0x0F, 0x22, 0xC0},
        {0x0F, 0x09}, {0x0F, 0x32}, {0x0F, 0x30}, {0x0F, 0x21, 0xC0}, {0x0F, 0x23, 0xC0}, {0x0F, 0x01, 0xE0},
        {0x0F, 0x00, 0xC0}, {0x0F, 0x00, 0xC8}, {0x0F, 0x01, 0x38}, {0x0F, 0x0B}, {0x0F, 0xFF}, {0xF0, 0x90}};
    u32 n;
    switch (r->kind) {
    case LOAD: bytes(0x8E, 0xC0 | segments[below(5)] << 3, 0x90); break;
    case POP_SEGMENT:
        r->frame[0] = random_selector();
        n = operand_size_prefix();
        place_frame(r, LONG && n == 4 ? 8 : n);
        if (LONG || below(2)) byte(0x0F), byte(below(2) ? 0xA1 : 0xA9);
        else byte(below(3) == 0 ? 0x07 : below(2) ? 0x17 : 0x1F);
        break;
    case FAR_POINTER:
        MEMORY(u32, POINTER) = random(), MEMORY(u32, POINTER + 4) = random_selector();
        MEMORY(u32, POINTER + 8) = random_selector();
        if (below(4) == 0) byte(0x66);
        else if (LONG && below(2)) byte(0x48);
        n = below(LONG ? 3 : 5);
        if (n < 3) byte(0x0F), byte(n == 0 ? 0xB2 : 0xB1 + 2 + n);
        else byte(n == 3 ? 0xC4 : 0xC5);
        pointer_operand(1);
        break;
    case INSPECT:
        if (below(4) == 0) byte(0x66);
        n = inspections[below(4)];
        byte(0x0F);
        if (n < 4) byte(n), byte(0xC3);
        else byte(0), byte(0xC3 | n);
        break;
    case JUMP: far_operand(5); break;
    case CALL: far_operand(3); break;
    case RETURN:
        make_frame(r);
        n = operand_size_prefix();
        place_frame(r, n);
        if (below(2)) byte(0xCB);
        else bytes(0xCA, below(4) * 4, 0);
        break;
    case INTERRUPT_RETURN:
        make_frame(r);
        n = operand_size_prefix();
        place_frame(r, n);
        byte(0xCF);
        break;
    case INTERRUPT:
        if (below(8) == 0) byte(LONG || below(2) ? 0xF1 : 0xCE);
        else byte(0xCD), byte(below(8) ? 0x40 + below(8) : below(256));
        break;
    case TABLES: bytes(0x0F, 0x00, (r->cpl == 0 ? 0xC0 : 0xD0) | below(r->cpl ? 2 : 4) << 3); break;
    case FLAGS:
        r->frame[0] = random() & 0x3FFFFF & ~0x134100;
        n = operand_size_prefix();
        place_frame(r, LONG && n == 4 ? 8 : n);
        byte(below(2) ? 0x9D : below(3) == 0 ? 0x9C : below(2) ? 0xFA : 0xFB);
        break;
    case PORT:
        if (below(2)) byte(0x66);
        byte(0xEC + below(4));
        break;
    case PRIVILEGED:
        n = below(sizeof privileged / 4);
        for (u32 k = 0; k < 3; k++) byte(privileged[n][k] || k == 1 ? privileged[n][k] : 0x90);
        break;
    case TASK:
        n = below(4);
        r->frame[0] = below(4) == 0 ? OTHER_TASK_16 : OTHER_TASK;
        MEMORY(u64, GDT + TASK_GATE) = gate(r->frame[0], 0, 0xE5, 0);
        make_task(r);
        MEMORY(u32, POINTER) = 0, MEMORY(u16, POINTER + 4) = below(2) ? r->frame[0] : TASK_GATE;
        if (n == 0) byte(0xFF), pointer_operand(5);
        else if (n == 1) byte(0xFF), pointer_operand(3);
        else if (n == 2) {
            set_gate(0x40, 0, 0, 0xE5, 0);
            MEMORY(u16, IDT + 8 * 0x40 + 2) = r->frame[0];
            byte(0xCD), byte(0x40);
        } else {
            r->in.flags |= 0x4000;
            MEMORY(u16, TSS) = below(8) ? r->frame[0] : random_selector();
            if (below(8)) MEMORY(u8, GDT + r->frame[0] + 5) |= 2;
            byte(0xCF);
        }
        break;
    default:
        n = below(10);
        if (below(3) == 0) byte(0x66);
        if (n < 2) byte(0x9C);
        else if (n < 4) byte(0x9D);
        else if (n == 4) byte(0xFA);
        else if (n == 5) byte(0xFB);
        else if (n == 6) byte(0xCD), byte(0x40 + below(8));
        else if (n == 7) byte(0xCF);
        else if (n == 8) byte(0xEC), byte(0x90);
        else byte(0x8E), byte(0xD8);
        for (u32 k = 0; k < 6; k++) r->frame[k] = k % 3 == 0 ? LANDING - CODE : random() & 0x3EFED5 & ~0x134100;
        break;
    }
    while (emit < (u8 *)CODE + 16) byte(0xCC);
}

static void make_case(struct record *r) {
    struct state *s = &r->in;
    r->kind = below(LONG ? VIRTUAL_8086 : KINDS);
    r->cpl = below(2) ? 0 : below(4) ? 3 : 1 + below(2);
    if (r->kind == PRIVILEGED && r->cpl == 0) r->cpl = 3;
    if (r->kind == VIRTUAL_8086) r->cpl = 3;
    static const u16 codes[] = {KERNEL_CODE, RING1_CODE, RING2_CODE, USER_CODE};
    static const u16 stacks[] = {KERNEL_DATA, RING1_DATA, RING2_DATA, USER_DATA};
    s->cs = codes[r->cpl], s->ss = stacks[r->cpl];
    s->ip = CODE, s->sp = STACK + 0x800;
    s->flags = 2 | (random() & 0x40CD5) | below(4) << 12 | (below(16) == 0) << 8;
    s->ds = s->es = s->fs = s->gs = USER_DATA;
    s->ax = r->kind == LOAD || r->kind == TABLES ? random_selector() : random() & 0xFFFFFFFE;
    s->bx = random_selector(), s->cx = random(), s->dx = 0x180 + below(0x40), s->bp = random(), s->si = random(), s->di = random();
    if (r->kind == PRIVILEGED) s->ax = POINTER, s->cx = 0x10;
    if (r->kind == INTERRUPT && below(2)) s->flags |= 0x800;
    emit = (u8 *)CODE;
    if (r->kind == VIRTUAL_8086) {
        s->flags |= 0x20000;
        s->ip = 0, s->sp = 0x800;
        s->cs = CODE >> 4, s->ss = STACK >> 4;
        s->ds = random() & 0xFFFF, s->es = random() & 0xFFFF, s->fs = random() & 0xFFFF, s->gs = random() & 0xFFFF;
    }
    for (u32 n = 0; n < 0x1000; n += 4) MEMORY(u32, STACK + n) = 0;
    for (u32 n = 0; n < 0x3000; n += 4) MEMORY(u32, INNER_STACK + n) = 0;
    make_code(r);
    for (u32 n = 0; n < 16; n++) r->code[n] = MEMORY(u8, CODE + n);
    if (r->kind == VIRTUAL_8086) {
        for (u32 n = 0; n < 6; n++) MEMORY(u16, STACK + 0x800 + 2 * n) = r->frame[n];
        if (r->code[0] == 0xCF || r->code[1] == 0xCF) {
            /* Back to a known place: IRET pops words or doublewords. */
            int wide = r->code[0] == 0x66;
            MEMORY(u16, STACK + 0x800 + (wide ? 2 : 0)) = wide ? 0 : LANDING - CODE;
            MEMORY(u16, STACK + 0x802 + (wide ? 2 : 0)) = CODE >> 4;
        }
        for (u32 n = 0; n < 8; n++) MEMORY(u32, 0x100UL + 4 * n) = (CODE >> 4) << 16 | (LANDING - CODE);
    }
    if (LONG) s->flags &= ~0x20000;
}

static word memory_hash(void) {
    u32 hash = 2166136261u;
    for (u32 n = 0; n < 0x500; n++) hash = (hash ^ MEMORY(u8, GDT + n)) * 16777619u;
    for (u32 n = 0; n < 0x1000; n += 4) hash = (hash ^ MEMORY(u32, TSS + n)) * 16777619u;
    for (u32 n = 0; n < 0x1000; n += 4) hash = (hash ^ MEMORY(u32, STACK + n)) * 16777619u;
    for (u32 n = 0; n < 0x3000; n += 4) hash = (hash ^ MEMORY(u32, INNER_STACK + n)) * 16777619u;
    return hash;
}

static void run_case(struct record *r) {
    make_tables();
    make_case(r);
    in = r->in;
    enter();
    r->out = out;
    word value = 0;
    asm volatile("sldt %w0" : "+r"(value));
    r->ldtr = value;
    asm volatile("str %w0" : "+r"(value));
    r->tr = value;
    asm volatile("mov %%cr0, %0" : "=r"(value));
    r->cr0 = value;
    asm volatile("clts");
    r->memory = memory_hash();
}

__attribute__((used)) static void run_all(u32 first_seed, u32 cases) {
    struct record *log = (struct record *)LOG;
    for (u32 n = 0; n < 64; n++) MEMORY(u8, LANDING + n) = 0xCC;
    make_tables();
    make_stubs();
    for (u32 n = 0; n < cases; n++) {
        seed = ((u64)first_seed << 32 | n) * 0x9E3779B97F4A7C15ull + 1;
        for (u32 k = 0; k < 8; k++) random();
        run_case(&log[n]);
    }
    /* Out through the debug console, which Bochs, QEMU and the test all have. */
    const char *mark = "LOG:";
    word length = 4;
    asm volatile("rep outsb" : "+S"(mark), "+c"(length) : "d"(0xE9) : "memory");
    length = cases * sizeof *log;
    asm volatile("rep outsb" : "+S"(log), "+c"(length) : "d"(0xE9) : "memory");
    for (;;) asm volatile("hlt");
}

asm(".section .text.start\n.globl start\nstart:\n"
#if LONG
    " mov $0x3F0000,%esp\n call run_all\n"
#else
    " mov $0x3F0000,%esp\n push %esi; push %edi\n call run_all\n"
#endif
    ".text\n");
