/* The console; see console.h. */
#include "console.h"

#include "machine.h"
#include "power.h"
#include "task.h"
#include "text.h"

#define CTRL_C 3
#define QUEUE_SIZE 8192u
#define PANIC_STATUS 0x7f

u64 console_foreground;

static u8 queue[QUEUE_SIZE];
static u32 queue_read, queue_written; /* count up; the place in the queue is the remainder */
static bool line_open;                /* something stands on the current line */

static bool queue_full(void) { return queue_written - queue_read == QUEUE_SIZE; }

static void put(char c) {
    if (c == '\n') line_put('\r');
    line_put(c);
    line_open = c != '\n';
}

void console_write(const char *text, size_t length, bool own_line) {
    if (current) enable_interrupts();
    if (own_line && line_open) put('\n');
    for (size_t i = 0; i < length; i++) put(text[i]);
    line_flush();
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
    u8 c;
    while (!queue_full() && line_take(&c)) {
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
