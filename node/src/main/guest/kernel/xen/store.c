/*
 * The store, of which this kernel knows one node: control/shutdown, by which whoever serves the domain asks it to suspend
 * itself (Xen's io/xs_wire.h and xenstore-paths). Requests are answered in order, one at a time.
 */
#include "domain.h"
#include "frames.h"
#include "machine.h"
#include "text.h"

#define SHUTDOWN_NODE "control/shutdown"
#define SUSPEND "suspend"

static struct store_ring *ring; /* null in the initial domain */
static struct store_message message;
static u8 payload[sizeof SUSPEND];
static u32 received; /* bytes of the message, the header among them */

static u32 load(const u32 *index) { return __atomic_load_n(index, __ATOMIC_ACQUIRE); }
static void store(u32 *index, u32 value) { __atomic_store_n(index, value, __ATOMIC_RELEASE); }

static void notify(void) { hypercall(HYPERCALL_EVENT_CHANNEL_OP, EVTCHNOP_SEND, (u64)&store_port, 0, 0); }

static void put(const void *bytes, u32 length) {
    for (u32 i = 0; i < length; i++) {
        u32 produced = ring->requests_produced;
        while (produced - load(&ring->requests_consumed) == sizeof ring->requests)
            hypercall(HYPERCALL_SCHED_OP, SCHEDOP_YIELD, 0, 0, 0);
        ring->requests[produced % sizeof ring->requests] = ((const u8 *)bytes)[i];
        store(&ring->requests_produced, produced + 1);
    }
}

static void request(u32 type, const char *text, u32 length) {
    struct store_message header = {type, 0, 0, length};
    put(&header, sizeof header);
    put(text, length);
    notify();
}

static void watch(void) {
    static const char text[] = SHUTDOWN_NODE "\0shutdown"; /* its end is the token's */
    request(XS_WATCH, text, sizeof text);
}

void store_start(void) {
    if (start_info->flags & SIF_INITDOMAIN) return;
    static const char feature[] = "control/feature-suspend\0" "1";
    ring = (struct store_ring *)(LINKED_BASE + MACHINE_TO_PHYSICAL[start_info->store_mfn] * FRAME_SIZE);
    store_port = start_info->store_port;
    hypercall(HYPERCALL_EVENT_CHANNEL_OP, EVTCHNOP_UNMASK, (u64)&store_port, 0, 0);
    request(XS_WRITE, feature, sizeof feature - 1);
    watch();
}

/* Nothing is asked of the store by then, and what it still says is read where the domain goes on. */
static void suspend_and_resume(void) {
    if (!suspend()) return;
    store_port = start_info->store_port;
    hypercall(HYPERCALL_EVENT_CHANNEL_OP, EVTCHNOP_UNMASK, (u64)&store_port, 0, 0);
    watch();
}

static bool says_suspend(void) {
    if (message.length != sizeof SUSPEND - 1) return false;
    for (u32 i = 0; i < message.length; i++)
        if (payload[i] != SUSPEND[i]) return false;
    return true;
}

static void message_received(void) {
    static bool asked;
    switch (message.type) {
        case XS_WATCH_EVENT: request(XS_READ, SHUTDOWN_NODE, sizeof SHUTDOWN_NODE); break;
        case XS_READ:
            if (!says_suspend()) break;
            asked = true;
            request(XS_WRITE, SHUTDOWN_NODE, sizeof SHUTDOWN_NODE); /* an empty value: the request is taken note of */
            break;
        case XS_WRITE:
            if (!asked) break;
            asked = false;
            suspend_and_resume();
            break;
    }
}

static void take(u8 byte) {
    if (received < sizeof message) ((u8 *)&message)[received] = byte;
    else if (received - sizeof message < sizeof payload) payload[received - sizeof message] = byte;
    received++;
    if (received < sizeof message || received < sizeof message + message.length) return;
    received = 0;
    message_received();
}

void store_receive(void) {
    while (ring->answers_consumed != load(&ring->answers_produced)) {
        u8 byte = ring->answers[ring->answers_consumed % sizeof ring->answers];
        store(&ring->answers_consumed, ring->answers_consumed + 1);
        take(byte);
    }
    notify(); /* there is room for what did not fit */
}
