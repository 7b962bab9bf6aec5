/* The line: a 16550 UART at port 0x3f8, output polled, input by interrupt; 16550D data sheet. */
#include "console.h"
#include "machine.h"
#include "pc.h"

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

void uart_initialize(void) {
    out8(INTERRUPT_ENABLE, 0);
    out8(LINE_CONTROL, DIVISOR_ACCESS);
    out8(DATA, 1); /* 115200 baud */
    out8(INTERRUPT_ENABLE, 0);
    out8(LINE_CONTROL, EIGHT_BITS);
    console_receive(); /* what was typed so far, before it is cleared */
    out8(FIFO_CONTROL, FIFOS_ON_AND_CLEARED);
    out8(MODEM_CONTROL, DTR_RTS_OUT2);
}

/* The PICs latch the edge with which waiting input announces itself. */
void line_enable_input(void) { out8(INTERRUPT_ENABLE, ENABLE_RECEIVE); }

void line_put(char c) {
    while (!(in8(LINE_STATUS) & TRANSMITTER_EMPTY)) {}
    out8(DATA, (u8)c);
}

void line_flush(void) {}

bool line_take(u8 *byte) {
    if (!(in8(LINE_STATUS) & DATA_READY)) return false;
    *byte = in8(DATA);
    return true;
}
