package dev.simvisor.controller.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.cluster.ToyCluster;
import dev.simvisor.proto.api.CreateVmRequest;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.net.http.WebSocketHandshakeException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The page of a cluster of two hosts, h1 with VM a and h2, whose time keeps to the wall's. */
class WebServerTest {
    private static final Pattern NAMED = Pattern.compile("(?:href|src|from) ?=? ?\"(?:\\./)?([a-z]+\\.[a-z]+)\"");
    private static final int MOST_MILLIS = 60_000;
    private static final String ELSEWHERE = "http://elsewhere.example";

    private ToyCluster toys;
    private WebServer server;
    private Browser browser;

    @BeforeEach
    void start() throws Exception {
        toys = ToyCluster.of(2, 0, "n1");
        toys.control().pace(1);
        ToyCluster.get(toys.control().start());
        ToyCluster.get(toys.control().createVm(ToyCluster.vm("a", "h1")));
        server = WebServer.start(toys.control(), "127.0.0.1", 0);
        browser = new Browser(server.url());
    }

    @AfterEach
    void end() {
        browser.close();
        server.close();
        toys.close();
    }

    private VmState stateOfA() {
        return ToyCluster.get(toys.control().vms()).getFirst().getState();
    }

    // ---- the page ----

    @Test
    void pageAndAllFilesThatItNamesAreServed() throws Exception {
        Deque<String> toAsk = new ArrayDeque<>(Set.of("index.html"));
        Set<String> asked = new TreeSet<>();
        while (!toAsk.isEmpty()) {
            String file = toAsk.remove();
            if (asked.add(file)) {
                HttpResponse<String> answer = browser.get("/" + file);
                assertThat(answer.statusCode()).as(file).isEqualTo(200);
                NAMED.matcher(answer.body()).results().forEach(named -> toAsk.add(named.group(1)));
            }
        }
        assertThat(asked).contains("app.js", "feed.js", "icon.svg", "model.js", "style.css", "terminal.js");
    }

    @Test
    void pageMayLoadNothingFromElsewhereAndBeNobodysFrame() throws Exception {
        assertThat(browser.get("/")
                        .headers()
                        .firstValue("Content-Security-Policy")
                        .orElse(""))
                .contains("default-src 'self'", "frame-ancestors 'none'")
                .doesNotContain("unsafe");
    }

    @Test
    void whatThereIsNotIsNotFound() throws Exception {
        assertThat(browser.get("/no-such-file").statusCode()).isEqualTo(404);
        assertThat(browser.get("/../WebServer.class").statusCode()).isBetween(400, 404);
    }

    // ---- what is new ----

    @Test
    void openPageIsToldHowThingsStandAndThenWhatIsNew() throws Exception {
        try (Browser.Socket page = browser.open("/live")) {
            assertThat(page.next())
                    .startsWith("{\"snapshot\":{\"dropped\":0,")
                    .contains("\"name\":\"h1\"", "\"name\":\"h2\"", "\"text\":\"VM a on host h1 is running\"");
            assertThat(page.await(message -> message.startsWith("{\"sample\"")))
                    .contains("\"utilization\":", "\"host\":\"h2\"", "\"status\":{\"virtualNanos\"");
            ToyCluster.get(toys.control().pause("a"));
            assertThat(page.await(message -> message.startsWith("{\"event\"")))
                    .contains("VM_PAUSED", "\"text\":\"VM a on host h1 is paused\"");
        }
    }

    /** So much is said of the VM that the connection takes only a part of it: more than waits, is being sent and is under way. */
    @Test
    void pageThatDoesNotReadHoldsUpNobodyAndIsToldWhatItMissed() throws Exception {
        toys.control().pace(0);
        CreateVmRequest request = ToyCluster.vm("b", "h2");
        ToyCluster.get(toys.control()
                .createVm(request.toBuilder()
                        .setSpec(request.getSpec().toBuilder().putLabels("words", "x".repeat(1 << 17)))
                        .build()));
        try (Socket idle = stalledPage()) {
            for (int i = 0; i < 150; i++) {
                ToyCluster.get(toys.control().pause("b"));
                ToyCluster.get(toys.control().resume("b"));
            }
            assertThat(ToyCluster.get(toys.control().status()).getVmsRunning()).isEqualTo(2);
            ToyCluster.get(toys.control().hold()); // so that there is an end of what is to be read
            assertThat(hears(idle.getInputStream(), Pattern.compile("\"snapshot\":\\{\"dropped\":[1-9]")))
                    .isTrue();
        }
    }

    private Socket stalledPage() throws IOException {
        URI url = URI.create(server.url());
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4096); // so that little is under way
        socket.connect(new InetSocketAddress(url.getHost(), url.getPort()));
        socket.setSoTimeout(MOST_MILLIS);
        String request = "GET /live HTTP/1.1\r\nHost: " + url.getAuthority() + "\r\nOrigin: " + browser.ownOrigin()
                + "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                + "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
        write(socket.getOutputStream(), request);
        return socket;
    }

    private static void write(OutputStream output, String text) throws IOException {
        output.write(text.getBytes(StandardCharsets.US_ASCII));
        output.flush();
    }

    private static boolean hears(InputStream input, Pattern wanted) throws IOException {
        byte[] bytes = new byte[1 << 16];
        String before = "";
        for (int count = input.read(bytes); count >= 0; count = input.read(bytes)) {
            String heard = before + new String(bytes, 0, count, StandardCharsets.ISO_8859_1);
            if (wanted.matcher(heard).find()) {
                return true;
            }
            before = heard.substring(Math.max(0, heard.length() - 100));
        }
        return false;
    }

    // ---- consoles ----

    @Test
    void consoleHasWhatTheGuestSaysUntilItEnds() throws Exception {
        try (Browser.Socket console = browser.open("/consoles/a")) {
            assertThat(console.next()).isNotEmpty();
            console.send("q");
            console.await(message -> message.contains("typed q"));
            ToyCluster.get(toys.control().stop("a"));
            assertThat(console.await(message -> message.startsWith("{"))).isEqualTo("{\"ended\":true}");
        }
    }

    @Test
    void consoleOfNobodyEndsAtOnce() throws Exception {
        try (Browser.Socket console = browser.open("/consoles/nobody")) {
            assertThat(console.next()).isEqualTo("{\"ended\":true}");
        }
    }

    // ---- commands ----

    @Test
    void pageCommandsVmsAndHosts() throws Exception {
        HttpResponse<String> paused = browser.post("/api/vms/a/pause", "{}");
        Vm.Builder vm = Vm.newBuilder();
        JsonFormat.parser().merge(paused.body(), vm);
        assertThat(vm.getState()).isEqualTo(VmState.VM_PAUSED);
        assertThat(browser.post("/api/vms/a/resume", "{}").statusCode()).isEqualTo(200);

        HttpResponse<String> accepted = browser.post("/api/vms/a/migrate", "{\"target\":\"h2\"}");
        MigrationReport.Builder migration = MigrationReport.newBuilder();
        JsonFormat.parser().merge(accepted.body(), migration);
        assertThat(ToyCluster.get(toys.control().migrationEnd(migration.getNumber()))
                        .getState())
                .isEqualTo(MigrationState.MIGRATION_COMPLETED);

        assertThat(browser.post("/api/hosts/h1/fail", "{}").body()).contains("HOST_FAILED");
        assertThat(browser.post("/api/hosts/h1/recover", "{}").body()).contains("HOST_UP");
        assertThat(browser.post("/api/hosts/h2/drain", "{}").statusCode()).isEqualTo(200);
        await().until(() -> ToyCluster.get(toys.control().hosts()).getLast().getState() == HostState.HOST_DRAINED);
        assertThat(browser.post("/api/vms/a/stop", "{}").body()).contains("VM_STOPPED");
    }

    @Test
    void refusalIsOneLine() throws Exception {
        HttpResponse<String> unknown = browser.post("/api/vms/nobody/pause", "{}");
        assertThat(unknown.statusCode()).isEqualTo(404);
        assertThat(unknown.body()).isEqualTo("no VM 'nobody': expected one of a");

        HttpResponse<String> same = browser.post("/api/vms/a/migrate", "{\"target\":\"h1\"}");
        assertThat(same.statusCode()).isEqualTo(400);
        assertThat(same.body()).isEqualTo("VM a is on host h1 already");

        HttpResponse<String> nonsense = browser.post("/api/vms/a/migrate", "nonsense");
        assertThat(nonsense.statusCode()).isEqualTo(400);
        assertThat(nonsense.body()).startsWith("expected a MigrateRequest: ").hasLineCount(1);

        assertThat(browser.post("/api/migrations/first/cancel", "{}").body())
                .isEqualTo("expected a migration's number, not \"first\"");
        assertThat(browser.post("/api/migrations/7/cancel", "{}").statusCode()).isEqualTo(404);
    }

    // ---- from elsewhere ----

    @Test
    void commandsOfOtherPagesAreRefused() throws Exception {
        assertThat(browser.post("/api/vms/a/stop", "{}", ELSEWHERE).statusCode())
                .isEqualTo(403);
        assertThat(browser.post("/api/vms/a/stop", "{}", "null").statusCode()).isEqualTo(403);
        assertThat(raw("POST /api/vms/a/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"))
                .startsWith("HTTP/1.1 403");
        assertThat(stateOfA()).isEqualTo(VmState.VM_RUNNING);
    }

    @Test
    void otherPagesMayNeitherWatchNorType() {
        assertThatThrownBy(() -> browser.open("/live", ELSEWHERE))
                .hasCauseInstanceOf(WebSocketHandshakeException.class);
        assertThatThrownBy(() -> browser.open("/consoles/a", ELSEWHERE))
                .hasCauseInstanceOf(WebSocketHandshakeException.class);
    }

    /** As when another page's server has given its name this machine's address, to be of one origin with this server. */
    @Test
    void namesThatAreNotTheServersAreRefused() throws Exception {
        assertThat(raw("GET / HTTP/1.1\r\nHost: elsewhere.example\r\n")).startsWith("HTTP/1.1 403");
        assertThat(raw("GET /app.js HTTP/1.1\r\nHost: elsewhere.example\r\n")).startsWith("HTTP/1.1 403");
        assertThat(raw("POST /api/vms/a/stop HTTP/1.1\r\nHost: elsewhere.example\r\nOrigin: " + ELSEWHERE
                        + "\r\nContent-Length: 0\r\n"))
                .startsWith("HTTP/1.1 403");
        assertThat(raw("GET / HTTP/1.1\r\nHost: localhost\r\n")).startsWith("HTTP/1.1 200");
        assertThat(raw("GET / HTTP/1.1\r\nHost: [::1]:80\r\n")).startsWith("HTTP/1.1 200");
    }

    /** The answer to a request without its last empty line, which java.net.http would not send. */
    private String raw(String head) throws IOException {
        URI url = URI.create(server.url());
        try (Socket socket = new Socket(url.getHost(), url.getPort())) {
            write(socket.getOutputStream(), head + "Connection: close\r\n\r\n");
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    // ---- starting ----

    @Test
    void occupiedPortIsRefused() throws Exception {
        try (ServerSocket occupant = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> WebServer.start(toys.control(), "127.0.0.1", occupant.getLocalPort()))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("in use");
        }
    }

    @Test
    void addressThatNobodyHasIsRefused() {
        assertThatThrownBy(() -> WebServer.start(toys.control(), "nobody.invalid", 0))
                .isInstanceOf(IOException.class)
                .hasMessage("no such address");
    }
}
