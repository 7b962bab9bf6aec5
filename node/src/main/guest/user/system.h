/* The system calls of abi.h as functions, and formatted output. */
#ifndef SYSTEM_H
#define SYSTEM_H

#include "abi.h"
#include "text.h"

#define MIB 0x100000ul
#define PAGE 4096ul
#define SECOND 1000000000ul
#define MILLISECOND 1000000ul

static inline u64 system_call(enum system_call number, u64 a, u64 b) {
    u64 result;
    __asm__ volatile("syscall" : "=a"(result) : "a"((u64)number), "D"(a), "S"(b) : "rcx", "r11", "memory");
    return result;
}

static inline u64 task_id(void) { return system_call(SYS_NOTHING, 0, 0); }
static inline void sleep_until(u64 deadline) { system_call(SYS_SLEEP_UNTIL, deadline, 0); }
static inline void yield(void) { system_call(SYS_YIELD, 0, 0); }
static inline u64 clock_now(void) { return system_call(SYS_CLOCK, 0, 0); }

static inline u64 read_tsc(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

/* Starts a task for a command line of at most COMMAND_LENGTH - 1 bytes; 0 if there is no room for it. */
u64 spawn(const char *command, bool foreground);

/* Prints one piece of at most 255 bytes that no other task's output can split. */
void print(const char *pattern, ...);

#endif
