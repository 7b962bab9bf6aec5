/* The console: a 16550 UART at port 0x3f8. Output is polled, input comes by interrupt. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "types.h"

/* Makes output possible. Input waits in the UART until it is enabled, but none is lost. */
void console_initialize(void);

/* To be called once the PICs are set up: they latch the edge with which waiting input announces itself. */
void console_enable_input(void);

/*
 * Writes one piece of output without letting another task's in between. Interrupts are served meanwhile. Output of a
 * task other than the foreground's starts on a line of its own.
 */
void console_write(const char *text, size_t length, bool own_line);

/* Next byte typed, waiting for it. */
u8 console_read(void);

/*
 * The UART's interrupt. Ctrl-C ends the foreground task instead of being queued. While the queue is full, bytes stay in
 * the UART, whose line then stays raised: console_read fetches them.
 */
void console_receive(void);

void print(const char *pattern, ...);
void panic(const char *pattern, ...) __attribute__((noreturn));

extern u64 console_foreground; /* id of the task that Ctrl-C ends, 0 for none */

#endif
