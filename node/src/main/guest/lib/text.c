/* Strings and formatted text; see text.h. */
#include "text.h"

void *memcpy(void *to, const void *from, size_t length) {
    void *start = to;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(length) : : "memory");
    return start;
}

void *memset(void *to, int value, size_t length) {
    void *start = to;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(length) : "a"(value) : "memory");
    return start;
}

int memcmp(const void *a, const void *b, size_t length) {
    const u8 *left = a, *right = b;
    for (size_t i = 0; i < length; i++)
        if (left[i] != right[i]) return left[i] - right[i];
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length]) length++;
    return length;
}

int strcmp(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return (u8)*a - (u8)*b;
}

void copy_text(char *to, const char *from, size_t size) {
    size_t i = 0;
    for (; i + 1 < size && from[i]; i++) to[i] = from[i];
    to[i] = 0;
}

bool parse_number(const char *text, u64 *number) {
    u64 value = 0;
    if (!*text) return false;
    for (; *text; text++) {
        if (*text < '0' || *text > '9') return false;
        value = value * 10 + (u64)(*text - '0');
    }
    *number = value;
    return true;
}

struct output {
    char *to;
    size_t size, length;
};

static void put(struct output *out, char c) {
    if (out->length + 1 < out->size) out->to[out->length++] = c;
}

static void put_padded(struct output *out, const char *text, size_t width, char fill, bool left) {
    size_t length = strlen(text);
    for (size_t i = length; !left && i < width; i++) put(out, fill);
    while (*text) put(out, *text++);
    for (size_t i = length; left && i < width; i++) put(out, ' ');
}

static const char *digits(u64 value, u64 base, char buffer[24]) {
    char *at = buffer + 23;
    *at = 0;
    do *--at = "0123456789abcdef"[value % base];
    while (value /= base);
    return at;
}

size_t format(char *to, size_t size, const char *pattern, va_list arguments) {
    struct output out = {to, size, 0};
    for (; *pattern; pattern++) {
        if (*pattern != '%') {
            put(&out, *pattern);
            continue;
        }
        char buffer[24];
        size_t width = 0;
        bool left = pattern[1] == '-';
        if (left) pattern++;
        char fill = pattern[1] == '0' ? '0' : ' ';
        while (*++pattern >= '0' && *pattern <= '9') width = width * 10 + (size_t)(*pattern - '0');
        switch (*pattern) {
            case 's': put_padded(&out, va_arg(arguments, const char *), width, ' ', left); break;
            case 'u': put_padded(&out, digits(va_arg(arguments, u64), 10, buffer), width, fill, left); break;
            case 'x': put_padded(&out, digits(va_arg(arguments, u64), 16, buffer), width, fill, left); break;
            case 'c': put(&out, (char)va_arg(arguments, int)); break;
            default: put(&out, *pattern);
        }
    }
    to[out.length] = 0;
    return out.length;
}
