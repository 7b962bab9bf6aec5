/*
 * Entry of the built-in guest: a multiboot 1 loader enters _start in 32-bit protected mode without paging;
 * pc_start runs in 64-bit mode in the upper half.
 *
 * This section is linked where it is loaded, at 1 MiB. Memory as set up here, with 2 MiB pages:
 *   0                      the first 4 GiB, only until pc_start has left this section (start.c drops it)
 *   0xffff800000000000     the first 4 GiB: how the kernel reaches physical memory
 *   0xffffffff80000000     the first 1 GiB: where the kernel is linked
 */
#define MULTIBOOT_MAGIC 0x1badb002          /* Multiboot Specification 0.6.96 §3.1.1 */
#define MULTIBOOT_FLAGS 0x00000003          /* modules on page boundaries, memory information */

#define PRESENT_WRITABLE 0x003
#define LARGE_GLOBAL_PAGE 0x183             /* present, writable, 2 MiB, global: SDM Vol 3A table 4-18 */

#define CR0_PE_MP_NE_WP_PG 0x80010023
#define CR4_PAE_PGE_OSFXSR_OSXMMEXCPT 0x6a0
#define MSR_EFER 0xc0000080
#define EFER_SCE_LME 0x101
#define EFER_NXE 0x800

    .section .boot, "ax"
    .balign 4
    .long MULTIBOOT_MAGIC, MULTIBOOT_FLAGS, -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

    .code32
    .globl _start
_start:
    cli
    cld
    movl $boot_stack_end, %esp
    movl %eax, %ebp                         /* the loader's magic number */
    movl %ebx, %esi                         /* physical address of its information */

    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx                           /* LM: AMD APM Vol 3 CPUID Fn8000_0001_EDX */
    jnc no_long_mode
    movl %edx, %edi

    movl $boot_directories, %ebx            /* four page directories of 512 pages: 4 GiB */
    xorl %ecx, %ecx
fill_directories:
    movl %ecx, %eax
    shll $21, %eax
    orl $LARGE_GLOBAL_PAGE, %eax
    movl %eax, (%ebx,%ecx,8)
    movl $0, 4(%ebx,%ecx,8)
    incl %ecx
    cmpl $2048, %ecx
    jb fill_directories

    movl $boot_directories + PRESENT_WRITABLE, %eax
    movl %eax, boot_upper_pointers + 510 * 8
    movl $boot_pointers, %ebx
fill_pointers:
    movl %eax, (%ebx)
    addl $0x1000, %eax
    addl $8, %ebx
    cmpl $boot_pointers + 4 * 8, %ebx
    jb fill_pointers
    movl $boot_pointers + PRESENT_WRITABLE, boot_pml4
    movl $boot_pointers + PRESENT_WRITABLE, boot_pml4 + 256 * 8
    movl $boot_upper_pointers + PRESENT_WRITABLE, boot_pml4 + 511 * 8

    movl $CR4_PAE_PGE_OSFXSR_OSXMMEXCPT, %eax
    movl %eax, %cr4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_SCE_LME, %eax
    btl $20, %edi                           /* NX: the same CPUID leaf */
    jnc 1f
    orl $EFER_NXE, %eax
1:  wrmsr
    movl $CR0_PE_MP_NE_WP_PG, %eax
    movl %eax, %cr0
    lgdt boot_gdt_pointer
    ljmp $0x08, $long_mode

no_long_mode:                               /* the first serial port is all that can be relied on */
    movl $no_long_mode_text, %esi
    movw $0x3f8, %dx
2:  lodsb
    testb %al, %al
    jz 3f
    outb %al, %dx
    jmp 2b
3:  cli
    hlt
    jmp 3b
no_long_mode_text:
    .asciz "The built-in guest needs a 64-bit processor.\r\n"

    .code64
long_mode:
    movl $0x10, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movq $boot_kernel_stack_end, %rsp
    movl %ebp, %edi
    movl %esi, %esi
    xorl %ebp, %ebp
    pushq $0                                /* pc_start has no caller */
    movq $pc_start, %rax
    jmp *%rax

    .balign 8
boot_gdt:
    .quad 0
    .quad 0x00af9b000000ffff                /* 0x08 ring-0 code, 64-bit */
    .quad 0x00cf93000000ffff                /* 0x10 ring-0 data */
boot_gdt_pointer:
    .word 23
    .long boot_gdt

    .section .boot.bss, "aw", @nobits
    .balign 4096
    .globl boot_pml4
boot_pml4: .skip 4096
boot_pointers: .skip 4096
boot_upper_pointers: .skip 4096
boot_directories: .skip 4 * 4096
    .skip 256
boot_stack_end:

    .bss
    .balign 16
    .skip 8192
boot_kernel_stack_end:
