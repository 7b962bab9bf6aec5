package dev.simvisor.node.vmm.para.xenstore;

/** The rules of absolute paths: segments of letters, digits and {@code -_@} after slashes. */
final class StorePath {
    static final String ROOT = "/";

    /** XENSTORE_ABS_PATH_MAX. */
    static final int MOST_BYTES = 3072;

    /** XENSTORE_REL_PATH_MAX: what follows {@code /local/domain/N/}, and the most that a guest's other paths may have. */
    static final int MOST_GUEST_BYTES = 2048;

    private StorePath() {}

    static String ofDomain(int domain) {
        return "/local/domain/" + domain;
    }

    static boolean isValid(String path) {
        if (!path.startsWith(ROOT) || path.length() > MOST_BYTES || path.contains("//")) {
            return false;
        }
        return path.chars().allMatch(StorePath::isAllowed) && (path.equals(ROOT) || !path.endsWith("/"));
    }

    private static boolean isAllowed(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || "-/_@".indexOf(c) >= 0;
    }

    /** The path above; the root's is the root. */
    static String parent(String path) {
        int slash = path.lastIndexOf('/');
        return slash == 0 ? ROOT : path.substring(0, slash);
    }

    static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }

    static String child(String path, String name) {
        return path.equals(ROOT) ? ROOT + name : path + "/" + name;
    }

    /** Whether {@code path} is {@code ancestor} or below it. */
    static boolean isWithin(String path, String ancestor) {
        return path.equals(ancestor) || ancestor.equals(ROOT) || path.startsWith(ancestor + "/");
    }

    /** How long a path is by the measure of {@link #MOST_GUEST_BYTES}. */
    static int guestLength(String path) {
        String prefix = "/local/domain/";
        if (!path.startsWith(prefix)) {
            return path.length();
        }
        int end = path.indexOf('/', prefix.length());
        return end < 0 ? 0 : path.length() - end - 1;
    }
}
