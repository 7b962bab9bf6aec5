/* What a multiboot 1 loader hands over; Multiboot Specification 0.6.96 §3.3. */
#ifndef MULTIBOOT_H
#define MULTIBOOT_H

#include "types.h"

#define MULTIBOOT_LOADER_MAGIC 0x2badb002u
#define MULTIBOOT_HAS_MEMORY 0x01u
#define MULTIBOOT_HAS_COMMAND_LINE 0x04u
#define MULTIBOOT_HAS_MEMORY_MAP 0x40u
#define MULTIBOOT_RAM 1u

struct multiboot_information {
    u32 flags;
    u32 memory_lower_kib, memory_upper_kib;
    u32 boot_device;
    u32 command_line;
    u32 modules_count, modules;
    u32 symbols[4];
    u32 memory_map_length, memory_map;
};

struct multiboot_memory {
    u32 size; /* of the rest of this entry */
    u64 base, length;
    u32 type;
} __attribute__((packed));

#endif
