package dev.simvisor.controller.guest;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The modules of one kernel package, and which of them a choice of modules needs.
 *
 * <p>The package brings no modules.dep, which depmod makes at installation: what depmod does is done here.
 */
final class KernelModules {
    private final Map<String, Path> files = new HashMap<>();

    /** Adds the file of a module. */
    void add(Path file) {
        files.put(KernelModule.spelt(nameOf(file)), file);
    }

    private static String nameOf(Path file) {
        return file.getFileName().toString().replaceFirst("\\.ko$", "");
    }

    /** The wanted modules and all they need, each after those that it needs, with their files' bytes. */
    Map<KernelModule, byte[]> closure(List<String> wanted) throws GuestException {
        Map<String, Map.Entry<KernelModule, byte[]>> closure = new LinkedHashMap<>();
        for (String name : wanted) {
            include(name, closure, new ArrayList<>());
        }
        Map<KernelModule, byte[]> modules = new LinkedHashMap<>();
        closure.values().forEach(module -> modules.put(module.getKey(), module.getValue()));
        return modules;
    }

    private void include(String name, Map<String, Map.Entry<KernelModule, byte[]>> closure, List<String> needers)
            throws GuestException {
        if (closure.containsKey(name)) {
            return;
        }
        if (needers.contains(name)) {
            throw new GuestException("kernel modules need each other in a circle: " + needers);
        }
        Path file = files.get(name);
        if (file == null) {
            throw new GuestException("the kernel package has no module " + name
                    + (needers.isEmpty() ? "" : ", which " + needers.getLast() + " needs"));
        }
        byte[] elf = read(file);
        KernelModule module = KernelModule.read(name, elf);
        needers.add(name);
        for (String needed : module.depends()) {
            include(needed, closure, needers);
        }
        needers.removeLast();
        closure.put(name, Map.entry(module, elf));
    }

    private static byte[] read(Path file) throws GuestException {
        try {
            return Files.readAllBytes(file);
        } catch (IOException failed) {
            throw new GuestException("cannot read " + file + ": " + failed.getMessage(), failed);
        }
    }
}
