/*
 * Entry of the benchmark's guest: a multiboot 1 loader enters _start in 32-bit protected mode without paging; kernel_main
 * runs with paging on, in long mode if built for 64 bit, else with PAE: the two have the same tables up to the directory.
 * The kernel stays where it is loaded, at 1 MiB, in the first gigabyte, which is mapped by 2 MiB pages for ring 0.
 */
#include "layout.h"

#define MULTIBOOT_MAGIC 0x1badb002          /* Multiboot Specification 0.6.96 3.1.1 */
#define MULTIBOOT_FLAGS 0x00000003          /* modules on page boundaries, memory information */
#define CR0_PE_MP_NE_WP_PG 0x80010023
#define CR4_PAE_PGE_OSFXSR_OSXMMEXCPT 0x6a0
#define MSR_EFER 0xc0000080
#define EFER_SCE_LME 0x101

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

    xorl %ecx, %ecx
1:  movl %ecx, %eax
    shll $21, %eax
    orl $(ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_LARGE | ENTRY_GLOBAL), %eax
    movl %eax, kernel_directory(,%ecx,8)
    incl %ecx
    cmpl $512, %ecx
    jb 1b
    movl $CR4_PAE_PGE_OSFXSR_OSXMMEXCPT, %eax
    movl %eax, %cr4

#ifdef __x86_64__
    movl $kernel_directory + ENTRY_PRESENT + ENTRY_WRITABLE, boot_pointers
    movl $boot_pointers + ENTRY_PRESENT + ENTRY_WRITABLE, boot_pml4
    movl $boot_pml4, %eax
    movl %eax, %cr3
    movl $MSR_EFER, %ecx
    rdmsr
    orl $EFER_SCE_LME, %eax
    wrmsr
#else
    movl $kernel_directory + ENTRY_PRESENT, boot_pointers
    movl $boot_pointers, %eax
    movl %eax, %cr3
#endif
    movl $CR0_PE_MP_NE_WP_PG, %eax
    movl %eax, %cr0
    lgdt gdt_pointer
    ljmp $KERNEL_CODE, $paged

paged:
    movl $KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
#ifdef __x86_64__
    .code64
    movl %ebp, %edi
    movl %esi, %esi
    movl $boot_stack_end, %esp
    call kernel_main
#else
    pushl %esi
    pushl %ebp
    call kernel_main
#endif

    /* In pages of its own, as with other kernels: what lies beside a descriptor table is slow to write under a VMM. */
    .data
    .balign 4096
    .globl gdt
gdt:
    .quad 0
#ifdef __x86_64__
    .quad 0x00af9b000000ffff, 0x00cf93000000ffff    /* ring 0: 64-bit code, data */
    .quad 0x00cff3000000ffff, 0x00affb000000ffff    /* ring 3: data, 64-bit code */
#else
    .quad 0x00cf9b000000ffff, 0x00cf93000000ffff    /* ring 0: code, data */
    .quad 0x00cffb000000ffff, 0x00cff3000000ffff    /* ring 3: code, data */
#endif
    .quad 0, 0                              /* the task state: see trap_initialize */
gdt_pointer:
    .word gdt_pointer - gdt - 1
    .long gdt, 0
    .balign 4096

    .bss
    .balign 4096
    .globl kernel_directory
kernel_directory: .skip PAGE
boot_pointers: .skip PAGE
boot_pml4: .skip PAGE
    .skip 2 * PAGE
boot_stack_end:
