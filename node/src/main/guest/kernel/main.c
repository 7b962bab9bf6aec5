/*
 * The built-in guest's kernel: sets up processor, memory, clock and console, then becomes the first task, the shell.
 * README.md beside this folder tells what it expects of the machine.
 */
#include "clock.h"
#include "console.h"
#include "cpu.h"
#include "frames.h"
#include "multiboot.h"
#include "space.h"
#include "task.h"
#include "text.h"
#include "trap.h"

static char first_command[COMMAND_LENGTH] = "shell ";

static void take_command_line(const struct multiboot_information *information) {
    if (!(information->flags & MULTIBOOT_HAS_COMMAND_LINE)) return;
    size_t used = strlen(first_command);
    copy_text(first_command + used, physical(information->command_line), sizeof first_command - used);
}

/* Entered from boot.S with interrupts disabled; arguments as the loader left them in eax and ebx. */
void kernel_main(u32 magic, u32 information_address) {
    console_initialize();
    if (magic != MULTIBOOT_LOADER_MAGIC) panic("not started by a multiboot 1 loader: eax is %x", (u64)magic);
    const struct multiboot_information *information = physical(information_address);
    take_command_line(information);
    frames_initialize(information);
    space_initialize();
    trap_initialize();
    clock_initialize();
    console_enable_input();
    print("Simvisor built-in guest, %u KiB free\n", frames_free * FRAME_SIZE / 1024);
    task_start(first_command);
}
