package dev.simvisor.controller.guest;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.commons.compress.archivers.cpio.CpioArchiveEntry;
import org.apache.commons.compress.archivers.cpio.CpioArchiveInputStream;
import org.junit.jupiter.api.Test;

class InitramfsTest {
    private static final String MODULES = "lib/modules/6.1.0-50-amd64/";

    private static Map<KernelModule, byte[]> modules() {
        Map<KernelModule, byte[]> modules = new LinkedHashMap<>();
        modules.put(new KernelModule("ring", List.of(), List.of()), new byte[] {1});
        modules.put(new KernelModule("virtio", List.of("ring"), List.of()), new byte[] {2});
        modules.put(new KernelModule("blk", List.of("ring", "virtio"), List.of("virtio:d2v*", "x")), new byte[] {3});
        return modules;
    }

    private static byte[] pack() {
        return Initramfs.pack("busybox".getBytes(StandardCharsets.UTF_8), "6.1.0-50-amd64", modules());
    }

    @Test
    void sameContentsGiveTheSameBytes() {
        assertThat(pack()).isEqualTo(pack());
    }

    @Test
    void entriesBelongToRootAndHaveNoTimeOfTheirOwn() throws IOException {
        assertThat(entries(pack()).keySet()).allSatisfy(entry -> {
            assertThat(entry.getUID()).isZero();
            assertThat(entry.getGID()).isZero();
            assertThat(entry.getTime()).isZero();
            assertThat(entry.getFormat()).isEqualTo((short) 1);
        });
    }

    @Test
    void foldersStandBeforeWhatTheyHold() throws IOException {
        List<String> paths =
                entries(pack()).keySet().stream().map(CpioArchiveEntry::getName).toList();
        assertThat(paths).isSorted().contains("bin/busybox", "init", "dev/console", MODULES + "blk.ko");
        assertThat(paths).allSatisfy(path -> {
            int slash = path.lastIndexOf('/');
            if (slash > 0) {
                assertThat(paths.indexOf(path.substring(0, slash))).isBetween(0, paths.indexOf(path));
            }
        });
    }

    @Test
    void initIsAnExecutableScriptForBusybox() throws IOException {
        assertThat(text("init")).startsWith("#!/bin/busybox sh\n");
        assertThat(entries(pack()).keySet())
                .filteredOn(entry -> entry.getName().equals("init"))
                .allSatisfy(entry -> assertThat(entry.getMode()).isEqualTo(0100755));
    }

    @Test
    void consoleIsTheCharacterDevice5And1() throws IOException {
        assertThat(entries(pack()).keySet())
                .filteredOn(entry -> entry.getName().equals("dev/console"))
                .singleElement()
                .returns(true, CpioArchiveEntry::isCharacterDevice)
                .returns(5L, CpioArchiveEntry::getRemoteDeviceMaj)
                .returns(1L, CpioArchiveEntry::getRemoteDeviceMin);
    }

    @Test
    void modprobeFindsAllThatAModuleNeedsDeepestLast() throws IOException {
        assertThat(text(MODULES + "modules.dep"))
                .isEqualTo("ring.ko:\nvirtio.ko: ring.ko\nblk.ko: virtio.ko ring.ko\n");
    }

    @Test
    void modprobeFindsAModuleByItsDevices() throws IOException {
        assertThat(text(MODULES + "modules.alias")).isEqualTo("alias virtio:d2v* blk\nalias x blk\n");
    }

    private static String text(String path) throws IOException {
        for (Map.Entry<CpioArchiveEntry, byte[]> entry : entries(pack()).entrySet()) {
            if (entry.getKey().getName().equals(path)) {
                return new String(entry.getValue(), StandardCharsets.UTF_8);
            }
        }
        throw new AssertionError("no " + path);
    }

    private static Map<CpioArchiveEntry, byte[]> entries(byte[] archive) throws IOException {
        Map<CpioArchiveEntry, byte[]> entries = new LinkedHashMap<>();
        try (CpioArchiveInputStream in = new CpioArchiveInputStream(new ByteArrayInputStream(archive))) {
            for (CpioArchiveEntry entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                entries.put(entry, in.readAllBytes());
            }
        }
        return entries;
    }
}
