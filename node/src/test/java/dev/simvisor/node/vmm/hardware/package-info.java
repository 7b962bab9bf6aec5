/** The hardware mode held to what the guest does without a VMM. */
@NullMarked
package dev.simvisor.node.vmm.hardware;

import org.jspecify.annotations.NullMarked;
