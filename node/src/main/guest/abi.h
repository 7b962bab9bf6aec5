/*
 * What kernel and user programs of the built-in guest agree on: system call numbers, the layout of a
 * task's address space, and the records that system calls fill in.
 *
 * A system call has its number in rax and its arguments in rdi, rsi, rdx; the result comes back in rax.
 * SYSCALL is the usual way in; `int 0x80` takes the same numbers and registers.
 */
#ifndef ABI_H
#define ABI_H

#include "types.h"

enum system_call {
    SYS_NOTHING,         /* -> id of the calling task; what `syscalls` measures */
    SYS_EXIT,            /* () does not return */
    SYS_WRITE,           /* (text, length): one uninterrupted piece of console output */
    SYS_READ,            /* -> next byte typed on the console, waiting for it */
    SYS_SPAWN,           /* (command, foreground) -> id, 0 if there is no room */
    SYS_WAIT,            /* (id): until that task is gone */
    SYS_STOP,            /* (id): ends that task and waits until it is gone -> whether there was one */
    SYS_YIELD,           /* lets the next ready task run */
    SYS_SLEEP_UNTIL,     /* (nanoseconds): returns early when the task is asked or stopped */
    SYS_CLOCK,           /* -> nanoseconds since boot */
    SYS_RELEASE,         /* (address, length): gives heap pages back */
    SYS_TASK,            /* (slot, struct task_info *) -> whether it holds a task */
    SYS_ASK,             /* (id): asks a task to report, and waits until it has -> whether there was one */
    SYS_ASKED,           /* -> whether somebody waits for this task's report */
    SYS_ANSWER,          /* the report has been printed */
    SYS_COUNTERS,        /* (struct counters *) */
    SYS_KERNEL_CHECKSUM, /* -> checksum of the kernel's code and constants */
    SYS_POWER_OFF,       /* ACPI soft-off; does not return */
    SYS_DEBUG_EXIT,      /* (value): writes port 0xf4, then powers off */
    SYS_RECOVER_AT,      /* (address): where this task goes on after an exception; 0 for none, which ends it */
    SYS_MEASURE,         /* (enum measured, count) -> TSC ticks of a loop of so many operations in the kernel */
};

/* What SYS_MEASURE times with interrupts off, from one RDTSC to the next. */
enum measured {
    MEASURE_EMPTY,   /* the loop alone, which all the others contain */
    MEASURE_IN,      /* a byte from port 0x80, which a PC uses for power-on codes */
    MEASURE_OUT,     /* a byte to that port */
    MEASURE_CR8,     /* a write of the task priority */
    MEASURE_CR3,     /* a write of the page table's address, the same one */
    MEASURE_CALL,    /* a call and its return */
    MEASURE_ENTRY,   /* a store to the page-table entry of the heap's first page, which must be present */
    MEASURE_REMAP,   /* the same, INVLPG of the page, and a load from it */
};

/* A task's address space. Every region but the image is filled with zeroed pages as it is touched. */
#define IMAGE_BASE 0x400000ul          /* the program image, shared and read-only */
#define WORKSHOP_BASE 0x8000000ul      /* writable and executable, for code made at run time */
#define WORKSHOP_END 0x8010000ul
#define HEAP_BASE 0x10000000ul
#define HEAP_END 0x110000000ul
#define STACK_BASE 0x7ffffffe0000ul
#define STACK_END 0x7ffffffff000ul

#define COMMAND_LENGTH 1024u           /* bytes of a task's command line, its end mark included */
#define TASK_SLOTS 16u

struct task_info {
    u64 id;
    u64 ticks; /* timer ticks that found this task running */
    u64 pages; /* resident pages that belong to it alone */
    u64 foreground;
    char state[16];
    char command[64];
};

/* Counted since boot. */
struct counters {
    u64 system_calls, switches, page_faults, interrupts, free_frames, all_frames;
};

#endif
