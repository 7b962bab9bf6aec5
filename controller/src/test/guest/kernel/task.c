/* The task that runs one load after the other, the child that it may have, and the system calls of both. */
#include "kernel.h"

#define STACK_WORDS 1024
#define SAVED_WORDS (sizeof(word) == 8 ? 6 : 4) /* what switch_stacks pops before it returns */
#define FPU_WORDS 128 /* SDM Vol 1 10.5.1: FXSAVE takes 512 bytes */

struct task {
    struct space space;
    word stack_left; /* where switch_stacks left it */
    u32 fpu[FPU_WORDS] __attribute__((aligned(16)));
    word stack[STACK_WORDS] __attribute__((aligned(16)));
};

extern u8 user_entry[];
extern const char *const load_names[]; /* in the loads' image */

static struct task tasks[2], *const parent = &tasks[0], *const child = &tasks[1], *current;
static bool child_lives;
static const char *next_load;
static u64 started;

static word stack_top(struct task *task) { return (word)(task->stack + STACK_WORDS); }

static void switch_to(struct task *to) {
    struct task *from = current;
    if (from == to) return;
    save_fpu(from->fpu);
    current = to;
    trap_stack(stack_top(to));
    space_enter(&to->space);
    restore_fpu(to->fpu);
    switch_stacks(&from->stack_left, to->stack_left);
}

/* ---- loads, one after the other ---- */

/* The next `name:rounds` of the list; false at its end. */
static bool take_load(u32 *load, u32 *rounds) {
    for (u32 i = 0; load_names[i]; i++) {
        const char *at = next_load, *name = load_names[i];
        while (*name && *at == *name) at++, name++;
        if (*name || *at++ != ':') continue;
        for (*rounds = 0; *at >= '0' && *at <= '9'; at++) *rounds = *rounds * 10 + (u32)(*at - '0');
        next_load = *at == ',' ? at + 1 : at;
        *load = i;
        return true;
    }
    return false;
}

static _Noreturn void run_next(void) {
    u32 load, rounds;
    if (!take_load(&load, &rounds)) {
        if (*next_load && *next_load != ' ') panic("unknown load, or no rounds, in what follows run=", 0);
        print("loads done\n");
        for (;;) __asm__ volatile("cli; hlt");
    }
    print("begin ");
    print(load_names[load]);
    print("\n");
    started = read_tsc();
    enter_user((word)user_entry, STACK_END - 16, load, rounds);
}

static _Noreturn void finish(u32 checksum) {
    u64 ticks = read_tsc() - started;
    print("end checksum ");
    print_hexadecimal(checksum);
    print(" ticks ");
    print_hexadecimal(ticks);
    print("\n");
    space_release(&current->space, HEAP_BASE, HEAP_END - HEAP_BASE);
    run_next();
}

void task_run_loads(const char *list) {
    next_load = list;
    current = parent;
    parent->space = space_create();
    space_enter(&parent->space);
    trap_stack(stack_top(parent));
    run_next();
}

/* ---- the child ---- */

static void fork(const struct frame *frame) {
    if (child->space.root) panic("a second child", 0);
    child->space = space_copy(&current->space);
    struct frame *copy = (struct frame *)stack_top(child) - 1;
    copy_words(copy, frame, sizeof *frame / sizeof(word));
    copy->ax = 0;
    word *left = (word *)copy;
    *--left = (word)return_from_interrupt;
    child->stack_left = (word)(left - SAVED_WORDS);
    save_fpu(child->fpu);
    child_lives = true;
}

static void end_child(void) {
    if (current != child) panic("the parent ended", 0);
    child_lives = false;
    switch_to(parent);
}

static void wait_for_child(void) {
    if (!child->space.root) return;
    while (child_lives) switch_to(child);
    space_destroy(&child->space);
    child->space.root = NULL;
}

word task_call(struct frame *frame) {
    switch (frame->ax) {
    case SYS_NOTHING: return 0;
    case SYS_FINISH: finish((u32)frame->first);
    case SYS_RELEASE: space_release(&current->space, frame->first, frame->second); return 0;
    case SYS_FORK: fork(frame); return 1;
    case SYS_YIELD:
        if (child_lives) switch_to(current == parent ? child : parent);
        return 0;
    case SYS_EXIT: end_child(); return 0;
    case SYS_WAIT: wait_for_child(); return 0;
    default: panic("no system call", frame->ax);
    }
}

void task_fault(struct frame *frame, word address) {
    if (space_fault(&current->space, address, frame->error)) return;
    print("at ");
    print_hexadecimal(frame->ip);
    print(" ");
    panic("page fault", address);
}
