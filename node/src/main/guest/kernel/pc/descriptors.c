/* The descriptor tables that traps need; SDM Vol 3A chapters 3, 6 and 7. */
#include "machine.h"
#include "pc.h"
#include "trap.h"

#define DOUBLE_FAULT_STACK 1 /* index in the TSS's interrupt stack table */

#define GATE_INTERRUPT 0x8eu
#define GATE_INTERRUPT_USER 0xeeu

struct gate {
    u16 offset_low, selector;
    u8 stack, type;
    u16 offset_middle;
    u32 offset_high, reserved;
};

struct tss {
    u32 reserved0;
    u64 rsp[3], reserved1, ist[7], reserved2;
    u16 reserved3, io_map;
} __attribute__((packed));

struct table_pointer {
    u16 limit;
    u64 base;
} __attribute__((packed));

extern const u8 interrupt_stubs[256][16];
extern u64 kernel_stack;
void system_call_entry(void);

static struct gate gates[256] __attribute__((aligned(16)));
static struct tss tss __attribute__((aligned(16)));
static u8 double_fault_stack[4096] __attribute__((aligned(16)));

/* A page of its own: a VMM that has to follow what is written to the table would meet every write beside it. */
#define GDT_ENTRIES 8
static u64 gdt[4096 / sizeof(u64)] __attribute__((aligned(4096))) = {
    0,
    0x00af9b000000ffff, /* 0x08 ring-0 code, 64-bit */
    0x00cf93000000ffff, /* 0x10 ring-0 data */
    0x00cffb000000ffff, /* 0x18 ring-3 code, 32-bit: SYSRET counts its selectors from here */
    0x00cff3000000ffff, /* 0x20 ring-3 data */
    0x00affb000000ffff, /* 0x28 ring-3 code, 64-bit */
    0, 0,               /* 0x30 TSS */
};

static void set_gate(u32 vector, u8 type, u8 stack) {
    u64 offset = (u64)interrupt_stubs[vector];
    gates[vector] = (struct gate){(u16)offset, KERNEL_CODE, stack, type, (u16)(offset >> 16), (u32)(offset >> 32), 0};
}

static void load_gdt(void) {
    u64 base = (u64)&tss;
    gdt[6] = (sizeof tss - 1) | (base & 0xffffff) << 16 | 0x89ul << 40 | (base >> 24 & 0xff) << 56;
    gdt[7] = base >> 32;
    struct table_pointer pointer = {GDT_ENTRIES * sizeof gdt[0] - 1, (u64)gdt};
    __asm__ volatile("lgdt %0" : : "m"(pointer));
    __asm__ volatile("ltr %w0" : : "r"(0x30));
}

static void enable_system_calls(void) {
    write_msr(MSR_STAR, (u64)KERNEL_CODE << 32 | 0x1bul << 48);
    write_msr(MSR_LSTAR, (u64)system_call_entry);
    write_msr(MSR_FMASK, 0x47700); /* TF, IF, DF, IOPL, NT and AC */
}

void machine_install_traps(void) {
    tss.ist[DOUBLE_FAULT_STACK - 1] = (u64)(double_fault_stack + sizeof double_fault_stack);
    tss.io_map = sizeof tss;
    load_gdt();
    for (u32 vector = 0; vector < 256; vector++) set_gate(vector, GATE_INTERRUPT, 0);
    set_gate(8, GATE_INTERRUPT, DOUBLE_FAULT_STACK);
    set_gate(VECTOR_SYSTEM_CALL, GATE_INTERRUPT_USER, 0);
    struct table_pointer pointer = {sizeof gates - 1, (u64)gates};
    __asm__ volatile("lidt %0" : : "m"(pointer));
    enable_system_calls();
}

void set_kernel_stack(u64 top) {
    tss.rsp[0] = top;
    kernel_stack = top;
}
