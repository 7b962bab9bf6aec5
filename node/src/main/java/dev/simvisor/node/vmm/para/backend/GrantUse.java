package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.vmm.para.grant.GrantRefusedException;
import dev.simvisor.node.vmm.para.grant.GrantedFrame;

/** Uses a frame of the guest's that a request names, to copy from it or to it at once. */
@FunctionalInterface
interface GrantUse {
    GrantedFrame open(int reference, boolean writable) throws GrantRefusedException;
}
