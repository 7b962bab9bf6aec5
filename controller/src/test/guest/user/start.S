/* Where the kernel enters the loads, and how they call it. */
    .section .start, "ax"
    .globl user_entry
user_entry:
#ifdef __x86_64__
    andq $-16, %rsp
    call main                               /* with what the kernel left in rdi and rsi */
#else
    andl $-16, %esp
    subl $8, %esp
    pushl %esi
    pushl %ebx
    call main
#endif

    .text
#ifdef __x86_64__
.macro caller name, instruction:vararg
    .globl \name
\name:
    movl %edi, %eax
    movq %rsi, %rdi
    movq %rdx, %rsi
    \instruction
    ret
.endm
    caller call_kernel, syscall
    caller interrupt_kernel, int $0x80
#else
.macro enter_by_sysenter
    movl %esp, %ecx
    movl $1f, %edx
    sysenter
1:
.endm
.macro caller name, instruction:vararg
    .globl \name
\name:
    pushl %ebx
    pushl %esi
    movl 12(%esp), %eax
    movl 16(%esp), %ebx
    movl 20(%esp), %esi
    \instruction
    popl %esi
    popl %ebx
    ret
.endm
    caller call_kernel, enter_by_sysenter
    caller interrupt_kernel, int $0x80
#endif
