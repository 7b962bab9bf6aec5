/* From the entry in boot.S to kernel_main: what the multiboot loader left. */
#include "console.h"
#include "frames.h"
#include "machine.h"
#include "multiboot.h"
#include "pc.h"

#define FIRST_MIB 0x100000ul
#define MSR_EFER 0xc0000080u
#define EFER_NXE 0x800u

extern const u8 image_end[]; /* a physical address: kernel.ld */
extern u8 boot_pml4[];

static const struct multiboot_information *information;

/* Leaves boot.S's tables behind as the kernel's own, without the identity mapping. */
static void take_page_tables(void) {
    kernel_space.top = (u64)boot_pml4;
    no_execute = read_msr(MSR_EFER) & EFER_NXE ? PAGE_NO_EXECUTE : 0;
    u64 *top = physical(kernel_space.top);
    top[0] = 0;
    write_cr3(kernel_space.top);
}

/* Called by boot.S; arguments as the loader left them in eax and ebx. */
void pc_start(u32 magic, u32 information_address) {
    uart_initialize();
    if (magic != MULTIBOOT_LOADER_MAGIC) panic("not started by a multiboot 1 loader: eax is %x", (u64)magic);
    information = physical(information_address);
    take_page_tables();
    kernel_main(information->flags & MULTIBOOT_HAS_COMMAND_LINE ? physical(information->command_line) : "");
}

/* The first MiB, the kernel and what the loader left are not free. */
static void give_above_image(void (*give)(u64 start, u64 end), u64 start, u64 end) {
    give(start < (u64)image_end ? (u64)image_end : start, end);
}

void machine_memory(void (*give)(u64 start, u64 end)) {
    if (information->flags & MULTIBOOT_HAS_MEMORY_MAP) {
        u64 at = information->memory_map, end = at + information->memory_map_length;
        while (at < end) {
            const struct multiboot_memory *entry = physical(at);
            if (entry->type == MULTIBOOT_RAM) give_above_image(give, entry->base, entry->base + entry->length);
            at += entry->size + sizeof entry->size;
        }
    } else if (information->flags & MULTIBOOT_HAS_MEMORY) {
        give_above_image(give, FIRST_MIB, FIRST_MIB + information->memory_upper_kib * 1024ul);
    } else {
        panic("the loader reports no memory");
    }
}
