/*
 * The ways into and out of the kernel under Xen: exceptions, events, system calls. Xen enters on the current stack, or
 * coming from user mode on the one of stack_switch, with rcx and r11 on top of what the processor would have pushed. All
 * leave a `struct frame` (trap.h) on the task's kernel stack.
 */
#define USER_CODE 0xe033
#define USER_DATA 0xe02b
#define VECTOR_EVENT 0x20
#define VECTOR_SYSCALL 0x80
#define HYPERCALL_IRET 23
#define VGCF_IN_SYSCALL 0x100               /* rcx and r11 need not be restored: xen-x86_64.h */

    .include "registers.inc"

    .text

.macro entry vector
    .balign 16
    popq %rcx
    popq %r11
    .if !(\vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \vector == 29 || \vector == 30)
    pushq $0
    .endif
    pushq $\vector
    jmp trap_common
.endm

/* One 16-byte stub per exception; the same bring an error code as on hardware (SDM Vol 3A table 6-1). */
    .balign 16
    .globl exception_stubs
exception_stubs:
    .set number, 0
    .rept 32
    entry number
    .set number, number + 1
    .endr

    .globl interrupt_call_entry, event_entry
interrupt_call_entry:
    entry VECTOR_SYSCALL
event_entry:
    entry VECTOR_EVENT

    .balign 16
trap_common:
    cld
    push_registers
    movq %rsp, %rdi
    call trap                               /* Xen aligned the stack to 16; 22 words are on it */
    .globl return_from_interrupt
return_from_interrupt:
    pop_registers
    addq $16, %rsp
    pushq $0
    jmp hypercall_page + HYPERCALL_IRET * 32    /* pushes rcx, r11 and rax itself */

    .balign 16
    .globl system_call_entry
system_call_entry:
    popq %rcx
    popq %r11
    pushq $0
    pushq $VECTOR_SYSCALL
    push_registers
    movq $USER_CODE, 18 * 8(%rsp)           /* Xen may have pushed those of its own SYSCALL, which are not for IRET */
    movq $USER_DATA, 21 * 8(%rsp)
    movq %rsp, %rdi
    call system_call
    pop_registers
    addq $16, %rsp
    pushq $VGCF_IN_SYSCALL
    jmp hypercall_page + HYPERCALL_IRET * 32

/* Xen could not return to user mode: there is no such segment as this kernel's tasks could load. */
    .balign 16
    .globl failsafe_entry
failsafe_entry:
    jmp failsafe
