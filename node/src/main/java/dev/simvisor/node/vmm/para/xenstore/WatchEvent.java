package dev.simvisor.node.vmm.para.xenstore;

/**
 * Something changed, or may have, at or below a watched path.
 *
 * @param path what changed, as the watcher spells it: relative to its domain's path if the watch is
 * @param token the watcher's own name for the watch
 */
public record WatchEvent(String path, String token) {
    /** Takes events. It must not use the store at once, which is in the middle of a request. */
    @FunctionalInterface
    public interface Sink {
        void accept(WatchEvent event);
    }
}
