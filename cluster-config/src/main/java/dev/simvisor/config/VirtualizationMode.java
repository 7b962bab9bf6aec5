package dev.simvisor.config;

import java.util.Locale;

/** What hardware and VMM do about sensitive instructions. */
public enum VirtualizationMode {
    /** No VMM: the guest owns the processor. */
    BARE,
    /** The guest's kernel in ring 1; privileged instructions trap, critical ones slip through. */
    TRAP,
    /** Full virtualization by binary translation of the guest's kernel. */
    TRANSLATE,
    /** A guest modified to use hypercalls. */
    PARA,
    /** The processor's non-root mode with nested paging. */
    HARDWARE;

    /** As on the command line and in configurations, such as {@code bare}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
