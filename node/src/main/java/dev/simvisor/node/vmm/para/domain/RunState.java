package dev.simvisor.node.vmm.para.domain;

/** What a vCPU is at, in the order of the public header vcpu.h's RUNSTATE numbers. */
public enum RunState {
    /** It has the processor. */
    RUNNING,
    /** It could run, but another vCPU has the processor: its time is stolen. */
    RUNNABLE,
    /** It waits for an event. */
    BLOCKED,
    /** It is not up. */
    OFFLINE
}
