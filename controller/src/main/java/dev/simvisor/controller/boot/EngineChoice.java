package dev.simvisor.controller.boot;

/** What executes a VM's instructions; spelt as on the command line. What the guest does is the same with each. */
public enum EngineChoice {
    /** Decoded instructions, one after the other. */
    interpreter,
    /** The interpreter, and bytecode made of what is hot. */
    translator,
    /** The one that serves most guests best: the translator. */
    auto
}
