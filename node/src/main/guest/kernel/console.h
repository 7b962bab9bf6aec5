/* The console, on the machine's line (machine.h). Output waits for room; input comes by interrupt. */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "types.h"

/*
 * Writes one piece of output without letting another task's in between. Interrupts are served meanwhile. Output of a
 * task other than the foreground's starts on a line of its own.
 */
void console_write(const char *text, size_t length, bool own_line);

/* Next byte typed, waiting for it. */
u8 console_read(void);

/*
 * To be called by the machine when bytes were typed. Ctrl-C ends the foreground task instead of being queued. While the
 * queue is full, bytes stay in the line: console_read fetches them.
 */
void console_receive(void);

void print(const char *pattern, ...);
void panic(const char *pattern, ...) __attribute__((noreturn));

extern u64 console_foreground; /* id of the task that Ctrl-C ends, 0 for none */

#endif
