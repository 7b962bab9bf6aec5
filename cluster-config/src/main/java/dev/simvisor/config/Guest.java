package dev.simvisor.config;

import java.util.List;

/** An operating system of the catalogue: where it comes from, and what a VM needs to run it. */
public sealed interface Guest {
    /** The name in the catalogue, and of the folder in the guest cache. */
    String name();

    String description();

    /** What a VM of this guest gets when nobody says otherwise. */
    MemorySize memory();

    /** The kernel command line when nobody says otherwise. */
    String commandLine();

    /** The same for the guest as a paravirtual one. */
    String paravirtualCommandLine();

    /** The kernel command line in a mode, when nobody says otherwise. */
    default String commandLine(VirtualizationMode mode) {
        return mode == VirtualizationMode.PARA ? paravirtualCommandLine() : commandLine();
    }

    /**
     * Comes with Simvisor and needs no download.
     *
     * @param image the kernel, a resource on the class path
     * @param paravirtualImage the kernel in its paravirtual build
     */
    record BuiltIn(
            String name,
            String description,
            MemorySize memory,
            String commandLine,
            String paravirtualCommandLine,
            String image,
            String paravirtualImage)
            implements Guest {
        /** The kernel for a mode. */
        public String image(VirtualizationMode mode) {
            return mode == VirtualizationMode.PARA ? paravirtualImage : image;
        }
    }

    /** Made of packages of a Debian release, which are downloaded once. */
    sealed interface Packaged extends Guest {
        /** The release's codename, as its index says it. */
        String release();

        /** Debian's name of the architecture. */
        String architecture();
    }

    /**
     * A file of a Debian package that boots as it is.
     *
     * @param packageName the package
     * @param file its path in the package, without a leading slash
     */
    record DebianFile(
            String name,
            String description,
            MemorySize memory,
            String commandLine,
            String release,
            String architecture,
            String packageName,
            String file)
            implements Packaged {
        @Override
        public String paravirtualCommandLine() {
            return commandLine;
        }
    }

    /**
     * Debian's kernel with an initramfs made of Debian's static busybox and the kernel's own modules.
     *
     * @param paravirtualCommandLine in mode para, whose console is another one
     * @param kernelPackage the package that depends on the newest kernel image of its kind
     * @param busyboxPackage the package with the statically linked busybox
     * @param modules the kernel modules to have at hand, without those they need in turn
     */
    record Debian(
            String name,
            String description,
            MemorySize memory,
            String commandLine,
            String paravirtualCommandLine,
            String release,
            String architecture,
            String kernelPackage,
            String busyboxPackage,
            List<String> modules)
            implements Packaged {}
}
