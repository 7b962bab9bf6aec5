package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.TinyKernel;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.vmm.MachineFactory.Built;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MultibootBoot;
import dev.simvisor.proto.api.OnReboot;
import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A VM whose guest resets its machine starts again from the files that it was booted from, or ends and says why. */
class VmResetTest {
    private static final long HERTZ = 100_000_000;
    private static final long MILLI = 1_000_000;
    private static final long END = 20 * MILLI;

    /** Counts up from '0' in memory, says what that comes to, works a little, and resets the machine by port CF9h. */
    private static final String RESTLESS = "ff 05 00 00 20 00 a0 00 00 20 00 04 30 ba f8 03 00 00 ee"
            + "b9 00 20 00 00 ff 05 00 10 20 00 e2 f8 ba f9 0c 00 00 b0 06 ee eb fe";

    @TempDir
    private Path folder;

    private Path kernel = Path.of("");
    private final HostedMachines machines = new HostedMachines(
            HostSpec.newBuilder().setMemoryBytes(128 << 20).setClockHz(HERTZ).build());
    private final StringBuilder console = new StringBuilder();
    private final List<Long> resets = new ArrayList<>();

    @BeforeEach
    void writeKernel() throws IOException {
        kernel = write(RESTLESS);
    }

    private Path write(String code) throws IOException {
        BootSource source = TinyKernel.of(code);
        return Files.write(
                folder.resolve("kernel.elf"), source.images().getFirst().bytes());
    }

    private VmSpec.Builder spec(String mode) {
        return VmSpec.newBuilder()
                .setName("a")
                .setMode(mode)
                .setMemoryBytes(16 << 20)
                .setBoot(Boot.newBuilder()
                        .setMultiboot(MultibootBoot.newBuilder().setKernel(kernel.toString())));
    }

    private VirtualMachine started(VmSpec.Builder spec) {
        Built built = machines.booted(spec.build());
        assertThat(built).isInstanceOf(Built.Ready.class);
        return VirtualMachine.started(spec.build(), 1, ((Built.Ready) built).machine(), 0, HERTZ);
    }

    private void run(VirtualMachine vm, long nanos, long step) {
        for (long time = vm.nanos() + step; time < nanos; time += step) vm.runTo(time);
        vm.runTo(nanos);
        vm.takeConsole().forEach(chunk -> console.append(chunk.bytes().toString(StandardCharsets.US_ASCII)));
        resets.addAll(vm.takeResets());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "trap", "translate", "hardware"})
    void theGuestStartsAgainWhateverTheModeAndTheWindows(String mode) {
        String whole;
        try (VirtualMachine vm = started(spec(mode).setCpus(2))) {
            run(vm, END, END);
            whole = vm.stateHash();
        }
        String said = console.toString();
        List<Long> times = List.copyOf(resets);
        assertThat(said).matches("1{5,}");
        assertThat(times).hasSizeBetween(said.length() - 1, said.length()).isSorted();

        console.setLength(0);
        resets.clear();
        try (VirtualMachine vm = started(spec(mode).setCpus(2))) {
            run(vm, END, MILLI / 7);
            assertThat(vm.stateHash()).isEqualTo(whole);
        }
        assertThat(console).hasToString(said);
        assertThat(resets).isEqualTo(times);
        assertThat(machines.freeBytes()).isEqualTo(128 << 20);
    }

    @Test
    void aVmThatIsToEndByAResetDoes() {
        try (VirtualMachine vm = started(spec("bare").setOnReboot(OnReboot.ON_REBOOT_STOP))) {
            run(vm, END, END);
            assertThat(vm.state()).isEqualTo(VirtualMachine.State.STOPPED);
            assertThat(vm.endReason()).isEqualTo("reset by the guest");
            assertThat(vm.exitStatus()).isZero();
            assertThat(resets).isEmpty();
        }
    }

    @Test
    void aVmWhoseKernelHasChangedEndsAndNamesIt() throws IOException {
        try (VirtualMachine vm = started(spec("bare"))) {
            write(RESTLESS + "90");
            run(vm, END, END);
            assertThat(vm.state()).isEqualTo(VirtualMachine.State.STOPPED);
            assertThat(vm.exitStatus()).isEqualTo(1);
            assertThat(vm.endReason())
                    .isEqualTo("reset by the guest, which cannot start again: " + kernel
                            + ": not what the VM was booted from: it has changed since");
        }
    }

    @Test
    void aVmWhoseKernelIsGoneEndsAndNamesIt() throws IOException {
        try (VirtualMachine vm = started(spec("bare"))) {
            Files.delete(kernel);
            run(vm, END, END);
            assertThat(vm.endReason())
                    .isEqualTo("reset by the guest, which cannot start again: " + kernel + ": no such file");
        }
    }

    @Test
    void aRestoredVmStartsAgainFromWhatTheFirstWasBootedFrom() throws Exception {
        Path file = folder.resolve("snapshot");
        String hash;
        try (VirtualMachine vm = started(spec("translate"))) {
            run(vm, MILLI / 100, MILLI);
            Snapshot.write(vm, file);
            run(vm, END, END);
            hash = vm.stateHash();
        }
        String said = console.toString();
        console.setLength(0);
        try (Snapshot snapshot = Snapshot.open(file);
                VirtualMachine vm = restored(snapshot)) {
            vm.resume(MILLI / 100);
            run(vm, END, END);
            assertThat(vm.stateHash()).isEqualTo(hash);
            assertThat(said).isEqualTo("1" + console);
            write(RESTLESS + "90");
            run(vm, 2 * END, END);
            assertThat(vm.endReason()).contains(kernel.toString());
        }
    }

    private VirtualMachine restored(Snapshot snapshot) throws Exception {
        Built built = machines.blank(snapshot.spec());
        VirtualMachine vm = VirtualMachine.incoming(snapshot.spec(), 1, ((Built.Ready) built).machine());
        snapshot.fill(vm);
        return vm;
    }
}
