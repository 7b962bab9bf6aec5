package dev.simvisor.config;

import java.nio.file.Path;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** The guests that can be named, by name. */
public record GuestCatalogue(SortedMap<String, Guest> guests) {
    private enum Kind {
        BUILT_IN,
        DEBIAN,
        DEBIAN_FILE
    }

    public GuestCatalogue {
        guests = Collections.unmodifiableSortedMap(new TreeMap<>(guests));
    }

    /** The catalogue that comes with Simvisor. */
    public static GuestCatalogue load() {
        return read(Section.ofResource("catalogue/guests.conf"));
    }

    /**
     * A catalogue of one's own.
     *
     * @throws InvalidConfigException when the file is not a catalogue of guests
     */
    public static GuestCatalogue load(Path file) {
        return read(Section.ofFile(file));
    }

    /**
     * The guest of that name.
     *
     * @throws InvalidConfigException when there is none
     */
    public Guest find(String name) {
        Guest guest = guests.get(name);
        if (guest == null) {
            throw new InvalidConfigException(
                    "unknown guest \"" + name + "\"; expected one of " + String.join(", ", guests.keySet()));
        }
        return guest;
    }

    private static GuestCatalogue read(Section root) {
        SortedMap<String, Guest> guests = new TreeMap<>();
        root.namedSections("guests").forEach((name, section) -> guests.put(name, guest(name, section)));
        root.end();
        return new GuestCatalogue(guests);
    }

    private static Guest guest(String name, Section section) {
        String description = section.text("description", "one line for the user");
        MemorySize memory = section.scalar("memory", MemorySize.EXPECTED, MemorySize::parse);
        String commandLine = section.scalar("command-line", "the kernel's command line", text -> text);
        String paravirtualCommandLine = section.optionalScalar(
                        "paravirtual-command-line", "the kernel's command line", text -> text)
                .orElse(commandLine);
        Guest guest = switch (section.choice("kind", Kind.class)) {
            case BUILT_IN ->
                new Guest.BuiltIn(
                        name,
                        description,
                        memory,
                        commandLine,
                        paravirtualCommandLine,
                        section.text("image", "a resource's name"),
                        section.text("paravirtual-image", "a resource's name"));
            case DEBIAN ->
                new Guest.Debian(
                        name,
                        description,
                        memory,
                        commandLine,
                        paravirtualCommandLine,
                        section.scalar("release", Names.EXPECTED, Names::name),
                        section.scalar("architecture", Names.EXPECTED, Names::name),
                        section.scalar("kernel-package", Names.EXPECTED, Names::name),
                        section.scalar("busybox-package", Names.EXPECTED, Names::name),
                        section.texts("modules", "the name of a kernel module"));
            case DEBIAN_FILE ->
                new Guest.DebianFile(
                        name,
                        description,
                        memory,
                        commandLine,
                        section.scalar("release", Names.EXPECTED, Names::name),
                        section.scalar("architecture", Names.EXPECTED, Names::name),
                        section.scalar("package", Names.EXPECTED, Names::name),
                        section.text("file", "a path in the package"));
        };
        section.end();
        return guest;
    }
}
