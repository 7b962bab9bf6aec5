/* First byte of the user image: rdi points at the task's command line, which stands just above the stack. */
    .section .start, "ax"
    xorl %ebp, %ebp
    call main
    movl $1, %eax                           /* SYS_EXIT */
    syscall
