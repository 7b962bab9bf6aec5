package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.FirmwareLoader;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.vmm.mode.BoardMode;
import dev.simvisor.node.vmm.mode.ParavirtualMode;
import dev.simvisor.node.vmm.mode.VirtualizationMode;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MultibootBoot;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.BootImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.List;

/** Reads the files that a VM is booted from, which are on storage that all nodes share. */
final class BootFiles {
    private static final String BUILT_IN = "/dev/simvisor/node/guest/builtin.elf";
    private static final String PARAVIRTUAL_BUILT_IN = "/dev/simvisor/node/guest/builtin-xen.elf";
    /** Larger than any kernel or initial file system; it is read as a whole, on the Java heap. */
    private static final long MOST_IMAGE_BYTES = 512L << 20;

    private BootFiles() {}

    /** What the VM boots, read. */
    static BootSource source(VmSpec spec) throws StateRefused {
        Boot boot = spec.getBoot();
        return switch (boot.getImageCase()) {
            case LINUX -> {
                LinuxBoot linux = boot.getLinux();
                Image initrd = linux.getInitrd().isEmpty() ? null : image(linux.getInitrd());
                yield new BootSource.Linux(image(linux.getKernel()), initrd, linux.getCommandLine());
            }
            case MULTIBOOT -> {
                MultibootBoot multiboot = boot.getMultiboot();
                List<Image> modules = new ArrayList<>();
                for (String module : multiboot.getModulesList()) {
                    modules.add(image(module));
                }
                yield new BootSource.Multiboot(image(multiboot.getKernel()), multiboot.getCommandLine(), modules);
            }
            case BUILT_IN ->
                new BootSource.Multiboot(
                        builtIn(HostedMachines.mode(spec)), boot.getBuiltIn().getCommandLine(), List.of());
            case FIRMWARE -> new BootSource.Firmware(firmware(boot));
            case IMAGE_NOT_SET ->
                throw new StateRefused("nothing to boot: expected a kernel, a firmware image or the built-in guest");
        };
    }

    private static Image firmware(Boot boot) throws StateRefused {
        return image(boot.getFirmware().getImage(), FirmwareLoader.MOST_BYTES);
    }

    /** Size of the VM's firmware image; 0 when it boots a kernel. */
    static int firmwareBytes(VmSpec spec) throws StateRefused {
        if (!spec.getBoot().hasFirmware()) return 0;
        try {
            return FirmwareLoader.checkedLength(firmware(spec.getBoot()));
        } catch (InvalidImageException e) {
            throw new StateRefused(String.valueOf(e.getMessage()));
        }
    }

    /** How the files are known again. */
    static List<BootImage> digests(BootSource source) {
        return source.images().stream()
                .map(image -> BootImage.newBuilder()
                        .setSha256(ByteString.copyFrom(sha256(image.bytes())))
                        .build())
                .toList();
    }

    private static byte[] sha256(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }

    /**
     * What the VM boots, read again.
     *
     * @param booted the {@link #digests} of what it was booted from
     * @throws StateRefused naming the file that is not there any more, or not what it was
     */
    static BootSource sourceAgain(VmSpec spec, List<BootImage> booted) throws StateRefused {
        BootSource source = source(spec);
        List<BootImage> found = digests(source);
        if (found.size() != booted.size()) {
            throw new StateRefused("it is not known what it was booted from");
        }
        for (int n = 0; n < found.size(); n++) {
            if (!found.get(n).getSha256().equals(booted.get(n).getSha256())) {
                throw new StateRefused(
                        source.images().get(n).name() + ": not what the VM was booted from: it has changed since");
            }
        }
        return source;
    }

    private static Image builtIn(VirtualizationMode mode) throws StateRefused {
        String build = switch (mode) {
            case BoardMode _ -> BUILT_IN;
            case ParavirtualMode _ -> PARAVIRTUAL_BUILT_IN;
        };
        try (InputStream resource = HostedMachines.class.getResourceAsStream(build)) {
            if (resource == null) {
                throw new StateRefused("this build has no built-in guest");
            }
            return new Image("the built-in guest", resource.readAllBytes());
        } catch (IOException e) {
            throw new StateRefused("the built-in guest cannot be read: " + e);
        }
    }

    private static Image image(String file) throws StateRefused {
        return image(file, MOST_IMAGE_BYTES);
    }

    private static Image image(String file, long mostBytes) throws StateRefused {
        Path path = Path.of(file);
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new StateRefused(file + ": not a regular file"); // reading a pipe might never end
        }
        try {
            long bytes = Files.size(path);
            if (bytes > mostBytes) {
                throw new StateRefused(file + ": " + bytes + " bytes: expected at most " + mostBytes);
            }
            return new Image(file, Files.readAllBytes(path));
        } catch (NoSuchFileException e) {
            throw new StateRefused(file + ": no such file");
        } catch (IOException e) {
            throw new StateRefused(file + ": cannot be read: " + e);
        }
    }
}
