/* What the sources of the PC's side have in common. */
#ifndef PC_H
#define PC_H

#include "types.h"

#define IRQ_BASE 0x20u /* vector of the PICs' line 0 */

/* Makes output to the line possible. Input waits in the UART. */
void uart_initialize(void);

/* Sets the stack on which the next entry from user mode starts. */
void set_kernel_stack(u64 top);

#endif
