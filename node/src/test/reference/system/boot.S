/*
 * Boot sector of a hard disk whose next sectors hold a guest image: loads it, goes to protected or (BITS == 64) long mode
 * and enters it at 1 MiB as guest.c asks for.
 */
#define SECTORS 24
#define IMAGE 0x100000
#define PAGE_TABLES 0x200000

.code16
.globl _start
_start:
    ljmp $0, $1f
1:  xor %ax, %ax
    mov %ax, %ds
    mov %ax, %es
    mov %ax, %ss
    mov $0x7C00, %sp
    mov $1, %di                     /* sector */
    mov $0x2000, %bx                /* segment it goes to */
2:  mov %bx, packet + 6
    mov %di, packet + 8
    mov $packet, %si
    mov $0x42, %ah                  /* extended read */
    mov $0x80, %dl
    int $0x13
    jc stop
    add $0x20, %bx
    inc %di
    cmp $SECTORS, %di
    jb 2b
    cli
    mov $0xFF, %al                  /* no interrupts from the PICs */
    out %al, $0x21
    out %al, $0xA1
    in $0x92, %al                   /* A20 */
    or $2, %al
    out %al, $0x92
    lgdt gdtr
    mov $0x33, %eax
    mov %eax, %cr0
    ljmp $8, $protected
stop:
    hlt
    jmp stop

.align 8
packet: .byte 16, 0, 1, 0
    .word 0, 0x2000
    .quad 0
.align 8
gdt: .quad 0, 0x00CF9B000000FFFF, 0x00CF93000000FFFF, 0x00AF9B000000FFFF
gdtr: .word 31
    .long gdt

.code32
protected:
    mov $0x10, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov %eax, %fs
    mov %eax, %gs
    mov $0x20000, %esi
    mov $IMAGE, %edi
    mov $(SECTORS - 1) * 512 / 4, %ecx
    rep movsl
#if BITS == 64
    mov $PAGE_TABLES, %edi
    xor %eax, %eax
    mov $3072, %ecx
    rep stosl
    movl $PAGE_TABLES + 0x1007, PAGE_TABLES
    movl $PAGE_TABLES + 0x2007, PAGE_TABLES + 0x1000
    mov $0x87, %eax
    mov $PAGE_TABLES + 0x2000, %edi
    mov $512, %ecx
3:  mov %eax, (%edi)
    add $0x200000, %eax
    add $8, %edi
    loop 3b
    mov $PAGE_TABLES, %eax
    mov %eax, %cr3
    mov $0x620, %eax
    mov %eax, %cr4
    mov $0xC0000080, %ecx
    xor %edx, %edx
    mov $0x101, %eax
    wrmsr
    mov $0x80000033, %eax
    mov %eax, %cr0
    ljmp $0x18, $4f
.code64
4:
#endif
    mov $SEED, %edi
    mov $CASES, %esi
    mov $IMAGE, %eax
#if BITS == 64
    jmp *%rax
#else
    jmp *%eax
#endif
.org 510
    .word 0xAA55
