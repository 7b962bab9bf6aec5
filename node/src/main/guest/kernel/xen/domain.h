/* What the sources of the domain's side have in common. */
#ifndef DOMAIN_H
#define DOMAIN_H

#include "xen.h"

#define LINKED_BASE 0xffffffff80000000ul /* VIRT_BASE: where the loader maps the domain's first frames */

extern struct start_info *start_info;

/* Panics if a hypercall failed; `what` names it. */
void must(i64 result, const char *what);

/* The machine frame number of a physical address of the domain. */
u64 machine_frame(u64 address);

/* Maps memory at PHYSICAL_BASE and makes the loader's page tables the kernel's own; returns where free memory starts. */
u64 page_tables_start(void);

/* Has a page of the kernel's image show another machine frame. */
void map_machine_frame(void *page, u64 frame, u64 flags);

/* Sets up output to the line, by the console's ring, or by hypercall in the initial domain, which has none. */
void ring_start(void);

/* The event channel ports of timer, line and store. */
extern u32 timer_port, line_port, store_port;

/* Says in the store that the kernel can be suspended, and has it tell when that is wanted. */
void store_start(void);

/* Looks at what the store says; to be called at its event. */
void store_receive(void);

/* Binds the timer's port and sets the time of the next tick. */
void timer_resume(void);

/* Halts the domain so that it can be saved; false if it goes on as it was, true in a new domain. */
bool suspend(void);

/* Says in the shared info which frames hold mfn_list, so that it can be rewritten while the domain is suspended. */
void frame_list_publish(void);

/* A port for a virtual interrupt of this one virtual processor. */
u32 bind_virq(u32 virq);

/* The timer's event: whether a tick was due. */
bool timer_event(void);

#endif
