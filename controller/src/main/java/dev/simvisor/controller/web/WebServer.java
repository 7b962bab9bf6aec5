package dev.simvisor.controller.web;

import dev.simvisor.controller.cluster.ClusterControl;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.Context;
import io.javalin.http.staticfiles.Location;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.UnresolvedAddressException;
import java.util.Map;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;

/** Serves the page of a cluster. */
public final class WebServer implements AutoCloseable {
    private static final String PAGE = "/dev/simvisor/controller/web/page";
    private static final int MOST_REQUEST_BYTES = 64 << 10;

    private final Javalin server;
    private final LiveCluster live;
    private final String url;

    private WebServer(Javalin server, LiveCluster live, String url) {
        this.server = server;
        this.live = live;
        this.url = url;
    }

    /**
     * Begins to serve.
     *
     * @param address name or address of the interface to listen on
     * @param port TCP port; 0 for any free one
     * @throws IOException when it cannot listen there, as when the port is occupied
     */
    public static WebServer start(ClusterControl cluster, String address, int port) throws IOException {
        ServerSocketChannel socket = listen(address, port);
        int actualPort = ((InetSocketAddress) socket.getLocalAddress()).getPort();
        LiveCluster live = LiveCluster.of(cluster);
        OriginCheck origin = new OriginCheck(address);
        Javalin server = Javalin.create(config -> {
            configure(config);
            config.jetty.addConnector((jetty, http) -> connector(jetty, http, socket));
            route(config, origin, cluster, live);
        });
        try {
            server.start();
        } catch (RuntimeException failed) {
            live.close();
            socket.close();
            throw failed;
        }
        String host = address.contains(":") ? "[" + address + "]" : address; // RFC 3986 §3.2.2
        return new WebServer(server, live, "http://" + host + ":" + actualPort + "/");
    }

    /** The library would say that a port is occupied with much noise. */
    private static ServerSocketChannel listen(String address, int port) throws IOException {
        ServerSocketChannel socket = ServerSocketChannel.open();
        try {
            return socket.bind(new InetSocketAddress(address, port));
        } catch (IOException failed) {
            socket.close();
            throw failed;
        } catch (UnresolvedAddressException unknown) {
            socket.close();
            throw new IOException("no such address", unknown);
        }
    }

    private static ServerConnector connector(Server jetty, HttpConfiguration http, ServerSocketChannel socket) {
        http.setSendServerVersion(false);
        ServerConnector connector = new ServerConnector(jetty, new HttpConnectionFactory(http));
        try {
            connector.open(socket);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        return connector;
    }

    private static void configure(JavalinConfig config) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.startup.startupWatcherEnabled = false;
        config.concurrency.useVirtualThreads = true;
        // No session is kept, so no cookie is needed for one.
        config.jetty.modifyServletContextHandler(
                context -> context.getSessionHandler().setUsingCookies(false));
        config.http.maxRequestSize = MOST_REQUEST_BYTES;
        config.staticFiles.add(files -> {
            files.directory = PAGE;
            files.location = Location.CLASSPATH;
            files.headers = Map.of("Cache-Control", "no-cache");
        });
    }

    private static void route(JavalinConfig config, OriginCheck origin, ClusterControl cluster, LiveCluster live) {
        config.routes.before(WebServer::secure);
        config.routes.before(origin::check);
        config.routes.wsBeforeUpgrade(origin::checkUpgrade);
        config.routes.ws("/live", socket -> PageSocket.route(socket, live));
        config.routes.ws("/consoles/{vm}", socket -> ConsoleSocket.route(socket, cluster));
        new Commands(cluster).route(config.routes);
    }

    /** The page needs nothing from elsewhere and is nobody's frame, whatever gets into it (W3C, Content Security Policy). */
    private static void secure(Context context) {
        context.header(
                        "Content-Security-Policy",
                        "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
                .header("X-Content-Type-Options", "nosniff")
                .header("Referrer-Policy", "no-referrer")
                .header("Cross-Origin-Resource-Policy", "same-origin");
    }

    /** Where a browser finds the page. */
    public String url() {
        return url;
    }

    @Override
    public void close() {
        live.close();
        server.stop();
    }
}
