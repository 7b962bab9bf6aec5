/*
 * What kernel and loads agree on. A system call has its number in eax and two arguments, in 64 bit in rdi and rsi, in 32 bit
 * in ebx and esi; the result comes back in eax. Ways in: SYSCALL in 64 bit and SYSENTER in 32 bit, and INT 80h in both.
 */
#ifndef ABI_H
#define ABI_H

#define SYS_NOTHING 0  /* -> 0 */
#define SYS_FINISH 1   /* (checksum): the load is done; does not return */
#define SYS_RELEASE 2  /* (address, length): gives pages back */
#define SYS_FORK 3     /* -> 1 in the parent, 0 in the child; there is one child at a time */
#define SYS_YIELD 4    /* lets the other task run, if there is one */
#define SYS_EXIT 5     /* ends the child */
#define SYS_WAIT 6     /* until there is no child */
#define SYS_CALLS 7

/* A task's address space: the image is shared and read-only, the rest is filled with zeroed pages as it is touched. */
#define USER_BASE 0x40000000
#define WORKSHOP_BASE 0x44000000 /* for code made at run time */
#define WORKSHOP_END 0x44010000
#define HEAP_BASE 0x48000000
#define HEAP_END 0x49000000
#define STACK_BASE 0x4fff0000
#define STACK_END 0x50000000

#endif
