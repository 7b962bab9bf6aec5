package dev.simvisor.node.cpu.silicon;

/** A case and what silicon made of it. */
record SiliconVector(SiliconCase input, SiliconOutcome outcome) {}
