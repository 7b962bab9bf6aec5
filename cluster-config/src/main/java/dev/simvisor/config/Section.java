package dev.simvisor.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigException;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigList;
import com.typesafe.config.ConfigObject;
import com.typesafe.config.ConfigOrigin;
import com.typesafe.config.ConfigParseOptions;
import com.typesafe.config.ConfigResolveOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueType;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One HOCON object on its way into a record.
 *
 * <p>A reader asks for each field it knows and ends with {@link #end()}, which refuses the fields nobody asked for, so a
 * misspelt optional field is an error and never a silent default. Every error names file, line and field.
 */
final class Section {
    /** Environment variables and system properties stay out: a configuration means the same on every machine. */
    private static final ConfigResolveOptions SELF_CONTAINED = ConfigResolveOptions.noSystem();

    private static final Path HERE = Path.of(".");

    private static final int PAGE_BYTES = 4096;
    private static final String PAGES = MemorySize.EXPECTED + ", a multiple of 4K";

    private final String source;
    private final String path;
    private final ConfigObject object;
    private final TreeSet<String> known = new TreeSet<>();

    private Section(String source, String path, ConfigObject object) {
        this.source = source;
        this.path = path;
        this.object = object;
    }

    /** Reads a file. */
    static Section ofFile(Path file) {
        if (!Files.isRegularFile(file)) {
            String problem = Files.exists(file) ? ": not a file" : ": no such file";
            throw new InvalidConfigException(file + problem + "; expected a HOCON file");
        }
        // The parser looks for the files that this one includes only where its name begins with a folder.
        Path inFolder = file.getParent() == null ? HERE.resolve(file) : file;
        return of(
                file.toString(),
                () -> ConfigFactory.parseFile(
                        inFolder.toFile(), ConfigParseOptions.defaults().setAllowMissing(false)));
    }

    /** Reads a file that is part of this module, named from this package. */
    static Section ofResource(String name) {
        return of(
                name,
                () -> ConfigFactory.parseResources(
                        Section.class, name, ConfigParseOptions.defaults().setAllowMissing(false)));
    }

    private static Section of(String source, java.util.function.Supplier<Config> parse) {
        try {
            return new Section(source, "", parse.get().resolve(SELF_CONTAINED).root());
        } catch (ConfigException invalid) {
            throw new InvalidConfigException(
                    locate(source, invalid.origin()) + ": " + firstSentence(invalid) + "; expected HOCON");
        }
    }

    /**
     * The parser's message without the position and the exception's class that it puts in front, and without the advice and
     * the trace of files that it appends.
     */
    private static String firstSentence(ConfigException invalid) {
        String message =
                String.valueOf(invalid.getMessage()).lines().findFirst().orElse("");
        ConfigOrigin origin = invalid.origin();
        if (origin != null && message.startsWith(origin.description())) {
            message = message.substring(origin.description().length()).replaceFirst("^[:\\s]+", "");
        }
        return message.replaceFirst("^java\\.[\\w.]+: ", "").replaceFirst(" \\(if .*|\\. Trace: .*", "");
    }

    private static String locate(String source, @Nullable ConfigOrigin origin) {
        if (origin == null || origin.lineNumber() < 1) {
            return source;
        }
        String file = origin.filename();
        return (file == null ? source : asNamed(file)) + ":" + origin.lineNumber();
    }

    private static String asNamed(String file) {
        Path path = Path.of(file);
        return (path.startsWith(HERE) ? HERE.relativize(path) : path).toString();
    }

    /** An error at the field {@code key}, or at this object when the field is not there. */
    InvalidConfigException error(String key, String message) {
        ConfigValue value = object.get(key);
        return errorAt(value == null ? object.origin() : value.origin(), pathOf(key), message);
    }

    private InvalidConfigException errorAt(ConfigOrigin origin, String field, String message) {
        return new InvalidConfigException(locate(source, origin) + ": " + field + ": " + message);
    }

    private String pathOf(String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    boolean has(String key) {
        return optionalValue(key).isPresent();
    }

    private Optional<ConfigValue> optionalValue(String key) {
        known.add(key);
        ConfigValue value = object.get(key);
        return value == null || value.valueType() == ConfigValueType.NULL ? Optional.empty() : Optional.of(value);
    }

    private <T> T required(String key, Optional<T> value, String expected) {
        return value.orElseThrow(() -> error(key, "is missing; expected " + expected));
    }

    /** A scalar that {@code parse} understands; {@code expected} ends the sentence "expected ...". */
    <T> T scalar(String key, String expected, Function<String, T> parse) {
        return required(key, optionalScalar(key, expected, parse), expected);
    }

    /** As {@link #scalar}, for a field that may be left out. {@code parse} refuses with IllegalArgumentException. */
    <T> Optional<T> optionalScalar(String key, String expected, Function<String, T> parse) {
        return optionalValue(key).map(value -> parsed(value, pathOf(key), expected, parse));
    }

    private <T> T parsed(ConfigValue value, String field, String expected, Function<String, T> parse) {
        if (value instanceof ConfigList || value instanceof ConfigObject) {
            throw errorAt(value.origin(), field, "is " + shapeOf(value) + "; expected " + expected);
        }
        String text = String.valueOf(value.unwrapped());
        try {
            return parse.apply(text);
        } catch (IllegalArgumentException refused) {
            throw errorAt(value.origin(), field, "is \"" + text + "\"; expected " + expected);
        }
    }

    private static String shapeOf(ConfigValue value) {
        return switch (value.valueType()) {
            case LIST -> "a list";
            case OBJECT -> "an object";
            case STRING -> "a text";
            case NUMBER -> "a number";
            case BOOLEAN -> "a truth value";
            case NULL -> "null";
        };
    }

    String text(String key, String expected) {
        return scalar(key, expected, Section::nonBlank);
    }

    Optional<String> optionalText(String key, String expected) {
        return optionalScalar(key, expected, Section::nonBlank);
    }

    private static String nonBlank(String text) {
        if (text.isBlank()) {
            throw new IllegalArgumentException("blank");
        }
        return text;
    }

    /** The entry that the field names. */
    <T> T reference(String key, Map<String, T> entries) {
        String expected = "one of " + String.join(", ", new TreeSet<>(entries.keySet()));
        return scalar(key, expected, name -> {
            T entry = entries.get(name);
            if (entry == null) {
                throw new IllegalArgumentException(name);
            }
            return entry;
        });
    }

    /** An amount of memory in whole pages. */
    MemorySize pages(String key) {
        return required(key, optionalPages(key), PAGES);
    }

    Optional<MemorySize> optionalPages(String key) {
        return optionalScalar(key, PAGES, text -> {
            MemorySize size = MemorySize.parse(text);
            if (size.bytes() == 0 || size.bytes() % PAGE_BYTES != 0) {
                throw new IllegalArgumentException(text);
            }
            return size;
        });
    }

    Optional<Boolean> optionalFlag(String key) {
        return optionalScalar(key, "true or false", text -> switch (text) {
            case "true" -> true;
            case "false" -> false;
            default -> throw new IllegalArgumentException(text);
        });
    }

    /** A whole number from {@code least} to {@code most}. */
    long integer(String key, long least, long most) {
        String expected = "a whole number from " + least + " to " + most;
        return required(key, optionalInteger(key, least, most), expected);
    }

    Optional<Long> optionalInteger(String key, long least, long most) {
        return optionalScalar(key, "a whole number from " + least + " to " + most, text -> {
            long number = Long.parseLong(text);
            if (number < least || number > most) {
                throw new IllegalArgumentException(text);
            }
            return number;
        });
    }

    /** One of an enum's constants, written in lower case with hyphens. */
    <E extends Enum<E>> E choice(String key, Class<E> type) {
        return scalar(key, choices(type), text -> constant(type, text));
    }

    <E extends Enum<E>> Optional<E> optionalChoice(String key, Class<E> type) {
        return optionalScalar(key, choices(type), text -> constant(type, text));
    }

    private static <E extends Enum<E>> String choices(Class<E> type) {
        return Arrays.stream(type.getEnumConstants())
                .map(Names::written)
                .collect(Collectors.joining(", ", "one of ", ""));
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String text) {
        return Arrays.stream(type.getEnumConstants())
                .filter(constant -> Names.written(constant).equals(text))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(text));
    }

    /** A list of enum constants, in the order written. */
    <E extends Enum<E>> List<E> choices(String key, Class<E> type) {
        return scalars(key, choices(type), text -> constant(type, text));
    }

    List<String> texts(String key, String expected) {
        return scalars(key, expected, Section::nonBlank);
    }

    /** A list of scalars that {@code parse} understands, in the order written. */
    <T> List<T> scalars(String key, String expected, Function<String, T> parse) {
        List<T> parsed = new ArrayList<>();
        for (ConfigValue element : list(key, "a list, each " + expected)) {
            parsed.add(parsed(element, pathOf(key) + "[" + parsed.size() + "]", expected, parse));
        }
        return List.copyOf(parsed);
    }

    private ConfigList list(String key, String expected) {
        ConfigValue value = required(key, optionalValue(key), expected);
        if (value instanceof ConfigList list) {
            return list;
        }
        throw error(key, "is " + shapeOf(value) + "; expected " + expected);
    }

    Section section(String key) {
        return required(key, optionalSection(key), "an object { ... }");
    }

    Optional<Section> optionalSection(String key) {
        return optionalValue(key).map(value -> child(value, pathOf(key)));
    }

    private Section child(ConfigValue value, String childPath) {
        if (value instanceof ConfigObject child) {
            return new Section(source, childPath, child);
        }
        throw errorAt(value.origin(), childPath, "is " + shapeOf(value) + "; expected an object { ... }");
    }

    /** The objects of a list, in the order written. */
    List<Section> sections(String key) {
        List<Section> sections = new ArrayList<>();
        for (ConfigValue element : list(key, "a list of objects")) {
            sections.add(child(element, pathOf(key) + "[" + sections.size() + "]"));
        }
        return List.copyOf(sections);
    }

    /** As {@link #sections}, with no object for a field left out. */
    List<Section> optionalSections(String key) {
        return has(key) ? sections(key) : List.of();
    }

    /** The objects below {@code key}, by name and in the names' order, because HOCON keeps no order of fields. */
    SortedMap<String, Section> namedSections(String key) {
        ConfigValue value = required(key, optionalValue(key), "an object with a name for each entry");
        Section parent = child(value, pathOf(key));
        SortedMap<String, Section> sections = new TreeMap<>();
        parent.object.forEach((name, entry) -> {
            if (!Names.isName(name)) {
                throw errorAt(entry.origin(), parent.path, "has an entry \"" + name + "\"; expected " + Names.EXPECTED);
            }
            sections.put(name, parent.child(entry, parent.pathOf(name)));
        });
        return sections;
    }

    /** Refuses what the reader did not ask for. */
    void end() {
        TreeSet<String> unknown = new TreeSet<>(object.keySet());
        unknown.removeAll(known);
        if (!unknown.isEmpty()) {
            throw error(unknown.first(), "is not a field here; expected " + String.join(", ", known));
        }
    }
}
