/**
 * Virtio 1.2 devices over PCI (OASIS, "Virtual I/O Device (VIRTIO) Version 1.2"), modern interface only, with INTA#.
 *
 * <p>{@link dev.simvisor.node.machine.virtio.VirtioPci} is the transport, {@link
 * dev.simvisor.node.machine.virtio.Virtqueue} a split queue, {@link dev.simvisor.node.machine.virtio.VirtioDevice} what
 * differs from device to device: a disk, a console, a network card. What a driver puts into memory is never trusted: a ring that makes no sense stops its
 * device until it is reset, and harms nobody.
 */
@NullMarked
package dev.simvisor.node.machine.virtio;

import org.jspecify.annotations.NullMarked;
