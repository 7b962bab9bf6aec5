/*
 * Loops of one exception each, (count) times. SYS_RECOVER_AT must have been given the label that follows the faulting
 * instruction: the kernel resumes there with all registers as they were.
 */
    .text

    .globl fault_divide, fault_divide_recovery
fault_divide:
    xorl %ecx, %ecx
1:  divl %ecx
fault_divide_recovery:
    decq %rdi
    jnz 1b
    ret

    .globl fault_page, fault_page_recovery
fault_page:
    xorl %ecx, %ecx                         /* page 0 is in no region of abi.h */
1:  movl (%rcx), %eax
fault_page_recovery:
    decq %rdi
    jnz 1b
    ret
