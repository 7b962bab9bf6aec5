/* Exceptions, system calls and event channels, of the kind with two levels: Xen's event_channel.h and callback.h. */
#include "console.h"
#include "domain.h"
#include "machine.h"
#include "trap.h"

#define PORTS_PER_WORD 64u
#define EXCEPTIONS 32u

extern const u8 exception_stubs[EXCEPTIONS][16];
extern const u8 interrupt_call_entry[], event_entry[], system_call_entry[], failsafe_entry[];

u32 timer_port, line_port, store_port;

void failsafe(void) { panic("the hypervisor could not return to user mode"); }

static void set_callback(u16 type, u16 flags, const u8 *entry) {
    struct callback_register callback = {type, flags, (u64)entry};
    must(hypercall(HYPERCALL_CALLBACK_OP, CALLBACKOP_REGISTER, (u64)&callback, 0, 0), "callback_op");
}

void machine_install_traps(void) {
    struct trap_info traps[EXCEPTIONS + 2] = {0}; /* the last one's address ends the table */
    for (u32 i = 0; i < EXCEPTIONS; i++)
        traps[i] = (struct trap_info){(u8)i, TRAP_MASKS_EVENTS, USER_CODE, (u64)exception_stubs[i]};
    traps[EXCEPTIONS] =
        (struct trap_info){VECTOR_SYSTEM_CALL, TRAP_MASKS_EVENTS | 3, USER_CODE, (u64)interrupt_call_entry};
    must(hypercall(HYPERCALL_SET_TRAP_TABLE, (u64)traps, 0, 0, 0), "set_trap_table");
    set_callback(CALLBACKTYPE_EVENT, 0, event_entry);
    set_callback(CALLBACKTYPE_FAILSAFE, CALLBACKF_MASK_EVENTS, failsafe_entry);
    set_callback(CALLBACKTYPE_SYSCALL, CALLBACKF_MASK_EVENTS, system_call_entry);
}

u32 bind_virq(u32 virq) {
    struct bind_virq bind = {virq, 0, 0};
    must(hypercall(HYPERCALL_EVENT_CHANNEL_OP, EVTCHNOP_BIND_VIRQ, (u64)&bind, 0, 0), "bind_virq");
    return bind.port;
}

/* A port's bit is cleared before what it announces is looked at, so that the next announcement is not lost. */
static bool serve(u32 port) {
    __atomic_fetch_and(&shared_info.pending[port / PORTS_PER_WORD], ~(1ul << port % PORTS_PER_WORD), __ATOMIC_SEQ_CST);
    if (port == line_port) console_receive();
    if (port == store_port) store_receive();
    return port == timer_port && timer_event();
}

bool machine_interrupt(u32 vector) {
    (void)vector; /* entry.S has but one for all ports */
    bool ticked = false;
    struct vcpu_info *vcpu = &shared_info.vcpu[0];
    __atomic_store_n(&vcpu->upcall_pending, 0, __ATOMIC_SEQ_CST);
    u64 words = __atomic_exchange_n(&vcpu->pending_selector, 0, __ATOMIC_SEQ_CST);
    for (; words; words &= words - 1) {
        u32 word = (u32)__builtin_ctzl(words);
        u64 ports = shared_info.pending[word] & ~shared_info.mask[word];
        for (; ports; ports &= ports - 1) ticked |= serve(word * PORTS_PER_WORD + (u32)__builtin_ctzl(ports));
    }
    return ticked;
}
