/*
 * Guest time and the interrupt controllers: two 8259 PICs and counter 0 of the 8254 PIT; 8259A and 8254 data sheets.
 * Nothing is calibrated: the input clock of the 8254 is 1,193,182 Hz.
 */
#include "clock.h"
#include "console.h"
#include "machine.h"
#include "pc.h"

#define IRQ_TIMER 0u
#define IRQ_SERIAL 4u

#define PIC_MASTER 0x20
#define PIC_SLAVE 0xa0
#define ICW1_INITIALIZE 0x11 /* edge triggered, cascaded, ICW4 follows */
#define ICW4_8086 0x01
#define OCW2_END_OF_INTERRUPT 0x20
#define OCW3_READ_REQUESTS 0x0a
#define OCW3_READ_IN_SERVICE 0x0b

#define PIT_COUNTER0 0x40
#define PIT_CONTROL 0x43
#define PIT_RATE_GENERATOR 0x34 /* counter 0, low byte then high byte, mode 2 */
#define PIT_LATCH_COUNTER0 0x00
#define PIT_HERTZ 1193182ul
#define PIT_DIVISOR 11932ul /* 100 Hz, to 13 ppm */

static u64 ticks;
static u64 latest; /* reading of the counter that clock_now never falls behind, in PIT counts */

/* Mode 2 raises the output at once, which may look like a tick; so the PICs, which forget edges, come second. */
void machine_start_clock(void) {
    static const u8 words[][2] = {{ICW1_INITIALIZE, ICW1_INITIALIZE}, {IRQ_BASE, IRQ_BASE + 8}, {1 << 2, 2}, {ICW4_8086, ICW4_8086}};
    out8(PIT_CONTROL, PIT_RATE_GENERATOR);
    out8(PIT_COUNTER0, PIT_DIVISOR & 0xff);
    out8(PIT_COUNTER0, PIT_DIVISOR >> 8);
    for (u32 i = 0; i < 4; i++) {
        out8(PIC_MASTER + (i > 0), words[i][0]);
        out8(PIC_SLAVE + (i > 0), words[i][1]);
    }
    out8(PIC_MASTER + 1, (u8) ~(1u << IRQ_TIMER | 1u << IRQ_SERIAL));
    out8(PIC_SLAVE + 1, 0xff);
}

static u8 read_pic(u16 port, u8 what) {
    out8(port, what);
    return in8(port);
}

/* Ends an interrupt at the PICs; false if it was spurious. */
static bool acknowledge(u32 line) {
    /* A line that falls before the processor asks shows up as line 7 or 15, not in service: 8259A data sheet. */
    if (line == 7 && !(read_pic(PIC_MASTER, OCW3_READ_IN_SERVICE) & 0x80)) return false;
    bool spurious = line == 15 && !(read_pic(PIC_SLAVE, OCW3_READ_IN_SERVICE) & 0x80);
    if (line >= 8 && !spurious) out8(PIC_SLAVE, OCW2_END_OF_INTERRUPT);
    out8(PIC_MASTER, OCW2_END_OF_INTERRUPT);
    return !spurious;
}

u64 clock_now(void) {
    out8(PIT_CONTROL, PIT_LATCH_COUNTER0);
    u64 count = in8(PIT_COUNTER0);
    count |= (u64)in8(PIT_COUNTER0) << 8;
    u64 elapsed = ticks * PIT_DIVISOR + (PIT_DIVISOR - count);
    /* The counter has started anew but its interrupt still waits: with the count read first, this one is sure. */
    if (count > PIT_DIVISOR / 2 && read_pic(PIC_MASTER, OCW3_READ_REQUESTS) & 1u << IRQ_TIMER) elapsed += PIT_DIVISOR;
    if (elapsed > latest) latest = elapsed;
    return latest / PIT_HERTZ * 1000000000 + latest % PIT_HERTZ * 1000000000 / PIT_HERTZ;
}

bool machine_interrupt(u32 vector) {
    u32 line = vector - IRQ_BASE;
    if (line >= 16 || !acknowledge(line)) return false;
    if (line == IRQ_SERIAL) console_receive();
    if (line != IRQ_TIMER) return false;
    ticks++;
    clock_tick();
    return true;
}
