/** The paravirtual console: a ring of bytes each way in a page that the start info names (public header io/console.h). */
@NullMarked
package dev.simvisor.node.vmm.para.console;

import org.jspecify.annotations.NullMarked;
