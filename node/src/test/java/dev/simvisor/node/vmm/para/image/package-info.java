/** Tests of suspension, restoring and the images between them. Start with {@code SuspensionTest}. */
@NullMarked
package dev.simvisor.node.vmm.para.image;

import org.jspecify.annotations.NullMarked;
