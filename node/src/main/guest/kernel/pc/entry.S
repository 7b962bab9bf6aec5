/*
 * The ways into and out of the kernel: interrupts and exceptions, system calls. All leave a `struct frame` (trap.h) on
 * the task's kernel stack.
 */
#define USER_CODE 0x2b
#define USER_DATA 0x23
#define VECTOR_SYSCALL 0x80

    .include "registers.inc"

    .text

/* One 16-byte stub per vector; exceptions 8, 10 to 14, 17, 21, 29 and 30 bring an error code (SDM Vol 3A table 6-1). */
    .balign 16
    .globl interrupt_stubs
interrupt_stubs:
    .set vector, 0
    .rept 256
    .balign 16
    .if !(vector == 8 || (vector >= 10 && vector <= 14) || vector == 17 || vector == 21 || vector == 29 || vector == 30)
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
    call trap                               /* the CPU aligned the stack to 16; 22 words were pushed since */
    .globl return_from_interrupt
return_from_interrupt:
    pop_registers
    addq $16, %rsp
    iretq

/* SYSCALL leaves rip in rcx, rflags in r11 and the user's stack in place; FMASK has cleared IF and DF. */
    .balign 16
    .globl system_call_entry
system_call_entry:
    movq %rsp, interrupted_stack(%rip)
    movq kernel_stack(%rip), %rsp
    pushq $USER_DATA
    pushq interrupted_stack(%rip)
    pushq %r11
    pushq $USER_CODE
    pushq %rcx
    pushq $0
    pushq $VECTOR_SYSCALL
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

    .data
    .balign 8
    .globl kernel_stack
kernel_stack: .quad 0                       /* top of the running task's kernel stack */
interrupted_stack: .quad 0
