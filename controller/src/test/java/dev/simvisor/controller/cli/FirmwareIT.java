package dev.simvisor.controller.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.simvisor.controller.guest.GuestCache;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** SeaBIOS and OVMF, as Debian packs them, in {@code simvisor boot --bios}: they come up, find disks and start what is on them. */
class FirmwareIT {
    private static final Path SEABIOS = Path.of("/usr/share/seabios/bios-256k.bin");
    private static final Path OVMF = Path.of("/usr/share/ovmf/OVMF.fd");
    private static final Path GRUB = Path.of("/usr/lib/grub/i386-pc/boot.img");
    private static final Path UEFI_GRUB = Path.of("/usr/lib/grub/x86_64-efi/linux.mod");

    private static final int SECTOR = 512;
    /** Not less than a cylinder, or the firmware finds nothing to read. */
    private static final int SECTORS = 2048;

    private static final int PARTITION_TABLE = 446;
    private static final int LINUX_PARTITION = 0x83;
    private static final int SIGNATURE = 0xAA55;
    private static final int PARTITION_SECTOR = 2048;

    /** Reads sector 1 to 8000h by INT 13h, prints it by INT 10h, and ends with 21h at port F4h. */
    private static final String[] BOOT_SECTOR = {
        "31c0 8ed8 8ec0 8ed0 bc007c", // ds = es = ss = 0, sp = 7C00h
        "be347c b442 cd13 721b", // mov si,7C34h; mov ah,42h; int 13h, from the drive in dl; jc 2Fh
        "be0080 ac 84c0 7409 b40e bb0700 cd10 ebf2", // mov si,8000h; again: lodsb; test al,al; jz 25h; int 10h; jmp
        // again
        "b021 e6f4 909090909090", // 25h: mov al,21h; out F4h,al
        "b001 e6f4 f4", // 2Fh: mov al,1; out F4h,al; hlt
        "1000 0100 0080 0000 0100000000000000", // 34h: the packet: one sector, to 0000:8000, from sector 1
    };

    private static final String TEXT = "from the second sector\r\n.";

    private static final String GRUB_COMMANDS = """
            serial --unit=0
            terminal_output serial
            linux %1$s/vmlinuz console=ttyS0 quiet started-by=grub
            initrd %1$s/initrd
            boot
            """;

    /** What UEFI firmware starts from a disk where it has not been told otherwise (UEFI 2.10 §3.5.1.1). */
    private static final String DEFAULT_LOADER = "BOOTX64.EFI";

    private static final int UEFI_DISK_MEBIBYTES = 96;

    @TempDir
    private Path directory;

    @Test
    void seaBiosStartsABootSectorFromADiskInEveryModeWithTheSameState() throws Exception {
        assumeTrue(Files.exists(SEABIOS), "needs Debian's package seabios");
        byte[] sector = HexFormat.of().parseHex(String.join("", BOOT_SECTOR).replace(" ", ""));
        ByteBuffer disk = ByteBuffer.allocate(SECTORS * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        disk.put(sector).putShort(SECTOR - 2, (short) SIGNATURE);
        disk.put(SECTOR, TEXT.getBytes(StandardCharsets.US_ASCII));
        Path image = Files.write(directory.resolve("disk"), disk.array());

        String bare = said(image, "--mode", "bare", "--engine", "interpreter");

        assertThat(bare)
                .contains("SeaBIOS (version ", "Booting from Hard Disk...", "from the second sector\r\n")
                .containsPattern("stateHash \\p{XDigit}{64}\n");
        assertThat(directory.resolve("debug"))
                .content(StandardCharsets.ISO_8859_1)
                .contains(
                        "Found QEMU fw_cfg",
                        "Found 3 cpu(s) max supported 3 cpu(s)",
                        "found virtio-blk at 00:04.0",
                        "PIIX3/PIIX4 init: elcr=00 0c");
        for (String mode : List.of("bare", "translate", "hardware")) {
            assertThat(said(image, "--mode", mode)).as(mode).isEqualTo(bare);
        }
    }

    @Test
    void grubStartsDebianFromADisk() throws Exception {
        assumeTrue(Files.exists(SEABIOS), "needs Debian's package seabios");
        assumeTrue(Files.exists(GRUB), "needs Debian's packages grub-common and grub-pc-bin");
        fetchDebian();
        String booted = bootsDebian(SEABIOS, Files.write(directory.resolve("disk"), grubDisk()));
        assertThat(booted).contains("SeaBIOS", "GRUB loading");
    }

    @Test
    void uefiFirmwareStartsGrubFromADiskAndThatDebian() throws Exception {
        assumeTrue(Files.exists(OVMF), "needs Debian's package ovmf");
        assumeTrue(Files.exists(UEFI_GRUB), "needs Debian's packages grub-common and grub-efi-amd64-bin");
        assumeTrue(Files.exists(Path.of("/usr/bin/mformat")), "needs Debian's package mtools");
        fetchDebian();
        String booted = bootsDebian(OVMF, uefiDisk());
        assertThat(booted).contains("BdsDxe: starting Boot");
    }

    private static void fetchDebian() {
        assertThat(Main.commandLine().execute("guest", "fetch", "debian-12-amd64"))
                .isZero();
    }

    /** Starts Debian, looks around and switches off; returns what was said until the shell. */
    private static String bootsDebian(Path firmware, Path disk) throws Exception {
        Process simvisor = start(firmware, disk, "--max-time", "60s", "--memory", "512M");
        String booted = readUntil(simvisor.getInputStream(), "/root # ");
        assertThat(booted).contains("built-in shell");
        simvisor.getOutputStream()
                .write("cat /proc/cmdline /sys/block/vda/size; poweroff -f\n".getBytes(StandardCharsets.US_ASCII));
        simvisor.getOutputStream().close();
        String rest = new String(simvisor.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);

        assertThat(simvisor.waitFor()).as(rest).isZero();
        assertThat(rest).contains("console=ttyS0 quiet started-by=grub\r\n" + Files.size(disk) / SECTOR + "\r\n");
        return booted;
    }

    // ---- a disk with a boot loader and a partition, which is an archive

    private byte[] grubDisk() throws Exception {
        byte[] core = grubCore();
        byte[] archive = DebianOnDisk.archive("debian-12-amd64");
        int sectors = Math.ceilDiv(archive.length, SECTOR);
        ByteBuffer disk =
                ByteBuffer.allocate((PARTITION_SECTOR + sectors) * SECTOR).order(ByteOrder.LITTLE_ENDIAN);
        disk.put(Files.readAllBytes(GRUB), 0, PARTITION_TABLE);
        disk.put(PARTITION_TABLE + 4, (byte) LINUX_PARTITION);
        disk.putInt(PARTITION_TABLE + 8, PARTITION_SECTOR).putInt(PARTITION_TABLE + 12, sectors);
        disk.putShort(SECTOR - 2, (short) SIGNATURE);
        assertThat(core.length).isLessThan((PARTITION_SECTOR - 1) * SECTOR);
        return disk.put(SECTOR, core).put(PARTITION_SECTOR * SECTOR, archive).array();
    }

    private byte[] grubCore() throws IOException, InterruptedException {
        Path core = directory.resolve("core");
        String partition = "(hd0,msdos1)";
        makeGrub("i386-pc", core, partition, "biosdisk", "part_msdos", "tar");
        return Files.readAllBytes(core);
    }

    /** A file system with the loader that firmware looks for, and with what that starts. */
    private Path uefiDisk() throws IOException, InterruptedException {
        Path loader = directory.resolve(DEFAULT_LOADER);
        makeGrub("x86_64-efi", loader, "(hd0)", "fat");
        Path guest = GuestCache.defaultFolder(System.getenv()).resolve("debian-12-amd64");
        String disk = directory.resolve("disk").toString();
        execute("mformat", "-C", "-F", "-T", Integer.toString(UEFI_DISK_MEBIBYTES << 11), "-i", disk, "::");
        execute("mmd", "-i", disk, "::EFI", "::EFI/BOOT");
        execute("mcopy", "-i", disk, loader.toString(), "::EFI/BOOT/" + DEFAULT_LOADER);
        for (String file : List.of("vmlinuz", "initrd")) {
            execute("mcopy", "-i", disk, guest.resolve(file).toString(), "::" + file);
        }
        return Path.of(disk);
    }

    private void makeGrub(String platform, Path image, String root, String... modules)
            throws IOException, InterruptedException {
        Path commands = Files.writeString(directory.resolve("commands"), GRUB_COMMANDS.formatted(root));
        List<String> command = new ArrayList<>(List.of("grub-mkimage", "-O", platform, "-o", image.toString()));
        command.addAll(List.of("-c", commands.toString(), "-p", root));
        command.addAll(List.of(modules));
        command.addAll(List.of("linux", "serial", "terminal"));
        execute(command.toArray(String[]::new));
    }

    private static void execute(String... command) throws IOException, InterruptedException {
        Process made = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(made.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(made.waitFor()).as(said).isZero();
    }

    // ---- running

    private String said(Path disk, String... options) throws IOException, InterruptedException {
        List<String> all =
                new ArrayList<>(List.of("--cpus", "3", "--max-time", "10s", "--debug-exit", "--record-hash"));
        all.addAll(List.of("--debugcon", directory.resolve("debug").toString()));
        all.addAll(Arrays.asList(options));
        Process simvisor = start(SEABIOS, disk, all.toArray(String[]::new));
        simvisor.getOutputStream().close();
        String said = new String(simvisor.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(simvisor.waitFor()).as(said).isEqualTo(0x21 << 1 | 1);
        return said;
    }

    private static Process start(Path firmware, Path disk, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of("target", "simvisor", "bin", "simvisor")
                        .toAbsolutePath()
                        .toString(),
                "boot",
                "--bios",
                firmware.toString(),
                "--disk",
                disk.toString()));
        command.addAll(List.of(options));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static String readUntil(InputStream output, String text) throws IOException {
        StringBuilder said = new StringBuilder();
        while (said.indexOf(text) < 0) {
            int next = output.read();
            assertThat(next).as(said.toString()).isNotNegative();
            said.append((char) next);
        }
        return said.toString();
    }
}
