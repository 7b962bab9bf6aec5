/* Two functions that are copied to where they can be written to; see rewriting.c. Both take and return a u32. */
    .section .rodata
    .globl addition, addition_constant, addition_end, patching, patching_end

addition:                                   /* argument + constant */
#ifdef __x86_64__
    movl %edi, %eax
#else
    movl 4(%esp), %eax
#endif
    .byte 0x05                              /* add eax, imm32, whatever the constant */
addition_constant:
    .long 0
    ret
addition_end:

patching:                                   /* adds a constant so often, which grows by 7 each time */
#ifdef __x86_64__
    movl %edi, %ecx
    leaq patched(%rip), %rdx
#else
    movl 4(%esp), %ecx
    call 1f
1:  popl %edx
    addl $patched - 1b, %edx
#endif
    xorl %eax, %eax
2:  .byte 0x05
patched:
    .long 1
#ifdef __x86_64__
    addl $7, (%rdx)
#else
    addl $7, (%edx)
#endif
    decl %ecx
    jnz 2b
    ret
patching_end:
