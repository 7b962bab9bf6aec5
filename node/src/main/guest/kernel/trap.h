/* Interrupts, exceptions and the descriptor tables they need. */
#ifndef TRAP_H
#define TRAP_H

#include "types.h"

#define KERNEL_CODE 0x08u
#define USER_DATA 0x23u
#define USER_CODE 0x2bu

/* What entry.S saves of the interrupted code, lowest address first. */
struct frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

/* Loads GDT, TSS and IDT and enables SYSCALL. */
void trap_initialize(void);

/* Sets the stack on which the next entry from user mode starts. */
void trap_set_kernel_stack(u64 top);

/* Called by entry.S with interrupts disabled. */
void trap(struct frame *frame);

extern u64 interrupts_taken;

#endif
