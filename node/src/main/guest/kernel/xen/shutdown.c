/* Ways to end the domain: Xen's sched.h. */
#include "machine.h"
#include "power.h"

static void __attribute__((noreturn)) shut_down(u32 reason) {
    for (;;) hypercall(HYPERCALL_SCHED_OP, SCHEDOP_SHUTDOWN, (u64)&reason, 0, 0);
}

void power_off(void) { shut_down(SHUTDOWN_POWEROFF); }

void debug_exit(u8 value) { shut_down(value ? SHUTDOWN_CRASH : SHUTDOWN_POWEROFF); }
