/* The console; 16550D data sheet. */
#include "console.h"

#include "cpu.h"
#include "power.h"
#include "task.h"
#include "text.h"

#define UART 0x3f8
#define DATA (UART + 0)
#define INTERRUPT_ENABLE (UART + 1)
#define FIFO_CONTROL (UART + 2)
#define LINE_CONTROL (UART + 3)
#define MODEM_CONTROL (UART + 4)
#define LINE_STATUS (UART + 5)

#define ENABLE_RECEIVE 0x01
#define FIFOS_ON_AND_CLEARED 0x07
#define DIVISOR_ACCESS 0x80
#define EIGHT_BITS 0x03
#define DTR_RTS_OUT2 0x0b /* OUT2 connects the interrupt line on a PC */
#define DATA_READY 0x01
#define TRANSMITTER_EMPTY 0x20

#define CTRL_C 3
#define QUEUE_SIZE 8192u
#define PANIC_STATUS 0x7f

u64 console_foreground;

static u8 queue[QUEUE_SIZE];
static u32 queue_read, queue_written; /* count up; the place in the queue is the remainder */
static bool line_open;                /* something stands on the current line */

static bool queue_full(void) { return queue_written - queue_read == QUEUE_SIZE; }

void console_initialize(void) {
    out8(INTERRUPT_ENABLE, 0);
    out8(LINE_CONTROL, DIVISOR_ACCESS);
    out8(DATA, 1); /* 115200 baud */
    out8(INTERRUPT_ENABLE, 0);
    out8(LINE_CONTROL, EIGHT_BITS);
    console_receive(); /* what was typed so far, before it is cleared */
    out8(FIFO_CONTROL, FIFOS_ON_AND_CLEARED);
    out8(MODEM_CONTROL, DTR_RTS_OUT2);
}

void console_enable_input(void) { out8(INTERRUPT_ENABLE, ENABLE_RECEIVE); }

static void transmit(char c) {
    while (!(in8(LINE_STATUS) & TRANSMITTER_EMPTY)) {}
    out8(DATA, (u8)c);
}

static void put(char c) {
    if (c == '\n') transmit('\r');
    transmit(c);
    line_open = c != '\n';
}

void console_write(const char *text, size_t length, bool own_line) {
    if (current) enable_interrupts();
    if (own_line && line_open) put('\n');
    for (size_t i = 0; i < length; i++) put(text[i]);
    disable_interrupts();
}

u8 console_read(void) {
    while (queue_read == queue_written && !current->ended) task_block(queue, 0);
    bool was_full = queue_full();
    u8 c = queue[queue_read++ % QUEUE_SIZE];
    if (was_full) console_receive();
    return c;
}

void console_receive(void) {
    while (!queue_full() && in8(LINE_STATUS) & DATA_READY) {
        u8 c = in8(DATA);
        struct task *foreground = c == CTRL_C ? task_find(console_foreground) : NULL;
        if (foreground) task_end(foreground);
        else queue[queue_written++ % QUEUE_SIZE] = c;
    }
    task_wake(queue);
}

static void print_list(const char *pattern, va_list arguments) {
    char text[256];
    console_write(text, format(text, sizeof text, pattern, arguments), true);
}

void print(const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    print_list(pattern, arguments);
    va_end(arguments);
}

void panic(const char *pattern, ...) {
    va_list arguments;
    va_start(arguments, pattern);
    current = NULL;
    print("kernel panic: ");
    line_open = false;
    print_list(pattern, arguments);
    print("\n");
    debug_exit(PANIC_STATUS);
}
