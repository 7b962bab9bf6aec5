/* Strings and formatted text, compiled once for the kernel and once for user programs. */
#ifndef TEXT_H
#define TEXT_H

#include <stdarg.h>

#include "types.h"

void *memcpy(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *a, const void *b, size_t length);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

/* Copies at most size - 1 bytes and always ends the copy with a zero byte. */
void copy_text(char *to, const char *from, size_t size);

/* Reads a decimal number; false if the text is anything else. */
bool parse_number(const char *text, u64 *number);

/*
 * Formats into a buffer and returns the length, at most size - 1. Knows %s, %c, %u (u64), %x (u64) and %%, with an
 * optional minimum width before the letter, filled with zeros if it starts with 0: %08x; %-8s fills on the right.
 */
size_t format(char *to, size_t size, const char *pattern, va_list arguments);

#endif
