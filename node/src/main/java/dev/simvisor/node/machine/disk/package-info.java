/**
 * What disks keep their sectors in, whichever device a guest reaches them through: {@link
 * dev.simvisor.node.machine.disk.DiskImage}, and a file as one, which is one VM's at a time.
 */
@NullMarked
package dev.simvisor.node.machine.disk;

import org.jspecify.annotations.NullMarked;
