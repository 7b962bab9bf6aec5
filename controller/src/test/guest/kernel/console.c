/* The console: COM1, output only, polled; 16550D data sheet. */
#include "kernel.h"

#define UART 0x3f8
#define LINE_STATUS (UART + 5)
#define TRANSMITTER_EMPTY 0x20

void console_initialize(void) {
    out8(UART + 1, 0);    /* no interrupts */
    out8(UART + 3, 0x80); /* divisor access: 115200 baud */
    out8(UART + 0, 1);
    out8(UART + 1, 0);
    out8(UART + 3, 0x03); /* eight bits */
    out8(UART + 2, 0x07); /* FIFOs on and empty */
}

static void put(char c) {
    while (!(in8(LINE_STATUS) & TRANSMITTER_EMPTY)) {}
    out8(UART, (u8)c);
}

void print(const char *text) {
    while (*text) put(*text++);
}

void print_number(u32 value) {
    if (value >= 10) print_number(value / 10);
    put((char)('0' + value % 10));
}

void print_hexadecimal(u64 value) {
    if (value >= 16) print_hexadecimal(value >> 4);
    put("0123456789abcdef"[value & 15]);
}

/* Says what is wrong and resets the machine by a triple fault, which ends every emulator. */
_Noreturn void panic(const char *what, word value) {
    static const struct __attribute__((packed)) {
        u16 limit;
        word base;
    } none = {0, 0};
    print("panic: ");
    print(what);
    print(" ");
    print_hexadecimal(value);
    print("\n");
    __asm__ volatile("lidt %0; int3" : : "m"(none));
    for (;;) {}
}
