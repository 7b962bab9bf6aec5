/* What the kernel's files share, and the processor's privileged instructions. */
#ifndef KERNEL_H
#define KERNEL_H

#include "abi.h"
#include "layout.h"
#include "types.h"

/* What every way into the kernel leaves on the kernel stack. */
struct frame {
#ifdef __x86_64__
    word r15, r14, r13, r12, r11, r10, r9, r8, bp, first, second, dx, cx, bx, ax;
#else
    word es, ds, di, second, bp, kernel_sp, first, dx, cx, ax;
#endif
    word vector, error, ip, cs, flags, sp, ss;
};

struct space {
    u64 *root;      /* what CR3 points to */
    u64 *directory; /* of the gigabyte from USER_BASE */
};

/* console.c */
void console_initialize(void);
void print(const char *text);
void print_number(u32 value);
void print_hexadecimal(u64 value);
_Noreturn void panic(const char *what, word value);

/* space.c */
void frames_initialize(void);
void space_initialize(void);
struct space space_create(void);
void space_enter(const struct space *space);
struct space space_copy(const struct space *from);
void space_destroy(struct space *space);
void space_release(struct space *space, word address, word length);
bool space_fault(struct space *space, word address, word error);

/* task.c */
void task_run_loads(const char *list);
word task_call(struct frame *frame);
void task_fault(struct frame *frame, word address);

/* trap.c */
void trap_initialize(void);
void trap_stack(word top);

/* entry32.S, entry64.S */
extern word kernel_stack;
extern u8 interrupt_stubs[], fast_call_entry[], return_from_interrupt[];
void switch_stacks(word *old, word new);
_Noreturn void enter_user(word entry, word stack, word load, word rounds);

static inline void out8(u16 port, u8 value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }

static inline u8 in8(u16 port) {
    u8 value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline word read_cr2(void) {
    word value;
    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

static inline void write_cr3(word value) { __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory"); }
static inline void invalidate_page(word address) { __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory"); }

static inline void write_msr(u32 msr, u64 value) {
    __asm__ volatile("wrmsr" : : "c"(msr), "a"((u32)value), "d"((u32)(value >> 32)));
}

static inline u64 read_tsc(void) {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (u64)high << 32 | low;
}

static inline void save_fpu(void *area) { __asm__ volatile("fxsave (%0)" : : "r"(area) : "memory"); }
static inline void restore_fpu(const void *area) { __asm__ volatile("fxrstor (%0)" : : "r"(area) : "memory"); }

static inline void fill_words(void *to, word value, size_t count) {
#ifdef __x86_64__
    __asm__ volatile("rep stosq" : "+D"(to), "+c"(count) : "a"(value) : "memory");
#else
    __asm__ volatile("rep stosl" : "+D"(to), "+c"(count) : "a"(value) : "memory");
#endif
}

static inline void copy_words(void *to, const void *from, size_t count) {
#ifdef __x86_64__
    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
#else
    __asm__ volatile("rep movsl" : "+D"(to), "+S"(from), "+c"(count) : : "memory");
#endif
}

#endif
