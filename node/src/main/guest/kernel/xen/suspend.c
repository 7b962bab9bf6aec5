/*
 * Suspension: the domain is halted by a hypercall that returns here, or in a domain that was made of what this one was (Xen's
 * sched.h, SHUTDOWN_suspend). What names machine frames is translated by whoever does that: page tables, mfn_list, and
 * start_info, which is filled in anew. Called with interrupts disabled, when no table is being made and no change queued.
 */
#include "domain.h"
#include "frames.h"
#include "machine.h"

static u64 physical_frame(u64 frame) { return MACHINE_TO_PHYSICAL[frame]; }

static void map_shared_info(void) {
    map_machine_frame(&shared_info, start_info->shared_info / FRAME_SIZE, PAGE_PRESENT | PAGE_WRITABLE);
}

bool suspend(void) {
    u32 reason = SHUTDOWN_SUSPEND;
    frame_list_publish();
    start_info->store_mfn = physical_frame(start_info->store_mfn);
    start_info->console_mfn = physical_frame(start_info->console_mfn);
    map_machine_frame(&shared_info, 0, 0);
    i64 cancelled = hypercall(HYPERCALL_SCHED_OP, SCHEDOP_SHUTDOWN, (u64)&reason,
                              machine_frame((u64)start_info - LINKED_BASE), 0);
    map_shared_info();
    if (cancelled) {
        start_info->store_mfn = machine_frame(start_info->store_mfn * FRAME_SIZE);
        start_info->console_mfn = machine_frame(start_info->console_mfn * FRAME_SIZE);
        return false;
    }
    line_enable_input();
    timer_resume();
    return true;
}
