package dev.simvisor.node.host;

import static dev.simvisor.node.host.ToyHosts.MILLI;
import static dev.simvisor.node.host.ToyHosts.answer;
import static dev.simvisor.node.host.ToyHosts.create;
import static dev.simvisor.node.host.ToyHosts.ending;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.ToyMachine;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;
import dev.simvisor.proto.node.CreateVm;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.HostUsage;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.TakeSnapshot;
import dev.simvisor.proto.node.TypeOnConsole;
import dev.simvisor.proto.node.VmAction;
import dev.simvisor.proto.node.VmUsage;
import dev.simvisor.proto.node.WindowDone;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import org.junit.jupiter.api.Test;

class HostSimulationTest {
    /** Amid a window whatever its length here. */
    private static final long ENDS_AT = 41_666_700;

    private final Map<String, ToyMachine> machines = new TreeMap<>();

    private HostSimulation host(int pcpus) {
        return host(pcpus, 0);
    }

    private HostSimulation host(int pcpus, long pageSharingNanos) {
        return ToyHosts.host("h", pcpus, pageSharingNanos, machine -> machines.put(machine.name(), machine));
    }

    private static List<HostMessage> run(HostSimulation host, long until, long window, HostCommand... first)
            throws InterruptedException {
        List<HostMessage> sent = new ArrayList<>();
        List<HostCommand> commands = List.of(first);
        for (long from = 0; from < until; from += window) {
            WindowDone done = answer(
                    host,
                    RunWindow.newBuilder()
                            .setHost("h")
                            .setFromNanos(from)
                            .setUntilNanos(Math.min(until, from + window))
                            .addAllCommands(commands)
                            .build());
            commands = List.of();
            sent.addAll(done.getSentList());
        }
        return sent;
    }

    /** Toy machines save a page for each look. */
    @Test
    void pagesAreSharedAtTheSameTimesWhateverTheWindows() throws Exception {
        for (long window : List.of(MILLI, 7 * MILLI / 3, 50 * MILLI)) {
            try (HostSimulation host = host(2, 10 * MILLI)) {
                run(host, 95 * MILLI, window, create("a", 0), create("b", 0));
                assertThat(savedBytes(host, 95 * MILLI)).isEqualTo(10L * GuestMachine.PAGE_BYTES);
            }
        }
    }

    @Test
    void hostWhoseGuestsWaitLooksForPagesTwiceAndIsNotWokenForIt() throws Exception {
        try (HostSimulation host = host(2, 10 * MILLI)) {
            run(host, 5 * MILLI, MILLI, create("a", 0));
            HostCommand pause = HostCommand.newBuilder()
                    .setNumber(2)
                    .setPause(VmAction.newBuilder().setVm("a"))
                    .build();
            WindowDone done = answer(
                    host,
                    RunWindow.newBuilder()
                            .setFromNanos(5 * MILLI)
                            .setUntilNanos(15 * MILLI)
                            .addCommands(pause)
                            .build());
            assertThat(done.getNextDueNanos()).isEqualTo(20 * MILLI);
            done = answer(
                    host,
                    RunWindow.newBuilder()
                            .setFromNanos(20 * MILLI)
                            .setUntilNanos(21 * MILLI)
                            .build());
            assertThat(done.getNextDueNanos()).isEqualTo(Long.MAX_VALUE);
            assertThat(savedBytes(host, 500 * MILLI)).isEqualTo(3L * GuestMachine.PAGE_BYTES);
        }
    }

    private static long savedBytes(HostSimulation host, long now) throws InterruptedException {
        return answer(
                        host,
                        RunWindow.newBuilder()
                                .setFromNanos(now)
                                .setUntilNanos(now + 1)
                                .setMeasure(true)
                                .build())
                .getUsage()
                .getSavedBytes();
    }

    @Test
    void moreVcpusThanPcpusShareThemByWeight() throws Exception {
        try (HostSimulation host = host(1)) {
            run(host, 2000 * MILLI, 10 * MILLI, create("heavy", 768), create("light", 256));

            double heavy = machines.get("heavy").instructions();
            double light = machines.get("light").instructions();
            assertThat(heavy / light).isBetween(2.8, 3.2);
        }
    }

    /** As many of them as there are processors, and all woken by timers in step. */
    @Test
    void idleGuestsHardlyKeepABusyOneWaiting() throws Exception {
        try (HostSimulation host = host(2)) {
            HostCommand tick = create("idle-a", 0, 4 * MILLI);
            HostCommand tock = create("idle-b", 0, 4 * MILLI);
            run(host, 1000 * MILLI, MILLI, create("busy", 0), tick, tock);

            assertThat(machines.get("idle-a").instructions()).isGreaterThanOrEqualTo(250);
            assertThat(machines.get("busy").instructions()).isGreaterThan(1000 * MILLI / 100 * 7 / 10);
        }
    }

    /** They print a line every 10 ms. */
    @Test
    void nothingIsDecidedWhileAllGuestsAreIdle() throws Exception {
        try (HostSimulation host = host(1)) {
            run(host, 12 * MILLI, MILLI, create("a", 0, 100 * MILLI), create("b", 0, 400 * MILLI));

            WindowDone done = answer(
                    host,
                    RunWindow.newBuilder()
                            .setHost("h")
                            .setFromNanos(12 * MILLI)
                            .setUntilNanos(13 * MILLI)
                            .build());
            assertThat(done.getNextDueNanos()).isEqualTo(20 * MILLI);
        }
    }

    @Test
    void throttledGuestGetsTheRestOfTheTimeUntilItIsReleased() throws Exception {
        try (HostSimulation host = host(2)) {
            run(host, 100 * MILLI, 3 * MILLI, create("a", 0), create("b", 0));
            ToyMachine a = machines.get("a");
            long full = a.instructions();

            host.throttle(host.residents().get("a").vm, 70);
            runOn(host, 100 * MILLI, 200 * MILLI);
            long throttled = a.instructions() - full;
            host.throttle(host.residents().get("a").vm, 0);
            runOn(host, 200 * MILLI, 300 * MILLI);

            assertThat(throttled).isEqualTo(full * 30 / 100);
            assertThat(a.instructions() - full - throttled).isEqualTo(full);
            assertThat(machines.get("b").instructions()).isEqualTo(3 * full);
            assertThat(a.cycles()).isEqualTo(300 * MILLI);
        }
    }

    private static void runOn(HostSimulation host, long from, long until) throws InterruptedException {
        answer(
                host,
                RunWindow.newBuilder()
                        .setHost("h")
                        .setFromNanos(from)
                        .setUntilNanos(until)
                        .build());
    }

    @Test
    void starvedGuestsClockGoesOn() throws Exception {
        try (HostSimulation host = host(1)) {
            run(host, 200 * MILLI, MILLI, create("a", 0), create("b", 0));

            assertThat(machines.get("a").cycles()).isEqualTo(200 * MILLI);
            assertThat(machines.get("b").cycles()).isEqualTo(200 * MILLI);
        }
    }

    @Test
    void schedulingDoesNotDependOnTheWindow() throws Exception {
        List<String> hashes = new ArrayList<>();
        for (long window : new long[] {10 * MILLI, 777_777, 3 * MILLI}) {
            try (HostSimulation host = host(1)) {
                run(host, 300 * MILLI, window, create("a", 0), create("b", 512), create("c", 100));
                machines.values().forEach(machine -> hashes.add(machine.stateHash()));
            }
        }
        assertThat(hashes.subList(3, 6)).isEqualTo(hashes.subList(0, 3));
        assertThat(hashes.subList(6, 9)).isEqualTo(hashes.subList(0, 3));
    }

    /** One ends by itself amid windows, one is stopped when nothing has reported it for a while. */
    @Test
    void whatOthersAreToldOfAnEndedGuestDoesNotDependOnTheWindow() throws Exception {
        List<List<HostMessage>> told = new ArrayList<>();
        for (long window : new long[] {10 * MILLI, 777_777, 3 * MILLI}) {
            try (HostSimulation host = host(1)) {
                told.add(new ArrayList<>(
                        run(host, 50 * MILLI, window, ending("a", ENDS_AT), create("b", 0, 100 * MILLI))));
                HostCommand stop = HostCommand.newBuilder()
                        .setStop(VmAction.newBuilder().setVm("b"))
                        .build();
                told.getLast()
                        .addAll(answer(
                                        host,
                                        window(50 * MILLI, 51 * MILLI)
                                                .addCommands(stop)
                                                .build())
                                .getSentList());
            }
        }
        assertThat(told.getFirst().getLast().getVm().getProgress().getVirtualCycles())
                .isEqualTo(50 * MILLI);
        assertThat(told.getFirst().stream().map(HostMessage::getVm).filter(vm -> vm.getState() == VmState.VM_STOPPED))
                .extracting(vm -> vm.getProgress().getVirtualCycles())
                .containsExactly(ENDS_AT, 50 * MILLI);
        assertThat(told.get(1)).isEqualTo(told.getFirst());
        assertThat(told.get(2)).isEqualTo(told.getFirst());
    }

    @Test
    void memoryIsGivenBackWhenTheHostEnds() {
        ToyMachines toys = new ToyMachines(64 << 20);
        HostSimulation host = new HostSimulation(HostSpec.getDefaultInstance(), toys, ToyHosts.NO_STREAMS, 0);
        assertThat(toys.isClosed()).isFalse();

        host.close();

        assertThat(toys.isClosed()).isTrue();
    }

    @Test
    void usageIsReportedWhenTheWindowAsksForIt() throws Exception {
        try (HostSimulation host = host(1)) {
            run(host, 9 * MILLI, 777_777, create("a", 0, 1), create("b", 0, 1));

            assertThat(answer(host, window(9 * MILLI, 10 * MILLI).build()).hasUsage())
                    .isFalse();
            HostUsage usage = measured(host, 10 * MILLI, 12 * MILLI);

            assertThat(usage.getVmsRunning()).isEqualTo(2);
            // One processor is always at work, and always one of two vCPUs waits for it.
            assertThat(usage.getBusyNanos()).isBetween(11_900_000L, 12_000_000L);
            assertThat(usage.getReadyNanos()).isBetween(11_900_000L, 12_000_000L);
            assertThat(usage.getBusyNanos()).isEqualTo(total(usage, VmUsage::getBusyNanos));
            assertThat(usage.getReadyNanos()).isEqualTo(total(usage, VmUsage::getReadyNanos));
            assertThat(usage.getVmsList()).extracting(VmUsage::getVm).containsExactly("a", "b");
            assertThat(usage.getVms(0).getBusyNanos()).isEqualTo(6 * MILLI);
            assertThat(usage.getVms(0).getInstructions())
                    .isEqualTo(machines.get("a").instructions());
            assertThat(usage.getVms(1).getTouchedBytes())
                    .isEqualTo((long) machines.get("b").touchedPages() * GuestMachine.PAGE_BYTES)
                    .isPositive();
        }
    }

    @Test
    void guestsThatWaitForTimersAreNotReadyToRun() throws Exception {
        try (HostSimulation host = host(2)) {
            run(
                    host,
                    3 * MILLI,
                    MILLI,
                    create("a", 0, 50 * MILLI),
                    create("b", 0, 50 * MILLI),
                    create("c", 0, 50 * MILLI));
            HostUsage usage = measured(host, 3 * MILLI, 4 * MILLI);

            // At first all three had something to execute, and two got a processor until the next decision.
            assertThat(usage.getReadyNanos()).isEqualTo(MILLI);
            assertThat(usage.getVms(2).getReadyNanos()).isEqualTo(MILLI);
        }
    }

    @Test
    void usageOfAVmThatHasGoneIsReportedOnceAndStaysTheHosts() throws Exception {
        HostCommand stop = HostCommand.newBuilder()
                .setStop(VmAction.newBuilder().setVm("a"))
                .build();
        try (HostSimulation host = host(1)) {
            run(host, 3 * MILLI, MILLI, create("a", 0, 1), create("b", 0, 50 * MILLI));
            HostUsage leaving = answer(
                            host,
                            window(3 * MILLI, 4 * MILLI)
                                    .setMeasure(true)
                                    .addCommands(stop)
                                    .build())
                    .getUsage();
            HostUsage left = measured(host, 4 * MILLI, 5 * MILLI);

            assertThat(leaving.getVmsList())
                    .filteredOn(VmUsage::getGone)
                    .singleElement()
                    .returns("a", VmUsage::getVm)
                    .returns(3 * MILLI, VmUsage::getBusyNanos);
            assertThat(left.getVmsList()).extracting(VmUsage::getVm).containsExactly("b");
            assertThat(left.getBusyNanos() - left.getVms(0).getBusyNanos()).isEqualTo(3 * MILLI);
            assertThat(left.getVmsRunning()).isEqualTo(1);
        }
    }

    private static RunWindow.Builder window(long from, long until) {
        return RunWindow.newBuilder().setHost("h").setFromNanos(from).setUntilNanos(until);
    }

    private static HostUsage measured(HostSimulation host, long from, long until) throws InterruptedException {
        return answer(host, window(from, until).setMeasure(true).build()).getUsage();
    }

    private static long total(HostUsage usage, ToLongFunction<VmUsage> figure) {
        return usage.getVmsList().stream().mapToLong(figure).sum();
    }

    @Test
    void guestThatEndsIsReportedAtItsOwnTime() throws Exception {
        HostCommand type = HostCommand.newBuilder()
                .setType(TypeOnConsole.newBuilder().setVm("a").setBytes(ByteString.copyFromUtf8("!")))
                .build();
        try (HostSimulation host = host(1)) {
            List<HostMessage> sent = run(host, 5 * MILLI, 5 * MILLI, create("a", 0), type);

            HostMessage last = sent.getLast();
            assertThat(last.getVm().getState()).isEqualTo(VmState.VM_STOPPED);
            assertThat(last.getSentNanos()).isZero();
            assertThat(last.getArrivalNanos()).isEqualTo(MILLI);
        }
    }

    @Test
    void aResetIsReportedAtItsOwnTimeWhateverTheWindow() throws Exception {
        for (long window : new long[] {50 * MILLI, 777_777, 3 * MILLI}) {
            try (HostSimulation host = host(1)) {
                HostCommand.Builder resetting = create("a", 0).toBuilder();
                resetting.getCreateBuilder().getSpecBuilder().putLabels("resets-at", "13230000");
                List<HostMessage> sent = run(host, 50 * MILLI, window, resetting.build());
                HostMessage last = sent.getLast();
                assertThat(last.getGuestReset().getVm()).isEqualTo("a");
                assertThat(last.getGuestReset().getEpoch()).isEqualTo(1);
                assertThat(last.getSentNanos()).isEqualTo(13_230_000);
                assertThat(last.getArrivalNanos()).isEqualTo(13_230_000 + MILLI);
                assertThat(host.residents().get("a").vm.isRunning()).isTrue();
            }
        }
    }

    /** The one that ends is noticed when the window does; the processor that it had is given out at a time of its own. */
    @Test
    void whatOthersGetOfAGuestThatEndsDoesNotDependOnTheWindow() throws Exception {
        List<String> hashes = new ArrayList<>();
        for (long window : new long[] {10 * MILLI, 777_777, 3 * MILLI}) {
            try (HostSimulation host = host(1)) {
                HostCommand.Builder ending = create("a", 0).toBuilder();
                ending.getCreateBuilder().getSpecBuilder().putLabels("ends-at", "13230000");
                List<HostMessage> sent = run(host, 50 * MILLI, window, ending.build(), create("b", 0), create("c", 0));
                assertThat(sent.getLast().getVm().getState()).isEqualTo(VmState.VM_STOPPED);
                for (String name : List.of("b", "c"))
                    hashes.add(machines.get(name).stateHash());
            }
        }
        assertThat(hashes.subList(2, 4)).isEqualTo(hashes.subList(0, 2));
        assertThat(hashes.subList(4, 6)).isEqualTo(hashes.subList(0, 2));
    }

    @Test
    void hostWithoutRoomRefusesInOneLine() throws Exception {
        VmSpec spec =
                VmSpec.newBuilder().setName("big").setMemoryBytes(1L << 30).build();
        HostCommand create = HostCommand.newBuilder()
                .setNumber(7)
                .setCreate(CreateVm.newBuilder().setSpec(spec).setEpoch(1))
                .build();
        try (HostSimulation host = host(1)) {
            HostMessage answer = run(host, MILLI, MILLI, create).getFirst();

            assertThat(answer.getVm().getRefused()).isTrue();
            assertThat(answer.getVm().getCommand()).isEqualTo(7);
            assertThat(answer.getVm().getReason()).contains("no room").doesNotContain("\n");
        }
    }

    /** As from the back ends of a paravirtual guest, which answer on the host's thread. */
    @Test
    void aBugThatACommandMeetsCrashesItsVmAlone() throws Exception {
        List<HostCommand.Builder> commands = List.of(
                HostCommand.newBuilder()
                        .setType(TypeOnConsole.newBuilder().setVm("a").setBytes(ByteString.copyFromUtf8("x"))),
                HostCommand.newBuilder().setResume(VmAction.newBuilder().setVm("a")),
                HostCommand.newBuilder()
                        .setSnapshot(TakeSnapshot.newBuilder().setVm("a").setFile("unused")));
        for (HostCommand.Builder command : commands) {
            try (HostSimulation host = host(2)) {
                HostCommand.Builder create = create("a", 0).toBuilder();
                if (command.hasSnapshot()) {
                    create.getCreateBuilder().getSpecBuilder().putLabels("suspends-after", "1000");
                }
                run(host, MILLI, MILLI, create.build(), create("b", 0));
                if (command.hasResume()) {
                    host.residents().get("a").vm.pause();
                }
                machines.get("a").breakDown();

                List<HostMessage> sent = answer(
                                host,
                                window(MILLI, 2 * MILLI).addCommands(command).build())
                        .getSentList();

                assertThat(sent.getLast().getVm().getState()).isEqualTo(VmState.VM_CRASHED);
                assertThat(sent.getLast().getVm().getReason()).contains("bug of the simulator");
                assertThat(host.residents()).containsOnlyKeys("b");
                if (command.hasSnapshot()) {
                    assertThat(sent.getFirst().getSnapshot().getFailure()).contains("has ended");
                }
            }
        }
    }

    @Test
    void ordersOutOfTurnAreRefused() throws Exception {
        HostCommand resume = HostCommand.newBuilder()
                .setResume(VmAction.newBuilder().setVm("a"))
                .build();
        try (HostSimulation host = host(1)) {
            HostMessage answer = run(host, MILLI, MILLI, create("a", 0), resume).getLast();

            assertThat(answer.getVm().getRefused()).isTrue();
            assertThat(answer.getVm().getReason()).isEqualTo("VM a is running: expected paused");
        }
    }
}
