/* What of pc/cpu.h a paravirtual kernel has, most of it without an instruction that only ring 0 may execute. */
#ifndef CPU_H
#define CPU_H

#include "xen.h"

#define PHYSICAL_BASE 0xffff880000000000ul /* where page_tables.c maps memory: the first address above Xen's own */
#define UPPER_HALF_START 272u              /* the first entry of a top table that is the kernel's: 256 to 271 are Xen's */

#define USER_DATA 0xe02bu /* selectors in the part of the GDT that is Xen's: xen-x86_64.h */
#define USER_CODE 0xe033u

#define FLAG_INTERRUPT 0x200u /* RFLAGS.IF, which stands for an open upcall mask wherever Xen loads or stores it */

extern struct shared_info shared_info; /* start.c maps it */

static inline void disable_interrupts(void) {
    shared_info.vcpu[0].upcall_mask = 1;
    __asm__ volatile("" : : : "memory");
}

/* What came while the mask was closed is delivered on the way out of any hypercall. */
static inline void enable_interrupts(void) {
    volatile struct vcpu_info *vcpu = &shared_info.vcpu[0];
    __asm__ volatile("" : : : "memory");
    vcpu->upcall_mask = 0;
    if (vcpu->upcall_pending) hypercall(HYPERCALL_XEN_VERSION, 0, 0, 0, 0);
}

/* Sleeps until an interrupt has been handled. SCHEDOP_BLOCK opens the mask, and returns at once if one is pending. */
static inline void wait_for_interrupt(void) {
    hypercall(HYPERCALL_SCHED_OP, SCHEDOP_BLOCK, 0, 0, 0);
    disable_interrupts();
}

/* The address of the latest page fault. */
static inline u64 fault_address(void) { return shared_info.vcpu[0].cr2; }

static inline u64 read_tsc(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static inline void save_fpu(void *area) { __asm__ volatile("fxsave64 (%0)" : : "r"(area) : "memory"); }
static inline void restore_fpu(const void *area) { __asm__ volatile("fxrstor64 (%0)" : : "r"(area) : "memory"); }

#endif
