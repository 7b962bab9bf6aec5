/*
 * Xen's paravirtual interface for 64-bit guests, as far as this kernel uses it. Numbers and layouts are those of Xen's
 * public headers, which each group names.
 */
#ifndef XEN_H
#define XEN_H

#include "types.h"

/* xen.h: hypercalls. hypercall_page holds 32 bytes of code for each, which the loader of the domain fills in. */
#define HYPERCALL_SLOT 32
#define HYPERCALL_SET_TRAP_TABLE 0
#define HYPERCALL_MMU_UPDATE 1
#define HYPERCALL_STACK_SWITCH 3
#define HYPERCALL_MULTICALL 13
#define HYPERCALL_UPDATE_VA_MAPPING 14
#define HYPERCALL_SET_TIMER_OP 15
#define HYPERCALL_XEN_VERSION 17
#define HYPERCALL_CONSOLE_IO 18
#define HYPERCALL_VCPU_OP 24
#define HYPERCALL_MMUEXT_OP 26
#define HYPERCALL_SCHED_OP 29
#define HYPERCALL_CALLBACK_OP 30
#define HYPERCALL_EVENT_CHANNEL_OP 32
#define HYPERCALL_PHYSDEV_OP 33

static inline __attribute__((always_inline)) i64 hypercall(const u32 number, u64 a, u64 b, u64 c, u64 d) {
    i64 result;
    register u64 fourth __asm__("r10") = d;
    __asm__ volatile("call hypercall_page + %c[slot]"
                     : "=a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(fourth)
                     : [slot] "i"(number * HYPERCALL_SLOT)
                     : "rcx", "r11", "memory");
    return result;
}

struct multicall_entry {
    u64 operation;
    i64 result;
    u64 arguments[6];
};

#define DOMID_SELF 0x7ff0u

/* xen.h: page tables */
struct mmu_update {
    u64 pointer; /* machine address of an entry */
    u64 value;
};

#define MMUEXT_PIN_L4_TABLE 3
#define MMUEXT_UNPIN_TABLE 4
#define MMUEXT_NEW_BASEPTR 5
#define MMUEXT_INVLPG_LOCAL 7
#define MMUEXT_NEW_USER_BASEPTR 15

struct mmuext_op {
    u32 command;
    u64 argument; /* a machine frame number, or an address */
    u64 argument2;
};

#define UVMF_INVLPG 2 /* together with an empty mask of virtual processors: this one */

#define MACHINE_TO_PHYSICAL ((const u64 *)0xffff800000000000ul) /* xen-x86_64.h: machine_to_phys_mapping */

/* arch-x86/xen.h: exceptions */
#define TRAP_MASKS_EVENTS 4 /* flag of an entry; the low bits are the privilege that INT n needs */

struct trap_info {
    u8 vector, flags;
    u16 code_selector;
    u64 address;
};

/* callback.h */
#define CALLBACKOP_REGISTER 0
#define CALLBACKTYPE_EVENT 0
#define CALLBACKTYPE_FAILSAFE 1
#define CALLBACKTYPE_SYSCALL 2
#define CALLBACKF_MASK_EVENTS 1

struct callback_register {
    u16 type, flags;
    u64 address;
};

/* event_channel.h */
#define EVTCHNOP_BIND_VIRQ 1
#define EVTCHNOP_SEND 4
#define EVTCHNOP_UNMASK 9
#define VIRQ_TIMER 0
#define VIRQ_CONSOLE 2

struct bind_virq {
    u32 virq, vcpu, port;
};

/* sched.h, vcpu.h, physdev.h, and console_io of xen.h */
#define SCHEDOP_YIELD 0
#define SCHEDOP_BLOCK 1
#define SCHEDOP_SHUTDOWN 2
#define SHUTDOWN_POWEROFF 0
#define SHUTDOWN_SUSPEND 2
#define SHUTDOWN_CRASH 3
#define VCPUOP_STOP_PERIODIC_TIMER 7
#define PHYSDEVOP_SET_IOPL 6
#define CONSOLEIO_WRITE 0
#define CONSOLEIO_READ 1

/* xen.h: the page that domain and hypervisor share */
struct vcpu_time_info {
    u32 version, padding;
    u64 tsc_timestamp, system_time; /* nanoseconds */
    u32 tsc_to_system_mul;
    int8_t tsc_shift;
    u8 flags, padding2[2];
};

struct vcpu_info {
    u8 upcall_pending, upcall_mask;
    u64 pending_selector;
    u64 cr2, padding;
    struct vcpu_time_info time;
};

struct shared_info {
    struct vcpu_info vcpu[32];
    u64 pending[64], mask[64];
    u32 wall_clock[4];
    u64 frames_listed, frame_list_list; /* arch-x86/xen.h: for whoever saves the domain, how its mfn_list is found */
};

/* xen.h: what the kernel is started with */
#define SIF_INITDOMAIN 2

struct start_info {
    char magic[32];
    u64 pages;
    u64 shared_info; /* machine address */
    u32 flags;
    u64 store_mfn;
    u32 store_port;
    u64 console_mfn; /* unless SIF_INITDOMAIN */
    u32 console_port;
    u64 page_tables, page_table_frames; /* virtual address of the top one, and how many there are */
    u64 mfn_list;                       /* virtual address */
    u64 module_start, module_length;
    char command_line[1024];
};

/* io/xs_wire.h */
#define XS_READ 2u
#define XS_WATCH 4u
#define XS_WRITE 11u
#define XS_WATCH_EVENT 15u

struct store_message {
    u32 type, request, transaction, length; /* of what follows, names and values each with their end */
};

struct store_ring {
    u8 requests[1024], answers[1024];
    u32 requests_consumed, requests_produced, answers_consumed, answers_produced;
};

/* io/console.h */
struct console_ring {
    u8 in[1024], out[2048];
    u32 in_consumed, in_produced, out_consumed, out_produced;
};

#endif
