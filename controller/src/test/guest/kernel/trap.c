/* Interrupt and system-call entry: descriptor tables and what leads where. */
#include "kernel.h"

#define MSR_SYSENTER_CS 0x174u /* SDM Vol 4 table 2-2 */
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_STAR 0xc0000081u
#define MSR_LSTAR 0xc0000082u
#define MSR_FMASK 0xc0000084u

#define STUB_BYTES 16
#define GATE_BYTES (2 * sizeof(word))
#define INTERRUPT_GATE 0x8e00u /* SDM Vol 3A figure 6-2 */
#define GATE_FOR_USERS 0x6000u
#define AVAILABLE_TSS 0x89u
#define PIC_MASTER_MASK 0x21
#define PIC_SLAVE_MASK 0xa1
#define FLAGS_CLEARED_BY_SYSCALL 0x47700u /* TF IF DF NT AC */

extern u64 gdt[];

/* SDM Vol 3A figures 7-2 and 7-11: of either form only the stack for ring 0 is used. */
static struct __attribute__((packed)) {
    u32 link;
    word stack;
    word stack_segment; /* 64 bit: the stack for ring 1 */
    u8 rest[104 - sizeof(u32) - 2 * sizeof(word)];
} task_state;

static u32 gates[VECTORS * GATE_BYTES / sizeof(u32)];

void trap_stack(word top) {
    kernel_stack = top;
    task_state.stack = top;
}

static void set_gate(u32 vector) {
    u32 *gate = &gates[vector * GATE_BYTES / sizeof(u32)];
    word stub = (word)(interrupt_stubs + vector * STUB_BYTES);
    u32 access = INTERRUPT_GATE | (vector == VECTOR_SYSTEM_CALL ? GATE_FOR_USERS : 0);
    gate[0] = KERNEL_CODE << 16 | (stub & 0xffff);
    gate[1] = (u32)(stub & 0xffff0000) | access;
}

void trap_initialize(void) {
    struct __attribute__((packed)) {
        u16 limit;
        word base;
    } table = {sizeof gates - 1, (word)gates};
    for (u32 vector = 0; vector < VECTORS; vector++) set_gate(vector);
    __asm__ volatile("lidt %0" : : "m"(table));

    u64 base = (word)&task_state;
    gdt[TASK_STATE / 8] = (sizeof task_state - 1) | (base & 0xffffff) << 16 | (u64)AVAILABLE_TSS << 40 | (base >> 24) << 56;
    __asm__ volatile("ltr %w0" : : "r"(TASK_STATE));
#ifdef __x86_64__
    write_msr(MSR_STAR, (u64)(USER_DATA - 8) << 48 | (u64)KERNEL_CODE << 32);
    write_msr(MSR_LSTAR, (word)fast_call_entry);
    write_msr(MSR_FMASK, FLAGS_CLEARED_BY_SYSCALL);
#else
    task_state.stack_segment = KERNEL_DATA;
    write_msr(MSR_SYSENTER_CS, KERNEL_CODE);
    write_msr(MSR_SYSENTER_ESP, 0); /* the entry takes its stack from kernel_stack */
    write_msr(MSR_SYSENTER_EIP, (word)fast_call_entry);
#endif
    /* Programs run with interrupts enabled, as everywhere: a VMM may have to interpret others. None come. */
    out8(PIC_MASTER_MASK, 0xff);
    out8(PIC_SLAVE_MASK, 0xff);
}

/* From the entries in assembly. */
void system_call(struct frame *frame) { frame->ax = task_call(frame); }

void trap(struct frame *frame) {
    if (frame->vector == VECTOR_SYSTEM_CALL) system_call(frame);
    else if (frame->vector == VECTOR_PAGE_FAULT) task_fault(frame, read_cr2());
    else panic("exception", frame->vector);
}
