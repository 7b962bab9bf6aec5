package dev.simvisor.controller.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.boot.BuiltInGuest;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.node.machine.TinyKernel;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A VM that was taken back does once more what it did. */
class VmHistoryTest {
    private static final long MILLISECOND = 1_000_000;

    private final StringBuilder said = new StringBuilder();

    private void run(LocalVm vm, long millis) {
        for (long n = 0; n < millis; n++) {
            assertThat(vm.runUntil(vm.nanos() + MILLISECOND, Long.MAX_VALUE)).isEqualTo(LocalVm.Outcome.PAUSED);
        }
    }

    private static void type(LocalVm vm, String line) {
        vm.type((line + "\n").getBytes(StandardCharsets.US_ASCII));
    }

    /** The built-in guest's shell is asked for its help twice. */
    private void session(LocalVm vm) {
        vm.consoleTo(value -> said.append((char) value));
        run(vm, 300);
        type(vm, "help");
        run(vm, 100);
        type(vm, "help");
        run(vm, 100);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "translate", "hardware"})
    void whatWasTypedIsTypedAgainAndWhatWasSaidIsNotSaidAgain(String mode) throws Exception {
        VmRequest request = BuiltInGuest.inMode(mode);
        try (LocalVm vm = LocalVm.booted(request)) {
            DebugTarget target = vm.debugTarget(request);
            session(vm);
            String console = said.toString();
            long nanos = vm.nanos();
            String hash = vm.stateHash();
            assertThat(console.split("halt", -1)).as(console).hasSizeGreaterThan(2);
            for (int n = 0; n < 2; n++) {
                assertThat(target.goBackToStop(() -> false)).isEqualTo(Optional.empty());
                assertThat(vm.nanos()).isZero();
                assertThat(vm.runUntil(nanos, Long.MAX_VALUE)).isEqualTo(LocalVm.Outcome.PAUSED);
                assertThat(vm.stateHash()).isEqualTo(hash);
                assertThat(said).hasToString(console);
            }
        }
    }

    @Test
    void recordingChangesNothing() throws Exception {
        VmRequest request = BuiltInGuest.inMode("bare");
        String hash;
        try (LocalVm vm = LocalVm.booted(request)) {
            session(vm);
            hash = vm.stateHash();
        }
        String console = said.toString();
        said.setLength(0);
        try (LocalVm vm = LocalVm.booted(request)) {
            vm.debugTarget(request);
            session(vm);
            assertThat(vm.stateHash()).isEqualTo(hash);
            assertThat(said).hasToString(console);
        }
    }

    @Test
    void whatIsTypedInThePastWaitsForTheFuture() throws Exception {
        VmRequest request = BuiltInGuest.inMode("bare");
        try (LocalVm vm = LocalVm.booted(request)) {
            DebugTarget target = vm.debugTarget(request);
            session(vm);
            String console = said.toString();
            long nanos = vm.nanos();
            String hash = vm.stateHash();
            target.goBackToStop(() -> false);
            type(vm, "help");
            vm.runUntil(nanos, Long.MAX_VALUE);
            assertThat(vm.stateHash()).isEqualTo(hash);
            run(vm, 100);
            assertThat(said.toString()).startsWith(console).hasSizeGreaterThan(console.length());
        }
    }

    @Test
    void whoHasHadEnoughIsLeftOnTheWay() throws Exception {
        VmRequest request = BuiltInGuest.inMode("bare");
        try (LocalVm vm = LocalVm.booted(request)) {
            DebugTarget target = vm.debugTarget(request);
            session(vm);
            assertThat(target.goBackToStop(() -> true)).isEmpty();
            assertThat(target.hasPast()).isFalse();
        }
    }

    /** It counts up in memory, says what that comes to, works a little, and resets the machine by port CF9h. */
    private static VmRequest restless() throws Exception {
        VmRequest.Image image = new VmRequest.Image(
                "restless",
                TinyKernel.of("ff 05 00 00 20 00 a0 00 00 20 00 04 30 ba f8 03 00 00 ee"
                                + "b9 00 20 00 00 ff 05 00 10 20 00 e2 f8 ba f9 0c 00 00 b0 06 ee eb fe")
                        .images()
                        .getFirst()
                        .bytes());
        VmRequest other = BuiltInGuest.inMode("bare");
        return new VmRequest(
                new VmRequest.Kernel(image, Optional.empty(), ""),
                other.memory(),
                other.disks(),
                other.cpus(),
                other.mode(),
                other.cpuModel(),
                other.costModel(),
                other.debugExit(),
                other.onReboot(),
                other.engine(),
                other.symbols());
    }

    @Test
    void aVmThatHasResetItselfIsTakenBackBeyondThatAndDoesItAgain() throws Exception {
        VmRequest request = restless();
        try (LocalVm vm = LocalVm.booted(request)) {
            DebugTarget target = vm.debugTarget(request);
            vm.consoleTo(value -> said.append((char) value));
            run(vm, 20);
            String console = said.toString();
            long nanos = vm.nanos();
            int resets = vm.resets();
            String hash = vm.stateHash();
            assertThat(console).matches("1{9,}");
            assertThat(resets).isGreaterThan(9);
            assertThat(target.goBackToStop(() -> false)).isEmpty();
            assertThat(vm.nanos()).isZero();
            assertThat(vm.runUntil(nanos, Long.MAX_VALUE)).isEqualTo(LocalVm.Outcome.PAUSED);
            assertThat(vm.stateHash()).isEqualTo(hash);
            assertThat(vm.resets()).isEqualTo(resets);
            assertThat(said).hasToString(console);
        }
    }
}
