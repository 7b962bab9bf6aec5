/*
 * The line: the console's ring (Xen's io/console.h), which whoever serves the domain reads and fills. The initial domain
 * has none, and writes and reads by console_io.
 */
#include "console.h"
#include "domain.h"
#include "frames.h"
#include "machine.h"

static struct console_ring *ring; /* null in the initial domain */
static char output[256];
static u32 output_length;
static u8 input[16];
static u32 input_taken, input_length;

void ring_start(void) {
    if (start_info->flags & SIF_INITDOMAIN) return;
    ring = (struct console_ring *)(LINKED_BASE + MACHINE_TO_PHYSICAL[start_info->console_mfn] * FRAME_SIZE);
    line_port = start_info->console_port; /* output is announced before input is enabled */
}

void line_enable_input(void) {
    line_port = ring ? start_info->console_port : bind_virq(VIRQ_CONSOLE);
    hypercall(HYPERCALL_EVENT_CHANNEL_OP, EVTCHNOP_UNMASK, (u64)&line_port, 0, 0);
}

static void notify(void) { hypercall(HYPERCALL_EVENT_CHANNEL_OP, EVTCHNOP_SEND, (u64)&line_port, 0, 0); }

static u32 load(const u32 *index) { return __atomic_load_n(index, __ATOMIC_ACQUIRE); }
static void store(u32 *index, u32 value) { __atomic_store_n(index, value, __ATOMIC_RELEASE); }

static void put_ring(char c) {
    while (ring->out_produced - load(&ring->out_consumed) >= sizeof ring->out) {
        notify();
        hypercall(HYPERCALL_SCHED_OP, SCHEDOP_YIELD, 0, 0, 0);
    }
    ring->out[ring->out_produced % sizeof ring->out] = (u8)c;
    store(&ring->out_produced, ring->out_produced + 1);
}

/* Xen puts a carriage return before a newline of the initial domain by itself. */
static void put_initial_domain(char c) {
    if (c != '\r') output[output_length++] = c;
    if (output_length == sizeof output) line_flush();
}

void line_put(char c) {
    if (ring) put_ring(c);
    else put_initial_domain(c);
}

void line_flush(void) {
    if (ring) {
        notify();
    } else {
        hypercall(HYPERCALL_CONSOLE_IO, CONSOLEIO_WRITE, output_length, (u64)output, 0);
        output_length = 0;
    }
}

static bool take_ring(u8 *byte) {
    if (ring->in_consumed == load(&ring->in_produced)) return false;
    *byte = ring->in[ring->in_consumed % sizeof ring->in];
    store(&ring->in_consumed, ring->in_consumed + 1);
    if (ring->in_consumed == ring->in_produced) notify(); /* there is room for what did not fit */
    return true;
}

static bool take_initial_domain(u8 *byte) {
    if (input_taken == input_length) {
        i64 length = hypercall(HYPERCALL_CONSOLE_IO, CONSOLEIO_READ, sizeof input, (u64)input, 0);
        input_length = length > 0 ? (u32)length : 0;
        input_taken = 0;
    }
    if (input_taken == input_length) return false;
    *byte = input[input_taken++];
    return true;
}

bool line_take(u8 *byte) { return ring ? take_ring(byte) : take_initial_domain(byte); }
