package dev.simvisor.controller.guest;

import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * One entry of a Packages index.
 *
 * @param depends the names of the packages that it depends on, without versions; of alternatives the first
 * @param path where the archive lies below the mirror's root
 * @param size the archive's size in bytes
 * @param sha256 the archive's checksum in lower-case hex
 */
record DebianPackage(String name, String version, List<String> depends, String path, long size, String sha256) {
    DebianPackage {
        depends = List.copyOf(depends);
    }

    /**
     * The first entry called {@code name}.
     *
     * @param index stanzas of "Field: value" lines with blank lines between them (Debian Policy §5.1)
     */
    static Optional<DebianPackage> find(String name, BufferedReader index) throws IOException, GuestException {
        String start = "Package: " + name;
        for (String line = index.readLine(); line != null; line = index.readLine()) {
            if (line.equals(start)) {
                return Optional.of(entry(name, fields(index)));
            }
        }
        return Optional.empty();
    }

    private static Map<String, String> fields(BufferedReader stanza) throws IOException {
        Map<String, String> fields = new HashMap<>();
        for (String line = stanza.readLine(); line != null && !line.isBlank(); line = stanza.readLine()) {
            int colon = line.indexOf(": ");
            if (colon > 0 && !Character.isWhitespace(line.charAt(0))) {
                fields.put(line.substring(0, colon), line.substring(colon + 2).strip());
            }
        }
        return fields;
    }

    private static DebianPackage entry(String name, Map<String, String> fields) throws GuestException {
        return new DebianPackage(
                name,
                field(name, fields, "Version", ".+"),
                dependencies(fields.getOrDefault("Depends", "")),
                field(name, fields, "Filename", "[A-Za-z0-9][A-Za-z0-9+._~/-]*"),
                Long.parseLong(field(name, fields, "Size", "\\d{1,18}")),
                field(name, fields, "SHA256", "[0-9a-f]{64}"));
    }

    private static String field(String name, Map<String, String> fields, String field, String pattern)
            throws GuestException {
        String value = fields.get(field);
        if (value == null || !value.matches(pattern)) {
            throw new GuestException("the index entry of " + name + " has no valid " + field + " field");
        }
        return value;
    }

    private static List<String> dependencies(String depends) {
        List<String> names = new ArrayList<>();
        for (String dependency : depends.split(",")) {
            String name = dependency.strip().split("[\\s(|:]", 2)[0];
            if (!name.isEmpty()) {
                names.add(name);
            }
        }
        return names;
    }
}
