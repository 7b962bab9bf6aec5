/* What interrupts and exceptions mean to the kernel. */
#ifndef TRAP_H
#define TRAP_H

#include "types.h"

#define VECTOR_SYSTEM_CALL 0x80u

/* What the machine's entry.S saves of the interrupted code, lowest address first. CS of the kernel has RPL 0. */
struct frame {
    u64 r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax;
    u64 vector, error;
    u64 rip, cs, rflags, rsp, ss;
};

/* Called by entry.S with interrupts disabled. */
void trap(struct frame *frame);

extern u64 interrupts_taken;

#endif
