/* Ways to end the machine; ACPI Specification 6.5 §5.2 (tables), §4.8.3.2 (PM1 control), §7.4.2 (\_S5). */
#include "power.h"

#include "frames.h"
#include "text.h"

#define DEBUG_EXIT_PORT 0xf4
#define PM1_SCI_ENABLED 0x0001u
#define PM1_SLEEP_ENABLE 0x2000u
#define PM1_SLEEP_TYPE_SHIFT 10

struct header {
    char signature[4];
    u32 length;
    u8 rest[28];
} __attribute__((packed));

struct fadt {
    struct header header;
    u32 facs, dsdt;
    u8 reserved, profile;
    u16 sci_interrupt;
    u32 smi_command;
    u8 acpi_enable, acpi_disable, s4_request, pstate_control;
    u32 pm1a_event, pm1b_event, pm1a_control, pm1b_control;
} __attribute__((packed));

/* Root pointer: the 16-byte aligned signature with a valid checksum in the BIOS area. */
static const u8 *find_root_pointer(void) {
    for (u64 at = 0xe0000; at < 0x100000; at += 16) {
        const u8 *pointer = physical(at);
        if (memcmp(pointer, "RSD PTR ", 8) != 0) continue;
        u8 sum = 0;
        for (u32 i = 0; i < 20; i++) sum = (u8)(sum + pointer[i]);
        if (sum == 0) return pointer;
    }
    return NULL;
}

/* The FADT by way of the RSDT: every table this kernel can reach lies below 4 GiB. */
static const struct fadt *find_fadt(void) {
    const u8 *root = find_root_pointer();
    if (!root) return NULL;
    u32 address;
    memcpy(&address, root + 16, sizeof address);
    const struct header *rsdt = physical(address);
    for (u32 offset = sizeof *rsdt; offset < rsdt->length; offset += 4) {
        memcpy(&address, (const u8 *)rsdt + offset, sizeof address);
        const struct header *table = physical(address);
        if (memcmp(table->signature, "FACP", 4) == 0) return (const struct fadt *)table;
    }
    return NULL;
}

/* One element of an AML package: a byte constant, Zero or One. Moves past it. */
static u8 aml_byte(const u8 **at) {
    if (**at == 0x0a) ++*at;
    return *(*at)++;
}

/*
 * Finds Name(\_S5, Package{a, b, ...}) in the DSDT without interpreting it: the name, a package opcode, the package's
 * length of one to four bytes, the number of elements, then the sleep types for PM1a and PM1b.
 */
static bool find_sleep_types(const struct header *dsdt, u8 types[2]) {
    const u8 *bytes = (const u8 *)dsdt;
    for (u32 i = sizeof *dsdt; i + 9 <= dsdt->length; i++) {
        if (memcmp(bytes + i, "_S5_", 4) != 0 || bytes[i + 4] != 0x12) continue;
        const u8 *at = bytes + i + 5;
        at += 1 + (*at >> 6) + 1;
        types[0] = aml_byte(&at);
        types[1] = aml_byte(&at);
        return true;
    }
    return false;
}

static void sleep_write(u32 port, u8 type) {
    if (port) out16((u16)port, (u16)(type << PM1_SLEEP_TYPE_SHIFT | PM1_SLEEP_ENABLE));
}

static void soft_off(void) {
    const struct fadt *fadt = find_fadt();
    u8 types[2];
    if (!fadt || !find_sleep_types(physical(fadt->dsdt), types)) return;
    if (fadt->smi_command && !(in16((u16)fadt->pm1a_control) & PM1_SCI_ENABLED)) {
        out8((u16)fadt->smi_command, fadt->acpi_enable);
        for (u32 i = 0; i < 1000 && !(in16((u16)fadt->pm1a_control) & PM1_SCI_ENABLED); i++) {}
    }
    sleep_write(fadt->pm1a_control, types[0]);
    sleep_write(fadt->pm1b_control, types[1]);
}

void power_off(void) {
    disable_interrupts();
    soft_off();
    debug_exit(0);
}

void debug_exit(u8 value) {
    disable_interrupts();
    out8(DEBUG_EXIT_PORT, value);
    halt_forever();
    __builtin_unreachable();
}
