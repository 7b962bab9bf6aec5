/*
 * Executes single instructions on the processor it runs on and records what they do.
 *
 *   runner INPUT OUTPUT
 *
 * SiliconVectorGenerator writes INPUT (struct header, then struct test per case) and reads OUTPUT (struct result per case,
 * each followed by its changed bytes). A case is started by returning from a signal handler into a context that holds its
 * registers, with the trap flag set: the processor executes one instruction, in 64-bit mode or through a 32- or 16-bit code
 * segment, and raises #DB, or the fault that the instruction raises, both of which arrive as the next signal with the
 * resulting registers. Memory is laid out as SiliconLayout says.
 *
 * Build: gcc -O1 -static -fno-stack-protector -fcf-protection=none -o runner runner.c
 */
#define _GNU_SOURCE
#include <asm/ldt.h>
#include <asm/prctl.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define PAGE 4096
#define CODE 0x10000000ul      /* one executable page; the page above is absent */
#define DATA 0x20000000ul      /* two pages; the page above is absent */
#define READ_ONLY 0x20003000ul /* one page */
#define FS_BASE 0x20000400ul
#define GS_BASE 0x20000800ul

#define TRAP_FLAG 0x100
#define NESTED_TASK 0x4000
#define ALIGNMENT_CHECK 0x40000
#define IDENTIFICATION 0x200000
#define LEGACY_IMAGE 512 /* what FXSAVE writes */
#define IMAGE_USED 416   /* up to XMM15 */
#define X87_AND_SSE 3    /* XSTATE_BV */
#define RESTORE_SS 6     /* UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS */
#define NO_VECTOR 0xFF
#define RAN_AWAY 0xFE

struct header {
    uint32_t cases, padding;
    uint8_t memory[3 * PAGE]; /* initial contents of DATA and READ_ONLY */
};

struct poke {
    uint16_t offset, length; /* within DATA and the pages above */
    uint8_t bytes[64];
};

struct registers {
    uint64_t gpr[16]; /* in the order of their encodings */
    uint64_t rip, rflags;
    uint16_t cs, ds, es, ss, fs, gs, padding[2];
    uint8_t legacy[IMAGE_USED];
};

struct test {
    struct registers in;
    uint32_t code_offset; /* within CODE */
    uint32_t code_length;
    uint8_t code[16];
    struct poke pokes[3];
};

struct result {
    struct registers out;
    uint64_t fault_address;
    uint32_t error_code;
    uint16_t vector;  /* NO_VECTOR when the instruction completed, RAN_AWAY when it was not the only one */
    uint16_t changes; /* that many struct change follow */
};

struct change {
    uint16_t offset;
    uint8_t value, padding;
};

static const int CONTEXT_ORDER[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                      REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};

static struct header *header;
static struct test *current, *end, *running;
static uint8_t *output, *output_end;
static int output_file;
static uint8_t before[2 * PAGE];

/* No C library once FS no longer points to its thread: cases set it. */
static long call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

static void finish(void) {
    uint8_t *from = output;
    while (from < output_end) {
        long written = call(SYS_write, output_file, (long)from, output_end - from);
        if (written <= 0) call(SYS_exit_group, 2, 0, 0);
        from += written;
    }
    call(SYS_exit_group, 0, 0, 0);
}

static void record_memory(struct result *result) {
    struct change *change = (struct change *)output_end;
    const uint8_t *now = (const uint8_t *)DATA;
    for (int i = 0; i < 2 * PAGE; i++) {
        if (now[i] == before[i]) continue;
        *change++ = (struct change){.offset = i, .value = now[i]};
        result->changes++;
    }
    output_end = (uint8_t *)change;
}

static void record(int signal, ucontext_t *context) {
    greg_t *gregs = context->uc_mcontext.gregs;
    struct result *result = (struct result *)output_end;
    output_end += sizeof *result;
    memset(result, 0, sizeof *result);
    struct registers *out = &result->out;
    for (int i = 0; i < 16; i++) out->gpr[i] = gregs[CONTEXT_ORDER[i]];
    out->rip = gregs[REG_RIP];
    out->rflags = gregs[REG_EFL];
    out->cs = gregs[REG_CSGSFS];
    out->ss = gregs[REG_CSGSFS] >> 48;
    __asm__ volatile("mov %%ds, %0" : "=r"(out->ds));
    __asm__ volatile("mov %%es, %0" : "=r"(out->es));
    __asm__ volatile("mov %%fs, %0" : "=r"(out->fs));
    __asm__ volatile("mov %%gs, %0" : "=r"(out->gs));
    memcpy(out->legacy, context->uc_mcontext.fpregs, IMAGE_USED);
    int completed = signal == SIGTRAP && gregs[REG_TRAPNO] == 1;
    result->vector = completed ? NO_VECTOR : signal == SIGALRM ? RAN_AWAY : gregs[REG_TRAPNO];
    if (!completed) {
        result->error_code = gregs[REG_ERR];
        result->fault_address = gregs[REG_CR2];
    }
    record_memory(result);
}

static void prepare_memory(const struct test *test) {
    memset((void *)CODE, 0x90, PAGE);
    memcpy((void *)(CODE + test->code_offset), test->code, test->code_length);
    memcpy((void *)DATA, header->memory, 2 * PAGE);
    for (int i = 0; i < 3; i++) {
        const struct poke *poke = &test->pokes[i];
        if (poke->offset + poke->length <= 2 * PAGE) memcpy((void *)(DATA + poke->offset), poke->bytes, poke->length);
    }
    memcpy(before, (void *)DATA, 2 * PAGE);
}

static void prepare(const struct test *test, ucontext_t *context) {
    prepare_memory(test);
    greg_t *gregs = context->uc_mcontext.gregs;
    const struct registers *in = &test->in;
    for (int i = 0; i < 16; i++) gregs[CONTEXT_ORDER[i]] = in->gpr[i];
    gregs[REG_RIP] = in->rip;
    gregs[REG_EFL] = in->rflags | TRAP_FLAG;
    gregs[REG_CSGSFS] = (gregs[REG_CSGSFS] & 0x0000FFFFFFFF0000l) | in->cs | (uint64_t)in->ss << 48;
    context->uc_flags |= RESTORE_SS;
    uint8_t *image = (uint8_t *)context->uc_mcontext.fpregs;
    memcpy(image, in->legacy, IMAGE_USED);
    *(uint64_t *)(image + LEGACY_IMAGE) |= X87_AND_SSE;
    __asm__ volatile("mov %0, %%ds" : : "r"(in->ds));
    __asm__ volatile("mov %0, %%es" : : "r"(in->es));
    __asm__ volatile("mov %0, %%fs" : : "r"(in->fs));
    __asm__ volatile("mov %0, %%gs" : : "r"(in->gs));
    call(SYS_arch_prctl, ARCH_SET_FS, FS_BASE, 0);
    call(SYS_arch_prctl, ARCH_SET_GS, GS_BASE, 0);
}

static void on_signal(int signal, siginfo_t *information, void *context) {
    (void)information;
    __asm__ volatile("pushfq; andl %0, (%%rsp); popfq" : : "i"(~(ALIGNMENT_CHECK | NESTED_TASK | IDENTIFICATION)) : "cc", "memory");
    /* The alarm may ring at any time: a case that runs since the last one lost the trap flag. */
    int interrupted = signal == SIGALRM && running != current;
    if (signal == SIGALRM) running = current;
    if (signal != SIGUSR1 && !interrupted) {
        record(signal, context);
        current++;
    }
    if (current == end) finish();
    prepare(current, context);
}

static void *map(unsigned long address, size_t length, int protection) {
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | (address ? MAP_FIXED_NOREPLACE : 0);
    void *at = mmap((void *)address, length, protection, flags, -1, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(2);
    }
    return at;
}

/* LDT: 0 a 16-bit code segment at CODE, 1 a small 16-bit data segment at DATA, 2 the same with 32-bit stack pointer. */
static void make_segments(void) {
    struct user_desc segments[3] = {
        {.entry_number = 0, .base_addr = CODE, .limit = 0xFFFF, .contents = MODIFY_LDT_CONTENTS_CODE, .useable = 1},
        {.entry_number = 1, .base_addr = DATA, .limit = 0x1FFF, .useable = 1},
        {.entry_number = 2, .base_addr = DATA, .limit = 0x1FFF, .seg_32bit = 1, .useable = 1},
    };
    for (int i = 0; i < 3; i++) {
        if (syscall(SYS_modify_ldt, 1, &segments[i], sizeof segments[i])) {
            perror("modify_ldt");
            exit(2);
        }
    }
}

static void catch_signals(void) {
    stack_t stack = {.ss_sp = map(0, 1 << 20, PROT_READ | PROT_WRITE), .ss_size = 1 << 20};
    sigaltstack(&stack, NULL);
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&action.sa_mask);
    static const int caught[] = {SIGUSR1, SIGTRAP, SIGSEGV, SIGILL, SIGFPE, SIGBUS, SIGALRM};
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) sigaction(caught[i], &action, NULL);
}

int main(int argc, char **argv) {
    struct stat status;
    int input = argc == 3 ? open(argv[1], O_RDONLY) : -1;
    if (input < 0 || fstat(input, &status)) {
        fprintf(stderr, "usage: runner INPUT OUTPUT\n");
        return 2;
    }
    output_file = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0666);
    header = mmap(NULL, status.st_size, PROT_READ, MAP_PRIVATE, input, 0);
    current = (struct test *)(header + 1);
    end = current + header->cases;
    /* A case changes at most a few hundred bytes; memory that is never touched costs nothing. */
    output = output_end = map(0, header->cases * (sizeof(struct result) + 256) + (1 << 20), PROT_READ | PROT_WRITE);
    map(CODE, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
    map(DATA, 2 * PAGE, PROT_READ | PROT_WRITE);
    memcpy(map(READ_ONLY, PAGE, PROT_READ | PROT_WRITE), header->memory + 2 * PAGE, PAGE);
    mprotect((void *)READ_ONLY, PAGE, PROT_READ);
    make_segments();
    catch_signals();
    struct itimerval every = {{0, 50000}, {0, 50000}};
    setitimer(ITIMER_REAL, &every, NULL);
    pid_t self = getpid();
    call(SYS_kill, self, SIGUSR1, 0);
    return 3; /* the signal handler ends the program */
}
