/* What user programs can ask of the kernel. */
#include "system_call.h"

#include "abi.h"
#include "console.h"
#include "frames.h"
#include "machine.h"
#include "nanobenchmark.h"
#include "power.h"
#include "task.h"
#include "text.h"

extern const u8 kernel_constant_start[], kernel_constant_end[];

static u64 calls;

static u64 call_write(u64 text, u64 length) {
    if (!space_allows(text, length, false)) return 0;
    bool foreground = current->id == 1 || current->id == console_foreground;
    console_write((const char *)text, length, !foreground);
    return length;
}

static u64 call_spawn(u64 command, bool foreground) {
    if (!space_allows(command, COMMAND_LENGTH, false)) return 0;
    const struct task *task = task_create((const char *)command);
    if (!task) return 0;
    if (foreground) console_foreground = task->id;
    return task->id;
}

static u64 call_wait(u64 id) {
    const struct task *task;
    while ((task = task_find(id)) && task != current && !current->ended) task_block(task, 0);
    if (console_foreground == id) console_foreground = 0;
    return 0;
}

static u64 call_stop(u64 id) {
    struct task *task = task_find(id);
    if (!task) return false;
    task_end(task);
    call_wait(id);
    return true;
}

/* The asker waits on the flag itself; a task that goes before it has answered is noticed by its absence. */
static u64 call_ask(u64 id) {
    struct task *task = task_find(id);
    if (!task || task == current) return false;
    task->asked = true;
    task_rouse(task);
    while (task_find(id) && task->asked && !current->ended) task_block(task, 0);
    return true;
}

static u64 call_answer(void) {
    current->asked = false;
    task_wake(current);
    return 0;
}

static u64 call_sleep_until(u64 deadline) {
    if (!current->asked && clock_now() < deadline) task_block(NULL, deadline);
    return 0;
}

static u64 call_release(u64 address, u64 length) {
    if (address < HEAP_BASE || !space_allows(address, length, true) || address % FRAME_SIZE) return 0;
    space_release(address, length);
    return length;
}

static u64 call_task(u64 slot, u64 to) {
    const struct task *task = task_slot(slot);
    if (!task || !space_allows(to, sizeof(struct task_info), true)) return false;
    struct task_info *info = (struct task_info *)to;
    info->id = task->id;
    info->ticks = task->ticks;
    info->pages = space_resident_pages(&task->space);
    info->foreground = task->id == console_foreground;
    copy_text(info->state, task->state == TASK_READY ? "ready" : task->wake_at ? "sleeps" : "waits", sizeof info->state);
    copy_text(info->command, task->command, sizeof info->command);
    return true;
}

static u64 call_counters(u64 to) {
    if (!space_allows(to, sizeof(struct counters), true)) return false;
    *(struct counters *)to =
        (struct counters){calls, switches_done, page_faults_taken, interrupts_taken, frames_free, frames_all};
    return true;
}

/* FNV-1a by 8-byte words, over everything of the kernel that must never change. */
static u64 kernel_checksum(void) {
    u64 hash = 0xcbf29ce484222325;
    for (const u64 *at = (const u64 *)kernel_constant_start; at < (const u64 *)kernel_constant_end; at++)
        hash = (hash ^ *at) * 0x100000001b3;
    return hash;
}

static u64 dispatch(u64 number, u64 a, u64 b) {
    switch ((enum system_call)number) {
        case SYS_NOTHING: return current->id;
        case SYS_EXIT: task_exit();
        case SYS_WRITE: return call_write(a, b);
        case SYS_READ: return console_read();
        case SYS_SPAWN: return call_spawn(a, b);
        case SYS_WAIT: return call_wait(a);
        case SYS_STOP: return call_stop(a);
        case SYS_YIELD: task_yield(); return 0;
        case SYS_SLEEP_UNTIL: return call_sleep_until(a);
        case SYS_CLOCK: return clock_now();
        case SYS_RELEASE: return call_release(a, b);
        case SYS_TASK: return call_task(a, b);
        case SYS_ASK: return call_ask(a);
        case SYS_ASKED: return current->asked;
        case SYS_ANSWER: return call_answer();
        case SYS_COUNTERS: return call_counters(a);
        case SYS_KERNEL_CHECKSUM: return kernel_checksum();
        case SYS_POWER_OFF: power_off();
        case SYS_DEBUG_EXIT: debug_exit((u8)a);
        case SYS_RECOVER_AT: current->recovery = a; return 0;
        case SYS_MEASURE: return nanobenchmark((enum measured)a, b);
    }
    return ~0ul;
}

void system_call(struct frame *frame) {
    calls++;
    frame->rax = dispatch(frame->rax, frame->rdi, frame->rsi);
    task_leave_kernel();
}
