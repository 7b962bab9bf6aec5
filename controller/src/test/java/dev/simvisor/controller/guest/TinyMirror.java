package dev.simvisor.controller.guest;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** A Debian mirror on loopback with a kernel and a busybox of a few bytes, signed with a key of its own. */
final class TinyMirror implements AutoCloseable {
    static final String IN_RELEASE = "/debian/dists/bookworm/InRelease";
    static final String PACKAGES = "/debian/dists/bookworm/main/binary-amd64/Packages.xz";
    static final String KERNEL_DEB = "/debian/pool/linux-image-6.1.0-50-amd64.deb";

    /** What the mirror serves, by path; a test may change it. */
    final Map<String, byte[]> files = new ConcurrentHashMap<>();

    private final SigningKey key;
    private final HttpServer server;
    private final StringBuilder index = new StringBuilder();

    TinyMirror(SigningKey key) throws Exception {
        this.key = key;
        add("linux-image-amd64", "linux-image-6.1.0-50-amd64 (= 1)", new byte[0]);
        add("linux-image-6.1.0-50-amd64", "kmod", kernel());
        add("busybox-static", "", Deb.gz(Map.of("bin/busybox", utf8("busybox"))));
        add("grub-xen-host", "", Deb.xz(Map.of("usr/lib/grub-xen/grub-x86_64-xen.bin", utf8("grub"))));
        publish("bookworm");

        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            try (exchange) {
                byte[] body = files.get(exchange.getRequestURI().getPath());
                exchange.sendResponseHeaders(body == null ? 404 : 200, body == null ? -1 : body.length);
                if (body != null) {
                    exchange.getResponseBody().write(body);
                }
            }
        });
        server.start();
    }

    private static byte[] kernel() throws IOException {
        Map<String, byte[]> files = new TreeMap<>();
        files.put("boot/vmlinuz-6.1.0-50-amd64", utf8("kernel"));
        addModule(files, "noise", "");
        addModule(files, "virtio", "");
        for (String wanted :
                List.of("virtio_pci", "virtio_blk", "virtio_console", "virtio_net", "xen_blkfront", "xen_netfront")) {
            addModule(files, wanted, "virtio");
        }
        return Deb.xz(files);
    }

    /** Xen's are where and how Debian has modules since 13, the others as before. */
    private static void addModule(Map<String, byte[]> files, String name, String depends) throws IOException {
        byte[] elf = ElfModule.wide("depends=" + depends, "alias=" + name + ":*");
        String path = "lib/modules/6.1.0-50-amd64/kernel/drivers/" + name + ".ko";
        if (name.startsWith("xen")) {
            files.put("usr/" + path + ".xz", xz(elf));
        } else {
            files.put(path, elf);
        }
    }

    private void add(String name, String depends, byte[] deb) {
        files.put("/debian/pool/" + name + ".deb", deb);
        index.append("Package: %s\nVersion: 1\nDepends: %s\nFilename: pool/%s.deb\nSize: %d\nSHA256: %s\n\n"
                .formatted(name, depends, name, deb.length, Sha256.of(deb)));
    }

    /** Has another archive in the place of one. */
    void replace(String name, byte[] deb) throws Exception {
        int start = index.indexOf("Package: " + name + "\n");
        index.delete(start, index.indexOf("\n\n", start) + 2);
        add(name, "", deb);
        publish("bookworm");
    }

    /** Signs the index as that of a release. */
    void publish(String codename) throws Exception {
        files.put(PACKAGES, xz(utf8(index.toString())));
        String release = "Codename: %s\nSHA256:\n %s %d main/binary-amd64/Packages.xz\n"
                .formatted(codename, Sha256.of(files.get(PACKAGES)), files.get(PACKAGES).length);
        files.put(IN_RELEASE, key.clearSign(release));
    }

    URI uri() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/debian");
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private static byte[] xz(byte[] content) throws IOException {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (XZOutputStream xz = new XZOutputStream(packed, new LZMA2Options(0))) {
            xz.write(content);
        }
        return packed.toByteArray();
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
