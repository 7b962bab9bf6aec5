/*
 * Every privileged or otherwise sensitive instruction of the kernel's C code on a PC, one function each, and the figures
 * in which machines differ. The few in assembly are in entry.S and boot.S.
 */
#ifndef CPU_H
#define CPU_H

#include "types.h"

#define PHYSICAL_BASE 0xffff800000000000ul /* where boot.S maps the first 4 GiB */
#define UPPER_HALF_START 256u               /* the first entry of a top table that is the kernel's */

#define KERNEL_CODE 0x08u /* selectors: descriptors.c */
#define USER_DATA 0x23u
#define USER_CODE 0x2bu

#define MSR_STAR 0xc0000081u   /* SDM Vol 4 table 2-2 */
#define MSR_LSTAR 0xc0000082u
#define MSR_FMASK 0xc0000084u

#define FLAG_INTERRUPT 0x200u  /* RFLAGS.IF */

static inline void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline void out16(u16 port, u16 value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }

static inline u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline u16 in16(u16 port) {
    u16 value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void disable_interrupts(void) { __asm__ volatile("cli" : : : "memory"); }
static inline void enable_interrupts(void) { __asm__ volatile("sti" : : : "memory"); }

/* Sleeps until an interrupt has been handled. STI's shadow leaves no gap in which one could be missed. */
static inline void wait_for_interrupt(void) { __asm__ volatile("sti; hlt; cli" : : : "memory"); }

static inline void halt_forever(void) {
    for (;;) __asm__ volatile("cli; hlt");
}

/* The address of the latest page fault. */
static inline u64 fault_address(void) {
    u64 value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline u64 read_cr3(void) {
    u64 value;
    __asm__ volatile("mov %%cr3, %0" : "=r"(value));
    return value;
}

static inline void write_cr3(u64 value) { __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory"); }

static inline u64 read_cr4(void) {
    u64 value;
    __asm__ volatile("mov %%cr4, %0" : "=r"(value));
    return value;
}

static inline void write_cr4(u64 value) { __asm__ volatile("mov %0, %%cr4" : : "r"(value) : "memory"); }

static inline u64 read_cr8(void) {
    u64 value;
    __asm__ volatile("mov %%cr8, %0" : "=r"(value));
    return value;
}

static inline u64 read_tsc(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static inline void invalidate_page(u64 address) { __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory"); }

static inline u64 read_msr(u32 msr) {
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr));
    return (u64)high << 32 | low;
}

static inline void write_msr(u32 msr, u64 value) {
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

static inline void save_fpu(void *area) { __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory"); }
static inline void restore_fpu(const void *area) { __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory"); }

#endif
