package dev.simvisor.controller.guest;

import dev.simvisor.controller.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.OptionalLong;

/** Downloads over HTTP and HTTPS. */
final class HttpDownload {
    private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(20);
    private static final int CHUNK_BYTES = 1 << 16;

    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(CONNECT_TIMEOUT)
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();

    byte[] bytes(URI uri, Progress progress) throws GuestException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        transfer(uri, bytes, progress);
        return bytes.toByteArray();
    }

    void file(URI uri, Path target, Progress progress) throws GuestException {
        try (OutputStream out = Files.newOutputStream(target)) {
            transfer(uri, out, progress);
        } catch (IOException failed) {
            throw new GuestException("cannot write " + target + ": " + failed.getMessage(), failed);
        }
    }

    private void transfer(URI uri, OutputStream out, Progress progress) throws GuestException {
        try {
            HttpResponse<InputStream> response =
                    client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofInputStream());
            try (InputStream body = response.body()) {
                if (response.statusCode() != 200) {
                    throw new GuestException(uri + ": the mirror answers " + response.statusCode()
                            + "; check --mirror, which must have dists/ and pool/ below it");
                }
                OptionalLong length = response.headers().firstValueAsLong("Content-Length");
                try (Progress.Step step = progress.begin(fileName(uri), length, Progress.Unit.BYTES)) {
                    copy(body, out, step);
                }
            }
        } catch (IOException failed) {
            throw new GuestException(uri + ": download failed: " + reason(failed), failed);
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
            throw new GuestException(uri + ": download interrupted", stopped);
        }
    }

    private static void copy(InputStream in, OutputStream out, Progress.Step step) throws IOException {
        byte[] chunk = new byte[CHUNK_BYTES];
        long done = 0;
        for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
            out.write(chunk, 0, read);
            done += read;
            step.at(done);
        }
    }

    private static String fileName(URI uri) {
        return uri.getPath().substring(uri.getPath().lastIndexOf('/') + 1);
    }

    /** HttpClient leaves the message out when it cannot resolve or reach a host. */
    private static String reason(IOException failed) {
        String message = failed.getMessage();
        return message == null || message.isBlank() ? "cannot connect" : message;
    }
}
