package dev.simvisor.controller.guest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.simvisor.config.GuestCatalogue;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** Fetches the real guests through this machine's apt. */
class GuestFetchIT {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"debian-12-amd64", "debian-12-i386", "debian-13-amd64"})
    void debianIsFetchedThroughApt(String guest) throws Exception {
        assumeTrue(AptSource.available(), "no apt-get on this machine");
        int status = new CommandLine(new GuestCommand()).execute("fetch", guest, "--cache", folder.toString());
        assertThat(status).isZero();

        GuestImage image = new GuestCache(GuestCatalogue.load(), folder).resolve(guest);
        // The boot protocol's magic number (Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header").
        assertThat(new String(image.kernel().read(), 0x202, 4, StandardCharsets.US_ASCII))
                .isEqualTo("HdrS");
        assertThat(new String(image.initrd().orElseThrow().read(), StandardCharsets.ISO_8859_1))
                .startsWith("070701")
                .contains("virtio_net.ko: ", "alias virtio:d00000002v* virtio_blk\n");
    }

    @Test
    void theBootLoaderForParavirtualGuestsIsFetchedThroughApt() throws Exception {
        assumeTrue(AptSource.available(), "no apt-get on this machine");
        int status = new CommandLine(new GuestCommand()).execute("fetch", "grub-xen", "--cache", folder.toString());
        assertThat(status).isZero();

        GuestImage image = new GuestCache(GuestCatalogue.load(), folder).resolve("grub-xen");
        assertThat(image.kernel().read()).startsWith(0x7f, 'E', 'L', 'F');
    }
}
