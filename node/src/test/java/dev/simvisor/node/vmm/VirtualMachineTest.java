package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.VirtualMachine.State;
import dev.simvisor.proto.api.VmSpec;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VirtualMachineTest {
    private static final VmSpec SPEC =
            VmSpec.newBuilder().setName("toy").setMemoryBytes(1 << 20).build();

    private static VirtualMachine started(long hertz) {
        return VirtualMachine.started(SPEC, 1, new ToyMachine(SPEC).boot(), 0, hertz);
    }

    @Test
    void splittingARunChangesNothing() {
        long end = 300_000_000;
        VirtualMachine whole = started(1_234_567_000);
        whole.runTo(end);
        VirtualMachine split = started(1_234_567_000);
        Random random = new Random(1);
        for (long nanos = 0; nanos < end; nanos += 1 + random.nextInt(3_000_000)) {
            split.runTo(nanos);
        }
        split.runTo(end);

        assertThat(split.stateHash()).isEqualTo(whole.stateHash());
        assertThat(split.takeConsole()).isEqualTo(whole.takeConsole());
    }

    @Test
    void guestThatSaysVeryManyLinesIsHeardInPiecesOfSomeSize() {
        VmSpec spec = SPEC.toBuilder().putLabels("line-every", "100").build();
        VirtualMachine vm = VirtualMachine.started(spec, 1, new ToyMachine(spec).boot(), 0, 1_000_000_000);
        vm.runTo(10_000_000);
        List<ConsoleChunk> said = vm.takeConsole();
        assertThat(said).hasSizeBetween(90, 101);
        assertThat(said.stream().mapToInt(piece -> piece.bytes().size()).sum()).isGreaterThan(100_000);
        assertThat(said).isSortedAccordingTo(Comparator.comparingLong(ConsoleChunk::nanos));
    }

    @Test
    void pausedTimeIsNoGuestTime() {
        VirtualMachine paused = started(1_000_000_000);
        paused.runTo(50_000_000);
        paused.pause();
        paused.runTo(90_000_000);
        paused.resume(150_000_000);
        paused.runTo(200_000_000);
        VirtualMachine straight = started(1_000_000_000);
        straight.runTo(100_000_000);

        assertThat(paused.stateHash()).isEqualTo(straight.stateHash());
    }

    @Test
    void guestThatPowersOffHasEndedAtItsOwnTime() {
        VirtualMachine vm = started(1_000_000_000);
        vm.runTo(7_000);
        vm.type("!".getBytes());
        vm.runTo(1_000_000);

        assertThat(vm.state()).isEqualTo(State.STOPPED);
        assertThat(vm.nanos()).isEqualTo(7_000);
    }

    @Test
    void whatAGuestDoesNotReadDoesNotPileUp() {
        ToyMachine machine = new ToyMachine(SPEC).boot();
        VirtualMachine vm = VirtualMachine.started(SPEC, 1, machine, 0, 1_000_000_000);
        vm.pause();
        for (int n = 0; n < 5; n++) vm.type(new byte[700_000]);

        assertThat(machine.unreadInput()).isEqualTo(VirtualMachine.MOST_UNREAD);
    }

    @Test
    void ordersOutOfTurnAreBugs() {
        VirtualMachine vm = started(1_000_000_000);
        vm.pause();
        assertThatThrownBy(vm::pause).isInstanceOf(IllegalStateException.class);
        vm.stop("stopped");
        assertThatThrownBy(() -> vm.resume(1)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void clockConvertsThereAndBack() {
        VmClock clock = new VmClock(17, 5, 2_400_001);
        for (long nanos : new long[] {17, 18, 1_000_000_016L, 9_000_000_000_000_000L}) {
            long cycles = clock.cyclesAt(nanos);
            assertThat(clock.nanosAt(cycles)).isLessThanOrEqualTo(nanos);
            assertThat(clock.cyclesAt(clock.nanosAt(cycles))).isGreaterThanOrEqualTo(cycles);
        }
        assertThat(clock.nanosAt(Long.MAX_VALUE)).isEqualTo(Long.MAX_VALUE);
        assertThat(clock.nanosAt(Long.MAX_VALUE - 1)).isGreaterThan(0);
    }
}
