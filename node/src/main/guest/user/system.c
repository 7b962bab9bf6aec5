/* The system calls of abi.h as functions, and formatted output. */
#include "system.h"

u64 spawn(const char *command, bool foreground) {
    char copy[COMMAND_LENGTH]; /* the kernel reads all of it */
    copy_text(copy, command, sizeof copy);
    return system_call(SYS_SPAWN, (u64)copy, foreground);
}

void print(const char *pattern, ...) {
    char text[256];
    va_list arguments;
    va_start(arguments, pattern);
    size_t length = format(text, sizeof text, pattern, arguments);
    va_end(arguments);
    system_call(SYS_WRITE, (u64)text, length);
}
