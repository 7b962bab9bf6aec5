package dev.simvisor.controller.web;

import io.javalin.http.Context;
import io.javalin.http.ForbiddenResponse;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Lets in what the page itself asks for, and what other pages in the same browser ask for not: not when they send requests in the
 * user's name (the browser says by {@code Origin} whose they are, RFC 6454 §7, and a page cannot make it lie), and not when they
 * give a name of theirs this machine's address, to be of one origin with it. The latter needs a name: so any address will do as
 * {@code Host}, and no name but the ones that this server has.
 */
final class OriginCheck {
    private static final Pattern ADDRESS = Pattern.compile("[0-9.]+|\\[[0-9a-f:.]+]");
    private static final Set<String> READING = Set.of("GET", "HEAD");

    private final String ownName;

    /** @param ownName name or address that the server was told to listen on */
    OriginCheck(String ownName) {
        this.ownName = ownName.toLowerCase(Locale.ROOT);
    }

    /** To be asked of every request: one that changes something must come from the page. */
    void check(Context request) {
        checkHost(request);
        if (!READING.contains(request.method().name())) {
            checkOrigin(request);
        }
    }

    /** To be asked of every WebSocket: browsers let any page open one, and read from it (RFC 6455 §10.2). */
    void checkUpgrade(Context request) {
        checkHost(request);
        checkOrigin(request);
    }

    private void checkHost(Context request) {
        if (!isOwn(request.header("Host"))) {
            throw new ForbiddenResponse("this server is not known by that name: use its address, or localhost");
        }
    }

    private boolean isOwn(@Nullable String host) {
        if (host == null) {
            return false;
        }
        String name = host.toLowerCase(Locale.ROOT).replaceFirst(":[0-9]*$", "");
        return name.equals("localhost")
                || name.equals(ownName)
                || ADDRESS.matcher(name).matches();
    }

    private static void checkOrigin(Context request) {
        if (!("http://" + request.header("Host")).equalsIgnoreCase(request.header("Origin"))) {
            throw new ForbiddenResponse("only this server's own page may ask for that");
        }
    }
}
