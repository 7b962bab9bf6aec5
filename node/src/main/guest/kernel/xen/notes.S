/*
 * What the domain's loader reads of this image, Xen's elfnote.h, and the entry: rsi points to start_info, and the stack,
 * in the loader's memory, is left for one of our own.
 */
#define NOTE_ENTRY 1
#define NOTE_HYPERCALL_PAGE 2
#define NOTE_VIRT_BASE 3
#define NOTE_PADDR_OFFSET 4
#define NOTE_XEN_VERSION 5
#define NOTE_GUEST_OS 6
#define NOTE_GUEST_VERSION 7
#define NOTE_LOADER 8
#define NOTE_PAE_MODE 9
#define NOTE_FEATURES 10
#define NOTE_HV_START_LOW 12

.macro note type, directive, value:vararg
    .balign 4
    .long 4, 2f - 1f, \type
    .asciz "Xen"
1:  \directive \value
2:  .balign 4
.endm

    .section .note.xen, "a", @note
    note NOTE_ENTRY, .quad, _start
    note NOTE_HYPERCALL_PAGE, .quad, hypercall_page
    note NOTE_VIRT_BASE, .quad, 0xffffffff80000000
    note NOTE_PADDR_OFFSET, .quad, 0
    note NOTE_XEN_VERSION, .asciz, "xen-3.0"
    note NOTE_GUEST_OS, .asciz, "simvisor"
    note NOTE_GUEST_VERSION, .asciz, "1"
    note NOTE_LOADER, .asciz, "generic"
    note NOTE_PAE_MODE, .asciz, "yes"
    note NOTE_FEATURES, .asciz, "!writable_page_tables"
    note NOTE_HV_START_LOW, .quad, 0xffff800000000000

    .section .hypercall_page, "ax"
    .globl hypercall_page
hypercall_page: .skip 4096

    .text
    .globl _start
_start:
    cld
    movq $start_stack_end, %rsp
    movq %rsi, %rdi
    xorl %ebp, %ebp
    pushq $0                                /* xen_start has no caller */
    jmp xen_start

    .bss
    .balign 4096
    .globl shared_info
shared_info: .skip 4096                     /* gives way to the page that it is named for */
    .skip 8192
start_stack_end:
