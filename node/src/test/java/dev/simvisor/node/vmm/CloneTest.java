package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.MachineFactory.Built;
import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.BuiltInGuest;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.VmSpec;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A VM that was cloned goes on as one that was not, and so does its clone. The built-in guest makes and ends tasks, faults pages in
 * and writes all over its memory meanwhile.
 */
class CloneTest {
    private static final long HERTZ = 100_000_000;
    private static final long MILLI = 1_000_000;
    private static final long MEMORY = 8 << 20;
    private static final String LOAD =
            "ticker 200 10; dirty 1 8 random 2; fib 12; fib 13; fib 14; fib 15; pagefaults 200; switches 100; fib 12; fib 13;"
                    + " pagefaults 100; fib 14; fib 15; wait";

    private final HostedMachines machines = new HostedMachines(
            HostSpec.newBuilder().setMemoryBytes(256 << 20).setClockHz(HERTZ).build());

    private static VmSpec spec(String name, String mode) {
        return VmSpec.newBuilder()
                .setName(name)
                .setMode(mode)
                .setMemoryBytes(MEMORY)
                .setBoot(Boot.newBuilder().setBuiltIn(BuiltInGuest.newBuilder().setCommandLine("run=\"" + LOAD + "\"")))
                .build();
    }

    private VirtualMachine started(String mode) {
        VmSpec spec = spec("a", mode);
        return VirtualMachine.started(spec, 1, ((Built.Ready) machines.booted(spec)).machine(), 0, HERTZ);
    }

    private VirtualMachine cloned(VirtualMachine original) throws StateRefused {
        VmSpec spec = original.spec().toBuilder().setName(original.name() + "+").build();
        VirtualMachine clone = VirtualMachine.incoming(spec, 1, ((Built.Ready) machines.blank(spec)).machine());
        clone.takeFrom(original);
        clone.resumeWith(original);
        return clone;
    }

    private static void type(VirtualMachine vm, String text) {
        vm.type(text.getBytes(StandardCharsets.US_ASCII));
    }

    @Test
    void aMachineOfAnotherShapeIsRefused() throws Exception {
        try (VirtualMachine original = started("bare")) {
            VmSpec spec = original.spec().toBuilder().setMemoryBytes(2 * MEMORY).build();
            try (VirtualMachine clone =
                    VirtualMachine.incoming(spec, 1, ((Built.Ready) machines.blank(spec)).machine())) {
                assertThatThrownBy(() -> clone.takeFrom(original))
                        .isInstanceOf(StateRefused.class)
                        .hasMessageContaining("memory of another shape");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "translate", "hardware"})
    void originalAndClonesAreAtAnyTimeWhatTheOriginalWouldHaveBeen(String mode) throws Exception {
        Random random = new Random(mode.hashCode());
        try (VirtualMachine undisturbed = started(mode);
                VirtualMachine original = started(mode)) {
            List<VirtualMachine> all = new ArrayList<>(List.of(original));
            long nanos = 0;
            for (int n = 0; n < 12; n++) {
                nanos += random.nextLong(1, 60 * MILLI);
                undisturbed.runTo(nanos);
                for (VirtualMachine vm : all) vm.runTo(nanos);
                String expected = undisturbed.stateHash();
                for (VirtualMachine vm : all)
                    assertThat(vm.stateHash()).as(vm.name()).isEqualTo(expected);
                if (all.size() < 6) {
                    VirtualMachine clone = cloned(all.get(random.nextInt(all.size())));
                    assertThat(clone.stateHash()).isEqualTo(expected);
                    all.add(clone);
                }
            }
            all.remove(original);
            all.forEach(VirtualMachine::close);
        }
        assertThat(machines.freeBytes()).isEqualTo(256 << 20);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "translate", "hardware"})
    void otherInputMakesAnotherVmAndTheFirstKnowsNothingOfIt(String mode) throws Exception {
        try (VirtualMachine quiet = started(mode);
                VirtualMachine busy = started(mode);
                VirtualMachine original = started(mode)) {
            for (VirtualMachine vm : List.of(quiet, busy, original)) vm.runTo(70 * MILLI);
            try (VirtualMachine clone = cloned(original)) {
                type(busy, "fill 1; checksum\r");
                type(clone, "fill 1; checksum\r");
                for (VirtualMachine vm : List.of(quiet, busy, original, clone)) vm.runTo(900 * MILLI);
                assertThat(original.stateHash()).isEqualTo(quiet.stateHash());
                assertThat(clone.stateHash()).isEqualTo(busy.stateHash()).isNotEqualTo(quiet.stateHash());
            }
        }
    }

    @Test
    void cloneOutlivesItsOriginal() throws Exception {
        try (VirtualMachine undisturbed = started("bare")) {
            VirtualMachine original = started("bare");
            undisturbed.runTo(50 * MILLI);
            original.runTo(50 * MILLI);
            try (VirtualMachine clone = cloned(original)) {
                original.close();
                undisturbed.runTo(400 * MILLI);
                clone.runTo(400 * MILLI);
                assertThat(clone.stateHash()).isEqualTo(undisturbed.stateHash());
            }
        }
    }

    @Test
    void cloneBeginsWhereItsOriginalsConsoleIs() throws Exception {
        try (VirtualMachine original = started("bare")) {
            original.runTo(60 * MILLI);
            original.takeConsole();
            try (VirtualMachine clone = cloned(original)) {
                original.runTo(200 * MILLI);
                clone.runTo(200 * MILLI);
                assertThat(clone.takeConsole()).isNotEmpty().isEqualTo(original.takeConsole());
            }
        }
    }
}
