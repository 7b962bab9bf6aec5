/* The switch between tasks, and the image of the user programs. */

    .text

/* void switch_stacks(u64 *old, u64 new): goes on where `new` was left by an earlier call, or prepared by task_create. */
    .globl switch_stacks
switch_stacks:
    pushq %rbx
    pushq %rbp
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbp
    popq %rbx
    ret

/* The user programs, as one flat image. */
    .section .user, "a"
    .balign 4096
    .incbin "user.bin"
    .balign 4096
