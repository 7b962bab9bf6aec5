/*
 * Tasks: user programs with an address space each, scheduled round-robin and preempted by the timer.
 *
 * The kernel itself is never preempted: tasks change only on the way back to user mode (task_yield) and where a
 * system call blocks (task_block). An ended task leaves at its own next such point.
 */
#ifndef TASK_H
#define TASK_H

#include "abi.h"
#include "space.h"
#include "types.h"

enum task_state {
    TASK_FREE,    /* the slot is empty */
    TASK_READY,   /* runs, or would */
    TASK_BLOCKED, /* waits for its channel to be woken, or for its wake_at */
};

struct task {
    u8 fpu[512] __attribute__((aligned(16)));
    enum task_state state;
    u64 id;            /* counts up from 1, never reused */
    struct space space;
    u64 stack;         /* kernel stack pointer while it does not run */
    const void *channel; /* what it waits for; null for time alone */
    u64 wake_at;       /* clock reading that wakes it, 0 for none */
    u64 ticks;         /* timer ticks that found it running */
    bool ended;        /* has to leave */
    bool asked;        /* somebody waits for its report */
    u64 recovery;      /* where it goes on after an exception, 0 to end it */
    char command[64];
};

/* Starts the first task and never returns. */
void task_start(const char *command) __attribute__((noreturn));

/* Adds a ready task for a command line; null if slots or memory are short. */
struct task *task_create(const char *command);

struct task *task_find(u64 id);
struct task *task_slot(u64 slot);

void task_yield(void);
void task_exit(void) __attribute__((noreturn));

/* Waits for task_wake(channel), for the clock to reach wake_at unless 0, or for the task to be ended. */
void task_block(const void *channel, u64 wake_at);
void task_wake(const void *channel);
void task_wake_sleepers(u64 now);

/* Makes a task end as soon as it is its turn. */
void task_end(struct task *task);

/* Interrupts a task's sleep, if it sleeps for time alone. */
void task_rouse(struct task *task);

/* To be called before every return to user mode. */
void task_leave_kernel(void);

extern struct task *current; /* null until the first task runs */
extern u64 switches_done;

#endif
