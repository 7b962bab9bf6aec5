/* The ways into and out of the 32-bit kernel. All leave a `struct frame` (kernel.h) on the task's kernel stack. */
#ifdef __i386__
#include "layout.h"

.macro push_registers
    pushal
    pushl %ds
    pushl %es
    movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
.endm

.macro pop_registers
    popl %es
    popl %ds
    popal
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
    pushl $0
    .endif
    pushl $vector
    jmp interrupt_common
    .set vector, vector + 1
    .endr

    .balign 16
interrupt_common:
    cld
    push_registers
    pushl %esp
    call trap
    addl $4, %esp
    .globl return_from_interrupt
return_from_interrupt:
    pop_registers
    addl $8, %esp
    iret

/* By our users' convention SYSENTER comes with the user's stack in ecx and its return address in edx, as SYSEXIT wants them. */
    .balign 16
    .globl fast_call_entry
fast_call_entry:
    movl kernel_stack, %esp
    pushl $USER_DATA
    pushl %ecx
    pushfl
    orl $0x200, (%esp)                      /* SYSENTER has cleared IF */
    pushl $USER_CODE
    pushl %edx
    pushl $0
    pushl $VECTOR_SYSTEM_CALL
    push_registers
    pushl %esp
    call system_call
    addl $4, %esp
    pop_registers
    movl 8(%esp), %edx
    movl 20(%esp), %ecx
    sti
    sysexit

/* void switch_stacks(word *old, word new): goes on where `new` was left by an earlier call, or prepared by task_fork. */
    .globl switch_stacks
switch_stacks:
    movl 4(%esp), %eax
    movl 8(%esp), %edx
    pushl %ebx
    pushl %ebp
    pushl %esi
    pushl %edi
    movl %esp, (%eax)
    movl %edx, %esp
    popl %edi
    popl %esi
    popl %ebp
    popl %ebx
    ret

/* void enter_user(word entry, word stack, word load, word rounds): the loads' main(load, rounds), in ring 3. */
    .globl enter_user
enter_user:
    movl 4(%esp), %ecx
    movl 8(%esp), %edx
    movl 12(%esp), %ebx
    movl 16(%esp), %esi
    movl $USER_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    pushl %eax
    pushl %edx
    pushl $0x202                            /* flags: interrupts on, as programs have them */
    pushl $USER_CODE
    pushl %ecx
    iret

    .data
    .balign 4
    .globl kernel_stack
kernel_stack: .long 0                       /* top of the running task's kernel stack */
#endif
