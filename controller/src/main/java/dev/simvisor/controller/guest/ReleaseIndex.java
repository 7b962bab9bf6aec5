package dev.simvisor.controller.guest;

import java.util.HashMap;
import java.util.Map;

/**
 * What a Release file says: of which release it is, and the checksums of the indices below it.
 *
 * @see <a href="https://wiki.debian.org/DebianRepository/Format">Debian repository format</a>
 */
record ReleaseIndex(String codename, Map<String, Entry> entries) {
    /** An index file's size in bytes and its SHA-256 in lower-case hex. */
    record Entry(long size, String sha256) {}

    ReleaseIndex {
        entries = Map.copyOf(entries);
    }

    static ReleaseIndex parse(String text) {
        String codename = "";
        Map<String, Entry> entries = new HashMap<>();
        boolean inSha256 = false;
        for (String line : text.lines().toList()) {
            if (line.startsWith(" ")) {
                String[] words = line.strip().split("\\s+");
                if (inSha256 && words.length == 3 && words[1].matches("\\d{1,18}")) {
                    entries.put(words[2], new Entry(Long.parseLong(words[1]), words[0]));
                }
            } else {
                inSha256 = line.startsWith("SHA256:");
                if (line.startsWith("Codename:")) {
                    codename = line.substring("Codename:".length()).strip();
                }
            }
        }
        return new ReleaseIndex(codename, entries);
    }
}
