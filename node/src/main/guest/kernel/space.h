/* Address spaces: 4-level page tables, one set per task; the upper half is the kernel's and common to all. */
#ifndef SPACE_H
#define SPACE_H

#include "types.h"

enum fault_outcome {
    FAULT_RESOLVED,
    FAULT_INVALID,   /* the task has no business there */
    FAULT_NO_MEMORY,
};

/* Leaves boot.S's tables behind as the kernel's own, without the identity mapping. */
void space_initialize(void);

/* Physical address of a new top table with the user image mapped, or 0 if memory is short. */
u64 space_create(void);
void space_destroy(u64 space);

/* The kernel's address of a page of that space, which is allocated if missing; null if memory is short. */
void *space_page(u64 space, u64 address);

/* The page-table entry of a page that is present in that space; null if it is not. */
u64 *space_entry(u64 space, u64 address);

/* Page fault of the running task: fills the page if it lies in a region that is filled as it is touched. */
enum fault_outcome space_fault(u64 address, u64 error);

/* Whether user code may read, or also write, all of this range; pages not yet touched count as present. */
bool space_allows(u64 address, u64 length, bool write);

/* Gives the pages of that range back; those never touched are skipped. */
void space_release(u64 space, u64 address, u64 length);

u64 space_resident_pages(u64 space);

extern u64 kernel_space, page_faults_taken;

#endif
