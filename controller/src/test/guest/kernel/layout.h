/* Selectors, page-table bits and sizes, for C and assembly. */
#ifndef LAYOUT_H
#define LAYOUT_H

#define KERNEL_CODE 0x08
#define KERNEL_DATA 0x10
#ifdef __x86_64__ /* SYSRET takes data before code, SYSEXIT code before data: SDM Vol 3A 5.8.8, 5.8.7 */
#define USER_DATA 0x1b
#define USER_CODE 0x23
#else
#define USER_CODE 0x1b
#define USER_DATA 0x23
#endif
#define TASK_STATE 0x28

#define VECTOR_PAGE_FAULT 14
#define VECTOR_SYSTEM_CALL 0x80
#define VECTORS 129

#define PAGE 4096
#define ENTRY_PRESENT 0x001 /* SDM Vol 3A table 4-20 */
#define ENTRY_WRITABLE 0x002
#define ENTRY_USER 0x004
#define ENTRY_LARGE 0x080
#define ENTRY_GLOBAL 0x100
#define ENTRY_COPY 0x200    /* ours: read-only until somebody writes to it */

#endif
