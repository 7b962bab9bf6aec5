/* Address spaces: 4-level page tables, one set per task; the upper half is the kernel's and common to all. */
#ifndef SPACE_H
#define SPACE_H

#include "types.h"

#define PAGE_PRESENT 0x1ul /* bits of a page-table entry: SDM Vol 3A §4.5 */
#define PAGE_WRITABLE 0x2ul
#define PAGE_USER 0x4ul
#define PAGE_SHARED 0x200ul /* available to software: the frame belongs to the kernel's image, not to this space */
#define PAGE_NO_EXECUTE (1ul << 63)
#define PAGE_ADDRESS 0x000ffffffffff000ul
#define TABLE_ENTRIES 512u

struct space {
    u64 top;      /* physical address of the top page table */
    u64 user_top; /* of the one for user mode, where that needs another; 0 elsewhere */
    bool sealed;  /* the machine watches its tables */
};

enum fault_outcome {
    FAULT_RESOLVED,
    FAULT_INVALID,   /* the task has no business there */
    FAULT_NO_MEMORY,
};

/* A new space with the user image mapped; false if memory is short. */
bool space_create(struct space *space);
void space_destroy(struct space *space);

/* The kernel's address of a page of that space, which is allocated if missing; null if memory is short. */
void *space_page(const struct space *space, u64 address);

/* The page-table entry of a page that is present in that space; null if it is not. */
u64 *space_entry(const struct space *space, u64 address);

/* Page fault of the running task: fills the page if it lies in a region that is filled as it is touched. */
enum fault_outcome space_fault(u64 address, u64 error);

/* Whether user code may read, or also write, all of this range; pages not yet touched count as present. */
bool space_allows(u64 address, u64 length, bool write);

/* Gives the pages of that range in the running task's space back; those never touched are skipped. */
void space_release(u64 address, u64 length);

u64 space_resident_pages(const struct space *space);

extern struct space kernel_space; /* set by the machine, as the next */
extern u64 no_execute;            /* PAGE_NO_EXECUTE where the processor has it */
extern u64 page_faults_taken;

#endif
