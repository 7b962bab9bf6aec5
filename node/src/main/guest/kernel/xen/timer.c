/* Guest time from Xen's clock, and ticks from its single-shot timer: xen.h, vcpu_time_info and set_timer_op; vcpu.h. */
#include "clock.h"
#include "domain.h"
#include "machine.h"

#define TICK_NANOS 10000000ul /* 100 Hz */

static u64 started; /* system time */
static u64 next_tick;

/* The hypervisor makes the version odd while it writes. */
static u64 system_time(void) {
    const volatile struct vcpu_time_info *time = &shared_info.vcpu[0].time;
    for (;;) {
        u32 version = time->version;
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        u64 ticks = read_tsc() - time->tsc_timestamp;
        ticks = time->tsc_shift < 0 ? ticks >> -time->tsc_shift : ticks << time->tsc_shift;
        u64 now = time->system_time + (u64)((unsigned __int128)ticks * time->tsc_to_system_mul >> 32);
        __atomic_thread_fence(__ATOMIC_ACQUIRE);
        if (!(version & 1) && version == time->version) return now;
    }
}

u64 clock_now(void) { return system_time() - started; }

void machine_start_clock(void) {
    started = system_time();
    next_tick = started + TICK_NANOS;
    hypercall(HYPERCALL_VCPU_OP, VCPUOP_STOP_PERIODIC_TIMER, 0, 0, 0);
    timer_resume();
}

void timer_resume(void) {
    timer_port = bind_virq(VIRQ_TIMER);
    hypercall(HYPERCALL_EVENT_CHANNEL_OP, EVTCHNOP_UNMASK, (u64)&timer_port, 0, 0);
    hypercall(HYPERCALL_SET_TIMER_OP, next_tick, 0, 0, 0);
}

/* Ticks that nobody was there for are not made up for. */
bool timer_event(void) {
    u64 now = system_time();
    bool due = now >= next_tick;
    if (due) next_tick += (now - next_tick) / TICK_NANOS * TICK_NANOS + TICK_NANOS;
    hypercall(HYPERCALL_SET_TIMER_OP, next_tick, 0, 0, 0);
    if (due) clock_tick();
    return due;
}
