package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.MachineFactory.Built;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.FirmwareBoot;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MultibootBoot;
import dev.simvisor.proto.api.VmSpec;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host's machines: what they are by the mode of the VM, and which are refused. */
class HostedMachinesTest {
    private static final long HERTZ = 100_000_000;
    private static final long MILLI = 1_000_000;
    private static final long MOST_NANOS = 5_000 * MILLI;

    private final HostedMachines machines = new HostedMachines(
            HostSpec.newBuilder().setMemoryBytes(128 << 20).setClockHz(HERTZ).build());

    private final StringBuilder console = new StringBuilder();

    private static VmSpec.Builder vm(String mode) {
        return VmSpec.newBuilder()
                .setName("a")
                .setMode(mode)
                .setMemoryBytes(16 << 20)
                .setBoot(Boot.newBuilder().setBuiltIn(BuiltInGuest.getDefaultInstance()));
    }

    private VirtualMachine started(VmSpec.Builder spec) {
        Built built = machines.booted(spec.build());
        assertThat(built).isInstanceOf(Built.Ready.class);
        return VirtualMachine.started(spec.build(), 1, ((Built.Ready) built).machine(), 0, HERTZ);
    }

    /** Runs in steps until the console has said a word since a position, or the VM has ended. */
    private void runUntilSaid(VirtualMachine vm, String word, int since, long step) {
        for (long nanos = vm.nanos() + step;
                console.indexOf(word, since) < 0 && !vm.hasEnded() && nanos < MOST_NANOS;
                nanos += step) {
            vm.runTo(nanos);
            vm.takeConsole().forEach(chunk -> console.append(chunk.bytes().toString(StandardCharsets.US_ASCII)));
        }
        assertThat(console.substring(since)).contains(word);
    }

    private static void type(VirtualMachine vm, String text) {
        vm.type(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void paravirtualGuestDoesWhatIsTyped() {
        try (VirtualMachine vm = started(vm("para"))) {
            runUntilSaid(vm, "> ", 0, MILLI);
            int before = console.length();
            type(vm, "echo typed\r");
            runUntilSaid(vm, "\ntyped", before, MILLI);
            assertThat(vm.machine().exits()).containsKey("hypercall");

            vm.pause();
            long standing = vm.machine().cycles();
            vm.runTo(MOST_NANOS);
            assertThat(vm.machine().cycles()).isEqualTo(standing);
            vm.resume(vm.nanos());

            type(vm, "halt\r");
            runUntilSaid(vm, "power off", before, MILLI);
            vm.runTo(MOST_NANOS);
            assertThat(vm.state()).isEqualTo(VirtualMachine.State.STOPPED);
            assertThat(vm.endReason()).isEqualTo("powered off by the guest");
        }
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    @Test
    void howAParavirtualRunIsSplitMakesNoDifference() {
        assertThat(hashAfter(40 * MILLI, 40 * MILLI)).isEqualTo(hashAfter(40 * MILLI, MILLI / 7));
    }

    private String hashAfter(long end, long step) {
        try (VirtualMachine vm = started(vm("para").setCpus(2))) {
            for (long nanos = step; nanos < end; nanos += step) vm.runTo(nanos);
            vm.runTo(end);
            return vm.stateHash();
        }
    }

    @Test
    void paravirtualNeighboursHaveFramesOfTheirOwn() {
        try (VirtualMachine first = started(vm("para"));
                VirtualMachine second = started(vm("para"))) {
            runUntilSaid(first, "> ", 0, MILLI);
            int before = console.length();
            runUntilSaid(second, "> ", before, MILLI);
            String untouched = first.stateHash();
            type(second, "echo typed\r");
            runUntilSaid(second, "\ntyped", before, MILLI);
            assertThat(first.stateHash()).isEqualTo(untouched);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "translate", "hardware"})
    void firmwareIsSavedWithItsMachineAndGoesOnInAnother(String mode, @TempDir Path folder) throws Exception {
        byte[] rom = new byte[64 << 10];
        System.arraycopy(HexFormat.of().parseHex("40ebfd"), 0, rom, rom.length - 16, 3); // again: inc ax; jmp again
        VmSpec.Builder spec = firmware(mode, Files.write(folder.resolve("rom"), rom));
        Path snapshot = folder.resolve("snapshot");
        try (VirtualMachine vm = started(spec)) {
            vm.runTo(MILLI);
            String hash = Snapshot.write(vm, snapshot);
            try (Snapshot saved = Snapshot.open(snapshot);
                    VirtualMachine restored = VirtualMachine.incoming(
                            saved.spec(), 2, ((Built.Ready) machines.blank(saved.spec())).machine())) {
                saved.fill(restored);
                assertThat(restored.stateHash()).isEqualTo(hash);
                restored.resume(MILLI);
                restored.runTo(2 * MILLI);
                vm.runTo(2 * MILLI);
                assertThat(restored.stateHash()).isEqualTo(vm.stateHash());
            }
        }
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    private static VmSpec.Builder firmware(String mode, Path image) {
        return vm(mode).setBoot(
                        Boot.newBuilder().setFirmware(FirmwareBoot.newBuilder().setImage(image.toString())));
    }

    // ---- refused

    private static void assertRefused(Built built, String reason) {
        assertThat(built).isEqualTo(new Built.Refused("VM a: " + reason));
    }

    @Test
    void stateThatIsNoParavirtualMachines() throws Exception {
        try (GuestMachine machine = ((Built.Ready) machines.blank(vm("para").build())).machine()) {
            assertThatThrownBy(() -> machine.restore(ByteString.EMPTY))
                    .isInstanceOf(StateRefused.class)
                    .hasMessage("machine cannot be restored: saved state has version 0: expected 1");
        }
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "para"})
    void stateIsRefusedWhereADiskIsNotWhatTheGuestKnows(String mode, @TempDir Path folder) throws Exception {
        Path disk = Files.write(folder.resolve("disk"), new byte[1024]);
        VmSpec spec = vm(mode).addDisks(disk.toString()).build();
        ByteString saved;
        try (VirtualMachine vm = started(spec.toBuilder())) {
            runUntilSaid(vm, "> ", 0, MILLI);
            vm.suspend();
            for (long nanos = vm.nanos(); vm.isRunning(); nanos += MILLI) vm.runTo(nanos);
            saved = vm.save().toByteString();
        }
        Files.write(disk, new byte[1536]);

        try (VirtualMachine vm = VirtualMachine.incoming(spec, 1, ((Built.Ready) machines.blank(spec)).machine())) {
            assertThatThrownBy(() -> vm.admit(saved))
                    .isInstanceOf(StateRefused.class)
                    .hasMessage(
                            "disk 0 is 1536 bytes that can be written here: expected 1024 bytes that can be written,"
                                    + " as the guest knows it");
        }
    }

    @Test
    void whatCrossesALinkDoesNotDependOnWhereFilesAre(@TempDir Path folder) throws Exception {
        Path near = Files.write(folder.resolve("disk"), new byte[1024]);
        Path far =
                Files.write(Files.createDirectories(folder.resolve("far/away")).resolve("disk"), new byte[1024]);
        try (VirtualMachine one = started(vm("bare").addDisks(near.toString()));
                VirtualMachine other = started(vm("bare").addDisks(far.toString()))) {
            one.pause();
            other.pause();
            assertThat(one.saveForTransfer()).isEqualTo(other.saveForTransfer());
        }
    }

    @Test
    void diskThatIsNotThere(@TempDir Path folder) {
        String disk = folder.resolve("disk").toString();
        String reason = disk + ": not a file: expected a raw disk image";
        assertRefused(machines.booted(vm("para").addDisks(disk).build()), reason);
        assertRefused(machines.blank(vm("bare").addDisks(disk).build()), reason);
    }

    @Test
    void moreDisksThanTheMachineHasRoomFor(@TempDir Path folder) throws Exception {
        Path disk = Files.write(folder.resolve("disk"), new byte[512]);
        List<String> many = Collections.nCopies(29, disk.toString());
        assertRefused(machines.booted(vm("para").addAllDisks(many).build()), "29 disks: expected at most 16");
        assertRefused(machines.booted(vm("bare").addAllDisks(many).build()), "29 disks: expected at most 28");
    }

    @Test
    void moreProcessorsThanThereCanBe() {
        assertRefused(machines.booted(vm("bare").setCpus(33).build()), "33 vCPUs: expected 1 to 32");
        assertRefused(machines.booted(vm("para").setCpus(33).build()), "33 vCPUs: expected 1 to 32");
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    @Test
    void kernelThatIsNotParavirtual(@TempDir Path folder) throws Exception {
        Path kernel = Files.write(folder.resolve("kernel"), new byte[4096]);
        Boot boot = Boot.newBuilder()
                .setLinux(LinuxBoot.newBuilder().setKernel(kernel.toString()))
                .build();
        assertThat(machines.booted(vm("para").setBoot(boot).build()))
                .isInstanceOfSatisfying(
                        Built.Refused.class,
                        refused -> assertThat(refused.reason()).startsWith("VM a: " + kernel));
        Boot modules = Boot.newBuilder()
                .setMultiboot(MultibootBoot.newBuilder()
                        .setKernel(kernel.toString())
                        .addModules(kernel.toString())
                        .addModules(kernel.toString()))
                .build();
        assertRefused(
                machines.booted(vm("para").setBoot(modules).build()),
                kernel + " with 2 modules: a paravirtual kernel has at most one");
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    @Test
    void machineLargerThanItsHost() {
        assertThat(machines.booted(vm("para").setMemoryBytes(128 << 20).build()))
                .isInstanceOfSatisfying(
                        Built.Refused.class,
                        refused -> assertThat(refused.reason()).startsWith("VM a: no room for "));
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    @Test
    void whatCannotBeReadAsAWholeIsNoKernel(@TempDir Path folder) throws Exception {
        Path huge = folder.resolve("huge");
        try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(3L << 30); // a hole: it takes no room
        }

        assertThat(refusal(huge)).isEqualTo("VM a: " + huge + ": 3221225472 bytes: expected at most 536870912");
        assertThat(refusal(Path.of("/dev/zero"))).isEqualTo("VM a: /dev/zero: not a regular file");
        assertThat(refusal(folder)).isEqualTo("VM a: " + folder + ": not a regular file");
    }

    @Test
    void firmwareThatNoRomHolds(@TempDir Path folder) throws Exception {
        Path image = Files.write(folder.resolve("rom"), new byte[5000]);
        assertRefused(
                machines.booted(firmware("bare", image).build()),
                image + ": 5000 bytes: expected a firmware image, a multiple of 4 KiB from 4 KiB up to 16 MiB");
        Path rom = Files.write(folder.resolve("rom"), new byte[4096]);
        assertRefused(
                machines.booted(firmware("para", rom).build()),
                rom + ": a paravirtual machine has no place for firmware: expected a kernel");
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    private String refusal(Path kernel) {
        LinuxBoot.Builder linux = LinuxBoot.newBuilder().setKernel(kernel.toString());
        VmSpec spec = vm("bare").setBoot(Boot.newBuilder().setLinux(linux)).build();
        return ((Built.Refused) machines.booted(spec)).reason();
    }
}
