package dev.simvisor.node.machine.boot;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What a machine boots. */
public sealed interface BootSource {
    /** All files of it, in a settled order. */
    default List<Image> images() {
        return switch (this) {
            case Linux(Image kernel, @Nullable Image initrd, String _) ->
                initrd == null ? List.of(kernel) : List.of(kernel, initrd);
            case Multiboot(Image kernel, String _, List<Image> modules) ->
                Stream.concat(Stream.of(kernel), modules.stream()).toList();
            case Firmware(Image image) -> List.of(image);
        };
    }

    /** A Linux bzImage, or what else a paravirtual machine can load, with an optional initial file system. */
    record Linux(Image kernel, @Nullable Image initrd, String commandLine) implements BootSource {}

    /** A Multiboot 1 kernel with its modules. */
    record Multiboot(Image kernel, String commandLine, List<Image> modules) implements BootSource {
        public Multiboot {
            modules = List.copyOf(modules);
        }
    }

    /** A firmware image, which finds by itself what to boot. The machine was made for one of its length. */
    record Firmware(Image image) implements BootSource {}
}
