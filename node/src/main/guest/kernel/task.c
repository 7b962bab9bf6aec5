/* Tasks; see task.h. */
#include "task.h"

#include "frames.h"
#include "machine.h"
#include "text.h"
#include "trap.h"

#define KERNEL_STACK_SIZE 8192u
#define MXCSR_DEFAULT 0x1f80u /* all SIMD exceptions masked */
#define FCW_DEFAULT 0x37fu    /* all x87 exceptions masked, 64-bit precision */

/* A new task's kernel stack: what switch_stacks pops, then what an interrupt would have left. */
struct first_stack {
    u64 saved[6];
    void (*resume)(void);
    struct frame frame;
};

void switch_stacks(u64 *old, u64 new);
void return_from_interrupt(void);

struct task *current;
u64 switches_done;

static struct task tasks[TASK_SLOTS];
static u8 kernel_stacks[TASK_SLOTS][KERNEL_STACK_SIZE] __attribute__((aligned(16)));
static u64 last_id;

static u64 kernel_stack_end(const struct task *task) { return (u64)kernel_stacks[task - tasks] + KERNEL_STACK_SIZE; }

static void prepare_fpu(u8 area[512]) {
    memset(area, 0, 512);
    area[0] = FCW_DEFAULT & 0xff;
    area[1] = FCW_DEFAULT >> 8;
    area[24] = MXCSR_DEFAULT & 0xff;
    area[25] = MXCSR_DEFAULT >> 8;
}

static void prepare_stack(struct task *task) {
    struct first_stack *first = (struct first_stack *)kernel_stack_end(task) - 1;
    memset(first, 0, sizeof *first);
    first->resume = return_from_interrupt;
    first->frame.rip = IMAGE_BASE;
    first->frame.cs = USER_CODE;
    first->frame.rflags = FLAG_INTERRUPT | 2;
    first->frame.rsp = STACK_END - COMMAND_LENGTH;
    first->frame.rdi = STACK_END - COMMAND_LENGTH;
    first->frame.ss = USER_DATA;
    task->stack = (u64)first;
}

struct task *task_create(const char *command) {
    struct task *task = tasks;
    while (task < tasks + TASK_SLOTS && task->state != TASK_FREE) task++;
    if (task == tasks + TASK_SLOTS) return NULL;
    struct space space;
    if (!space_create(&space)) return NULL;
    u8 *stack = space_page(&space, STACK_END - FRAME_SIZE);
    if (!stack) {
        space_destroy(&space);
        return NULL;
    }
    space_seal(&space);
    copy_text((char *)stack + FRAME_SIZE - COMMAND_LENGTH, command, COMMAND_LENGTH);
    memset(task, 0, sizeof *task);
    task->id = ++last_id;
    task->space = space;
    copy_text(task->command, command, sizeof task->command);
    prepare_fpu(task->fpu);
    prepare_stack(task);
    task->state = TASK_READY;
    return task;
}

struct task *task_slot(u64 slot) {
    return slot < TASK_SLOTS && tasks[slot].state != TASK_FREE ? &tasks[slot] : NULL;
}

struct task *task_find(u64 id) {
    for (u64 slot = 0; slot < TASK_SLOTS; slot++)
        if (task_slot(slot) && tasks[slot].id == id) return &tasks[slot];
    return NULL;
}

/* The first ready task after the running one in slot order, or itself; sleeps while there is none. */
static struct task *next_ready(void) {
    u64 start = (u64)(current - tasks);
    for (;;) {
        for (u64 i = 1; i <= TASK_SLOTS; i++) {
            struct task *task = &tasks[(start + i) % TASK_SLOTS];
            if (task->state == TASK_READY) return task;
        }
        wait_for_interrupt();
    }
}

static void activate(struct task *task) {
    current = task;
    space_enter(&task->space, kernel_stack_end(task));
    restore_fpu(task->fpu);
}

static void schedule(void) {
    struct task *previous = current, *next = next_ready();
    if (next == previous) return;
    switches_done++;
    save_fpu(previous->fpu);
    activate(next);
    switch_stacks(&previous->stack, next->stack);
}

void task_yield(void) { schedule(); }

void task_block(const void *channel, u64 wake_at) {
    if (current->ended) return;
    current->channel = channel;
    current->wake_at = wake_at;
    current->state = TASK_BLOCKED;
    schedule();
}

static void make_ready(struct task *task) {
    task->state = TASK_READY;
    task->channel = NULL;
    task->wake_at = 0;
}

void task_wake(const void *channel) {
    for (struct task *task = tasks; task < tasks + TASK_SLOTS; task++)
        if (task->state == TASK_BLOCKED && task->channel == channel) make_ready(task);
}

void task_wake_sleepers(u64 now) {
    for (struct task *task = tasks; task < tasks + TASK_SLOTS; task++)
        if (task->state == TASK_BLOCKED && task->wake_at && task->wake_at <= now) make_ready(task);
}

void task_rouse(struct task *task) {
    if (task->state == TASK_BLOCKED && !task->channel) make_ready(task);
}

void task_end(struct task *task) {
    task->ended = true;
    if (task->state == TASK_BLOCKED) make_ready(task);
}

/* The slot is free from here on; its stack is still in use, but until the switch nobody can create a task. */
void task_exit(void) {
    disable_interrupts();
    space_leave();
    space_destroy(&current->space);
    current->state = TASK_FREE;
    task_wake(current);
    schedule();
    __builtin_unreachable();
}

void task_leave_kernel(void) {
    if (current->ended) task_exit();
}

void task_start(const char *command) {
    struct task *first = task_create(command);
    u64 abandoned;
    activate(first);
    switch_stacks(&abandoned, first->stack);
    __builtin_unreachable();
}
