/** Turns what configurations say into the terms of the controller's API. Start at {@link dev.simvisor.controller.spec.Specs}. */
@NullMarked
package dev.simvisor.controller.spec;

import org.jspecify.annotations.NullMarked;
