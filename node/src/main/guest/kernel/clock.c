/* The timer's tick; see clock.h. */
#include "clock.h"

#include "machine.h"
#include "task.h"

void clock_tick(void) {
    if (current) current->ticks += current->state == TASK_READY;
    task_wake_sleepers(clock_now());
}
