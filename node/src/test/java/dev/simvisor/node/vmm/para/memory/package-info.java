/** Tests of direct paging, and an audit of its counts that other tests hold it to. */
@NullMarked
package dev.simvisor.node.vmm.para.memory;

import org.jspecify.annotations.NullMarked;
