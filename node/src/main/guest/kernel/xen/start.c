/* From the entry in notes.S to kernel_main: what the domain's loader left. */
#include "console.h"
#include "domain.h"
#include "frames.h"
#include "machine.h"

struct start_info *start_info;

static u64 free_start; /* the lowest physical address that is not in use */

void must(i64 result, const char *what) {
    if (result < 0) panic("%s: the hypervisor answers -%u", what, (u64)-result);
}

/* IN and OUT trap to Xen, which emulates them for a kernel that says it runs in ring 1. */
static void allow_ports(void) {
    u32 privilege = 1;
    hypercall(HYPERCALL_PHYSDEV_OP, PHYSDEVOP_SET_IOPL, (u64)&privilege, 0, 0);
}

/* Called by notes.S. */
void xen_start(struct start_info *from_loader) {
    start_info = from_loader;
    map_machine_frame(&shared_info, start_info->shared_info / FRAME_SIZE, PAGE_PRESENT | PAGE_WRITABLE);
    ring_start();
    free_start = page_tables_start();
    allow_ports();
    store_start();
    kernel_main(start_info->command_line);
}

void machine_memory(void (*give)(u64 start, u64 end)) { give(free_start, start_info->pages * FRAME_SIZE); }
