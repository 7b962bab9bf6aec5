/** A whole cluster in one JVM: the only place where the controller meets the classes of a node. */
@NullMarked
package dev.simvisor.controller.embedded;

import org.jspecify.annotations.NullMarked;
