/* Runs the loads that the command line names: `run=sieve:100,crc:10` has each executed with so many rounds. */
#include "kernel.h"

#define MULTIBOOT_LOADER_MAGIC 0x2badb002u /* Multiboot Specification 0.6.96 3.3 */
#define MULTIBOOT_COMMAND_LINE 16u         /* offset in the loader's information */
#define LIST_BYTES 1024

static char list[LIST_BYTES]; /* a copy: the loader's may lie anywhere */

static void take_list(const char *line) {
    while (*line && !(line[0] == 'r' && line[1] == 'u' && line[2] == 'n' && line[3] == '=')) line++;
    if (!*line) panic("no run= in the command line", 0);
    line += 4;
    for (u32 i = 0; i < LIST_BYTES - 1 && *line && *line != ' ' && *line != '"'; i++) list[i] = *line++;
}

/* Entered from boot.S with the loader's eax and ebx. */
void kernel_main(u32 magic, u32 information) {
    console_initialize();
    if (magic != MULTIBOOT_LOADER_MAGIC) panic("not started by a multiboot 1 loader", magic);
    take_list((const char *)(word)*(const u32 *)(word)(information + MULTIBOOT_COMMAND_LINE));
    frames_initialize();
    space_initialize();
    trap_initialize();
    __asm__ volatile("fninit");
    task_run_loads(list);
}
