package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.MachineFactory.Built;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.VmSpec;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * VMs that share pages with others do what they would do alone, to the cycle. The built-in guest makes and ends tasks, faults pages
 * in, runs code and writes all over its memory meanwhile.
 */
class SharedPagesTest {
    private static final long HERTZ = 100_000_000;
    private static final long MILLI = 1_000_000;
    private static final long END = 150 * MILLI;
    private static final String LOAD =
            "ticker 200 10; dirty 1 8 random 2; fib 12; fib 13; pagefaults 200; switches 100; fib 12; pagefaults 100; fib 14;"
                    + " wait";

    private static HostedMachines host() {
        return new HostedMachines(HostSpec.newBuilder()
                .setMemoryBytes(256 << 20)
                .setClockHz(HERTZ)
                .build());
    }

    private static VirtualMachine started(HostedMachines machines, String name, String mode, int cpus, String load) {
        VmSpec spec = VmSpec.newBuilder()
                .setName(name)
                .setMode(mode)
                .setCpus(cpus)
                .setMemoryBytes(8 << 20)
                .setBoot(Boot.newBuilder().setBuiltIn(BuiltInGuest.newBuilder().setCommandLine("run=\"" + load + "\"")))
                .build();
        return VirtualMachine.started(spec, 1, ((Built.Ready) machines.booted(spec)).machine(), 0, HERTZ);
    }

    @ParameterizedTest
    @CsvSource({"bare, 1", "bare, 2", "trap, 1", "translate, 1", "para, 1", "para, 2", "hardware, 1", "hardware, 2"})
    void guestsDoNotNoticeThatPagesAreShared(String mode, int cpus) {
        List<VirtualMachine> apart = crowd(host(), mode, cpus);
        HostedMachines machines = host();
        List<VirtualMachine> crowd = crowd(machines, mode, cpus);
        long most = 0;
        for (long nanos = MILLI; nanos <= END; nanos += MILLI) {
            for (VirtualMachine vm : crowd) vm.runTo(nanos);
            machines.sharePages(crowd.stream().map(VirtualMachine::machine).toList());
            most = Math.max(most, machines.savedBytes());
        }
        for (int n = 0; n < crowd.size(); n++) {
            VirtualMachine alone = apart.get(n);
            alone.runTo(END);
            assertThat(crowd.get(n).stateHash()).as(alone.name()).isEqualTo(alone.stateHash());
            assertThat(crowd.get(n).machine().exits())
                    .as(alone.name())
                    .isEqualTo(alone.machine().exits());
        }
        assertThat(most).isGreaterThan(1 << 20);
        crowd.forEach(VirtualMachine::close);
        assertThat(machines.savedBytes()).isZero();
        apart.forEach(VirtualMachine::close);
    }

    private static List<VirtualMachine> crowd(HostedMachines machines, String mode, int cpus) {
        return List.of(
                started(machines, "a", mode, cpus, LOAD),
                started(machines, "b", mode, cpus, LOAD),
                started(machines, "other", mode, cpus, "fib 20; wait"),
                started(machines, "bare", "bare", 1, LOAD));
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "translate", "hardware"})
    void clonesShareWhatNeitherHasWrittenUnderAnyPaging(String mode) throws Exception {
        HostedMachines machines = host();
        VirtualMachine original = started(machines, "a", mode, 1, LOAD);
        VirtualMachine lone = started(host(), "a", mode, 1, LOAD);
        original.runTo(50 * MILLI);
        VmSpec spec = original.spec();
        VirtualMachine clone = VirtualMachine.incoming(spec, 1, ((Built.Ready) machines.blank(spec)).machine());
        clone.takeFrom(original);
        clone.resumeWith(original);
        assertThat(machines.savedBytes())
                .isEqualTo(
                        GuestMachine.PAGE_BYTES * (long) clone.machine().pages().touchedPages());
        for (VirtualMachine vm : List.of(original, clone, lone)) vm.runTo(END);
        assertThat(original.stateHash()).isEqualTo(lone.stateHash());
        assertThat(clone.machine().instructions()).isEqualTo(lone.machine().instructions());
        assertThat(machines.savedBytes()).isPositive();
    }
}
