/* What user programs can ask of the kernel; the calls are listed in abi.h. */
#ifndef SYSTEM_CALL_H
#define SYSTEM_CALL_H

#include "trap.h"

/* Called with interrupts disabled; reads number and arguments from the frame and leaves the result there. */
void system_call(struct frame *frame);

#endif
