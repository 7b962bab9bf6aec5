package dev.simvisor.controller.guest;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The root file system of a Debian guest: busybox, kernel modules and an init that starts a shell on the console.
 *
 * <p>It is left uncompressed. The kernel takes it as it is, the guest saves the instructions of inflating it, and its
 * bytes do not depend on the zlib of the machine that packed it.
 */
final class Initramfs {
    private static final String INIT = "init.sh";

    private Initramfs() {}

    /**
     * Packs the archive.
     *
     * @param busybox the statically linked program
     * @param kernelRelease as {@code uname -r} says it, where modprobe looks for modules
     * @param modules the modules that modprobe will find, with their files' bytes
     */
    static byte[] pack(byte[] busybox, String kernelRelease, Map<KernelModule, byte[]> modules) {
        String folder = "lib/modules/" + kernelRelease;
        CpioArchive archive = new CpioArchive()
                .folder("bin")
                .folder("dev")
                .folder("etc")
                .folder("lib")
                .folder("lib/modules")
                .folder(folder)
                .folder("proc")
                .folder("root")
                .folder("sys")
                .folder("tmp")
                // The kernel opens the console for init before init can mount anything.
                .characterDevice("dev/console", 5, 1)
                .file("bin/busybox", 0755, busybox)
                .file("init", 0755, init())
                .file(folder + "/modules.dep", 0644, utf8(dependencies(modules.keySet())))
                .file(folder + "/modules.alias", 0644, utf8(aliases(modules.keySet())));
        modules.forEach((module, elf) -> archive.file(folder + "/" + module.name() + ".ko", 0644, elf));
        return archive.bytes();
    }

    /** What tells an archive from one that this would not pack any more: a digest of init and of the wanted modules' names. */
    static String recipe(List<String> modules) {
        byte[] names = utf8(String.join(" ", modules));
        byte[] init = init();
        byte[] recipe = Arrays.copyOf(init, init.length + names.length);
        System.arraycopy(names, 0, recipe, init.length, names.length);
        return "initramfs sha256:" + Sha256.of(recipe);
    }

    /** modules.dep(5): a module's file, then the files of all that it needs, its direct needs first. */
    private static String dependencies(Collection<KernelModule> modules) {
        Map<String, KernelModule> byName = modules.stream().collect(Collectors.toMap(KernelModule::name, m -> m));
        StringBuilder lines = new StringBuilder();
        for (KernelModule module : modules) {
            lines.append(module.name()).append(".ko:");
            for (String needed : allNeeded(module, byName)) {
                lines.append(' ').append(needed).append(".ko");
            }
            lines.append('\n');
        }
        return lines.toString();
    }

    private static Set<String> allNeeded(KernelModule module, Map<String, KernelModule> byName) {
        Set<String> needed = new LinkedHashSet<>(module.depends());
        for (String name : module.depends()) {
            // A module that others need as well goes to the end, because modprobe loads from the end.
            for (String deeper : allNeeded(Objects.requireNonNull(byName.get(name)), byName)) {
                needed.remove(deeper);
                needed.add(deeper);
            }
        }
        return needed;
    }

    private static String aliases(Collection<KernelModule> modules) {
        StringBuilder lines = new StringBuilder();
        for (KernelModule module : modules) {
            for (String alias : module.aliases()) {
                lines.append("alias ")
                        .append(alias)
                        .append(' ')
                        .append(module.name())
                        .append('\n');
            }
        }
        return lines.toString();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static byte[] init() {
        try (InputStream in = Initramfs.class.getResourceAsStream(INIT)) {
            if (in == null) {
                throw new AssertionError(INIT + " is missing beside " + Initramfs.class);
            }
            return in.readAllBytes();
        } catch (IOException unreadable) {
            throw new AssertionError(INIT + " cannot be read", unreadable);
        }
    }
}
