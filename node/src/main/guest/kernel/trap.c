/* What interrupts and exceptions mean; SDM Vol 3A chapter 6. How they get here is the machine's. */
#include "trap.h"

#include "console.h"
#include "machine.h"
#include "system_call.h"
#include "task.h"

#define VECTOR_PAGE_FAULT 14
#define VECTOR_EXCEPTIONS_END 32

u64 interrupts_taken;

static const char *const exception_names[VECTOR_EXCEPTIONS_END] = {
    "divide error", "debug", "NMI", "breakpoint", "overflow", "bound range", "invalid opcode", "no device",
    "double fault", "", "invalid TSS", "segment not present", "stack fault", "general protection", "page fault", "",
    "x87 error", "alignment check", "machine check", "SIMD error", "", "", "", "", "", "", "", "", "", "", "", "",
};

static void exception(struct frame *frame) {
    const char *name = exception_names[frame->vector];
    if ((frame->cs & 3) == 0)
        panic("%s in the kernel at %x, error %x, address %x", name, frame->rip, frame->error, fault_address());
    if (current->recovery) {
        frame->rip = current->recovery;
        return;
    }
    print("task %u (%s): %s at %x, error %x, address %x\n", current->id, current->command, name, frame->rip,
          frame->error, frame->vector == VECTOR_PAGE_FAULT ? fault_address() : 0);
    task_exit();
}

static void page_fault(struct frame *frame) {
    switch (space_fault(fault_address(), frame->error)) {
        case FAULT_RESOLVED: return;
        case FAULT_INVALID: exception(frame); return;
        case FAULT_NO_MEMORY:
            print("task %u (%s): out of memory\n", current->id, current->command);
            task_exit();
    }
}

static bool interrupt(u32 vector) {
    interrupts_taken++;
    return machine_interrupt(vector);
}

void trap(struct frame *frame) {
    u64 vector = frame->vector;
    bool ticked = false;
    if (vector == VECTOR_PAGE_FAULT) page_fault(frame);
    else if (vector < VECTOR_EXCEPTIONS_END) exception(frame);
    else if (vector == VECTOR_SYSTEM_CALL) system_call(frame);
    else ticked = interrupt((u32)vector);
    if ((frame->cs & 3) == 0) return;
    if (ticked) task_yield();
    task_leave_kernel();
}
