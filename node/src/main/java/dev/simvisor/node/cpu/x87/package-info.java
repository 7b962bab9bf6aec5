/**
 * Arithmetic on the x87's double extended numbers: true 80-bit results, in every rounding and precision mode, with every
 * exception (SDM Vol 1 chapter 8). Numbers come as two words, results and exceptions are left in the unit's {@code
 * FloatEnvironment}; nothing allocates. Uses {@code softfloat} only. Start at {@code ExtendedArithmetic}.
 */
@NullMarked
package dev.simvisor.node.cpu.x87;

import org.jspecify.annotations.NullMarked;
