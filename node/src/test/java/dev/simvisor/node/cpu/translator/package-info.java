/** Tests of the translator: always against the interpreter, or against the same recordings of silicon. */
@NullMarked
package dev.simvisor.node.cpu.translator;

import org.jspecify.annotations.NullMarked;
