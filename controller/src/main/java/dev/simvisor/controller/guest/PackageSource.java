package dev.simvisor.controller.guest;

import dev.simvisor.controller.progress.Progress;
import java.nio.file.Path;

/** An index of Debian packages that was found trustworthy, and the archives it lists. */
sealed interface PackageSource permits AptSource, MirrorSource {
    /** The entry of that name; fails when the index has none. */
    DebianPackage find(String name) throws GuestException;

    /** Downloads the archive to {@code target}; whoever calls checks it against the index. */
    void download(DebianPackage entry, Path target, Progress progress) throws GuestException;

    /** In words for the user, such as {@code apt} or a mirror's address. */
    String description();
}
