/**
 * IEEE 754 arithmetic in integers, exact to the bit and the flag: the SSE operations on singles and doubles, and the
 * unrounded numbers and the environment that {@code dev.simvisor.node.cpu.x87} shares. Uses nothing but the JDK and keeps no
 * state of its own. Start at {@code DoubleArithmetic}, then {@code BinaryArithmetic} and {@code Unrounded}.
 */
@NullMarked
package dev.simvisor.node.cpu.softfloat;

import org.jspecify.annotations.NullMarked;
