/**
 * What instructions do: one static method per meaning, grouped in families, found by name from the instruction table.
 *
 * <p>Most are in value style: they take the instruction's source operands as {@code int} or {@code long} and return what goes
 * to its destination; the interpreter (and a translator) load and store around them. The others take the decoded
 * instruction and do everything themselves. How a row finds its method is told at
 * {@link dev.simvisor.node.cpu.interpreter.SemanticMethods}.
 */
@NullMarked
package dev.simvisor.node.cpu.semantics;

import org.jspecify.annotations.NullMarked;
