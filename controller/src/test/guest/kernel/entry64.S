/* The ways into and out of the 64-bit kernel. All leave a `struct frame` (kernel.h) on the task's kernel stack. */
#ifdef __x86_64__
#include "layout.h"

.macro push_registers
    .irp register, rax, rbx, rcx, rdx, rsi, rdi, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    pushq %\register
    .endr
.endm

.macro pop_registers
    .irp register, r15, r14, r13, r12, r11, r10, r9, r8, rbp, rdi, rsi, rdx, rcx, rbx, rax
    popq %\register
    .endr
.endm

    .text
/* Exceptions 8, 10 to 14, 17 and 21 bring an error code (SDM Vol 3A table 6-1). */
    .balign 16
    .globl interrupt_stubs
interrupt_stubs:
    .set vector, 0
    .rept VECTORS
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21)
    pushq $0
    .endif
    pushq $vector
    jmp interrupt_common
    .set vector, vector + 1
    .endr

    .balign 16
interrupt_common:
    cld
    push_registers
    movq %rsp, %rdi
    call trap                               /* the processor aligned the stack to 16; 22 words were pushed since */
    .globl return_from_interrupt
return_from_interrupt:
    pop_registers
    addq $16, %rsp
    iretq

/* SYSCALL leaves rip in rcx, rflags in r11 and the user's stack in place. */
    .balign 16
    .globl fast_call_entry
fast_call_entry:
    movq %rsp, interrupted_stack
    movq kernel_stack, %rsp
    pushq $USER_DATA
    pushq interrupted_stack
    pushq %r11
    pushq $USER_CODE
    pushq %rcx
    pushq $0
    pushq $VECTOR_SYSTEM_CALL
    push_registers
    movq %rsp, %rdi
    call system_call
    pop_registers
    addq $16, %rsp
    popq %rcx
    addq $8, %rsp
    popq %r11
    popq %rsp
    sysretq

/* void switch_stacks(word *old, word new): goes on where `new` was left by an earlier call, or prepared by task_fork. */
    .globl switch_stacks
switch_stacks:
    .irp register, rbx, rbp, r12, r13, r14, r15
    pushq %\register
    .endr
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    .irp register, r15, r14, r13, r12, rbp, rbx
    popq %\register
    .endr
    ret

/* void enter_user(word entry, word stack, word load, word rounds): the loads' main(load, rounds), in ring 3. */
    .globl enter_user
enter_user:
    pushq $USER_DATA
    pushq %rsi
    pushq $0x202                            /* flags: interrupts on, as programs have them */
    pushq $USER_CODE
    pushq %rdi
    movq %rdx, %rdi
    movq %rcx, %rsi
    iretq

    .data
    .balign 8
    .globl kernel_stack
kernel_stack: .quad 0                       /* top of the running task's kernel stack */
interrupted_stack: .quad 0
#endif
