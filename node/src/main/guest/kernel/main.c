/*
 * The built-in guest's kernel: sets up processor, memory, clock and console, then becomes the first task, the shell.
 * README.md beside this folder tells what it expects of the machine.
 */
#include "console.h"
#include "frames.h"
#include "machine.h"
#include "task.h"
#include "text.h"

static char first_command[COMMAND_LENGTH] = "shell ";

/* Entered with interrupts disabled from the machine's start, which has read the options of the command line. */
void kernel_main(const char *options) {
    size_t used = strlen(first_command);
    copy_text(first_command + used, options, sizeof first_command - used);
    frames_initialize();
    machine_install_traps();
    machine_start_clock();
    line_enable_input();
    print("Simvisor built-in guest, %u KiB free\n", frames_free * FRAME_SIZE / 1024);
    task_start(first_command);
}
