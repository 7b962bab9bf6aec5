/**
 * Guests to boot: fetched from Debian, verified, unpacked and kept in a cache on this machine.
 *
 * <p>{@link dev.simvisor.controller.guest.GuestCache} answers what others ask: the kernel and initramfs of a guest by
 * name. {@link dev.simvisor.controller.guest.GuestFetch} fills the cache, in this order:
 *
 * <pre>
 * PackageSource     the signed index and the packages: through apt, or from a mirror over HTTP(S)
 * DebArchive        a package's files
 * KernelModules     which modules the wanted ones need
 * Initramfs         busybox, the modules and our init, as a cpio archive that is the same bytes every time
 * </pre>
 *
 * This package runs outside virtual time. It knows the file system, the network and dev.simvisor.config, and no host.
 */
@NullMarked
package dev.simvisor.controller.guest;

import org.jspecify.annotations.NullMarked;
