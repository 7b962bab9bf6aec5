package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks and network cards of paravirtual guests, as stock drivers use them, under the distribution's {@code simvisor boot}. */
class ParavirtualDevicesIT {
    private static final String DEBIAN = "debian-12-amd64";
    private static final int DISK_BYTES = 4 << 20;
    private static final int WRITTEN_AT = 3 * 64 * 1024;
    private static final int WRITTEN_BYTES = 4 * 64 * 1024;

    @TempDir
    private Path directory;

    @Test
    void debianReadsAndWritesItsDiskAndFindsItsNetworkCard() throws Exception {
        fetch(DEBIAN);
        byte[] content = new byte[DISK_BYTES];
        new Random(4).nextBytes(content);
        Path disk = Files.write(directory.resolve("disk"), content);
        byte[] expected = content.clone();
        Arrays.fill(expected, WRITTEN_AT, WRITTEN_AT + WRITTEN_BYTES, (byte) 0);

        String said = boot(disk, """
                cat /sys/block/xvda/size; sha256sum /dev/xvda
                dd if=/dev/zero of=/dev/xvda bs=64k seek=3 count=4 conv=fsync 2>&-; echo 3 > /proc/sys/vm/drop_caches
                sha256sum /dev/xvda
                readlink /sys/block/xvda/device/driver; readlink /sys/class/net/eth0/device/driver
                ip link set eth0 up; cat /sys/class/net/eth0/address /sys/class/net/eth0/carrier
                poweroff -f
                """, DEBIAN);

        assertThat(said)
                .contains(DISK_BYTES / 512 + "\r\n", sha256(content), sha256(expected))
                .contains("bus/xen/drivers/vbd\r\n", "bus/xen/drivers/vif\r\n")
                .contains("00:16:3e:00:00:01\r\n1\r\n");
        assertThat(disk).hasBinaryContent(expected);
    }

    @Test
    void theBootLoaderTakesCommandsAndStartsAKernelFromADisk() throws Exception {
        fetch(DEBIAN);
        fetch("grub-xen");
        Path disk = Files.write(directory.resolve("disk"), DebianOnDisk.archive(DEBIAN));

        String said = boot(disk, """
                ls (xen/xvda)/
                linux (xen/xvda)/vmlinuz console=hvc0 quiet started-by=grub
                initrd (xen/xvda)/initrd
                boot
                cat /proc/cmdline; cat /sys/block/xvda/size
                poweroff -f
                """, "grub-xen");

        assertThat(said).contains("GNU GRUB", "vmlinuz initrd");
        assertThat(said).contains("console=hvc0 quiet started-by=grub\r\n" + Files.size(disk) / 512 + "\r\n");
    }

    private static void fetch(String guest) {
        assertThat(Main.commandLine().execute("guest", "fetch", guest)).isZero();
    }

    /** What a guest says to what is typed, until it has powered off. */
    private String boot(Path disk, String typed, String guest) throws IOException, InterruptedException {
        Path console = directory.resolve("console");
        List<String> command = new ArrayList<>();
        command.add(Path.of("target", "simvisor", "bin", "simvisor")
                .toAbsolutePath()
                .toString());
        command.addAll(List.of("boot", "--guest", guest, "--mode", "para", "--disk", disk.toString()));
        command.addAll(List.of("--append", guest.equals(DEBIAN) ? "console=hvc0 quiet" : "", "--max-time", "120s"));
        Process simvisor = new ProcessBuilder(command)
                .redirectInput(
                        Files.writeString(directory.resolve("typed"), typed).toFile())
                .redirectOutput(console.toFile())
                .redirectErrorStream(true)
                .start();
        int status = simvisor.waitFor();
        String said = Files.readString(console, StandardCharsets.ISO_8859_1);
        assertThat(status).as(said).isZero();
        return said;
    }

    private static String sha256(byte[] content) throws NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
    }
}
