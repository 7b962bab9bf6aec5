package dev.simvisor.node.vmm.hardware;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.EngineFactory;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.memory.MachineMemoryExhausted;
import dev.simvisor.node.machine.memory.PageSharing;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The same guest, with a VMM that takes no time and without: all that can be seen of it is the same at every instruction. */
class LockStepTest {
    private static final long MILLISECOND = 1_000_000;
    private static final int CODE = 0x8000;
    /** {@code -Dhardware.seed} runs this seed's kernel alone; the other kernels are those of consecutive seeds. */
    private static final long FIRST_SEED = Long.getLong("hardware.seed", 1);

    private static final int KERNELS = System.getProperty("hardware.seed") == null ? 100 : 1;

    private final MachineMemory host = MachineMemory.ofBytes(128L << 20);
    private final ExitLedger ledger = new ExitLedger(ExitCosts.NONE);

    @AfterEach
    void closeHost() {
        host.close();
    }

    @Test
    void kernelsOfAnyKindSeeNoDifferenceAtAnyInstruction() {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + KERNELS; seed++) {
            Machine bare = bare(4);
            Machine hardware = hardware(4);
            new Kernel(seed).load(bare);
            new Kernel(seed).load(hardware);
            runBeside(seed, bare, hardware);
            bare.close();
            hardware.close();
        }
        // The kernels are to meet every kind of exit that this VMM has.
        if (KERNELS > 1) {
            assertThat(ledger.details(ExitKind.VM_EXIT).keySet())
                    .contains("CPUID", "HLT", "RDMSR", "WRMSR", "control-register access", "triple fault");
            for (ExitKind kind : List.of(
                    ExitKind.PORT_IO, ExitKind.MEMORY_MAPPED_IO, ExitKind.EPT_VIOLATION, ExitKind.INTERRUPT_DELIVERY)) {
                assertThat(ledger.total(kind)).as(kind.written()).isPositive();
            }
        }
    }

    private static void runBeside(long seed, Machine bare, Machine hardware) {
        SplittableRandom random = new SplittableRandom(seed);
        RunOutcome outcome = new RunOutcome.DeadlineReached();
        for (int step = 0; step < 200 && !(outcome instanceof RunOutcome.TripleFault); step++) {
            long until = bare.cycles() + 1 + random.nextInt(30);
            outcome = bare.runUntil(until);
            assertThat(hardware.runUntil(until))
                    .as("seed %d, step %d", seed, step)
                    .isEqualTo(outcome);
            assertThat(hardware.save()).as("seed %d, step %d", seed, step).isEqualTo(bare.save());
        }
        assertThat(hardware.stateHash()).as("seed %d", seed).isEqualTo(bare.stateHash());
    }

    @Test
    void nonMaskableInterruptsComeAtTheSameInstructions() {
        for (long seed = 1; seed <= 10; seed++) {
            Machine bare = bare(4);
            Machine hardware = hardware(4);
            for (Machine machine : List.of(bare, hardware)) {
                new Kernel(seed).load(machine);
                sendNmisToItself(machine);
            }
            runBeside(seed, bare, hardware);
            assertThat(bare.cpu().gpr[Cpu.RBP]).isGreaterThan(100);
            bare.close();
            hardware.close();
        }
    }

    /** In place of a seeded kernel's code and its handler of NMIs, which sends itself three of four while it runs. */
    private static void sendNmisToItself(Machine machine) {
        // mov edi,0xfee00300; an NMI; cpuid; mov ax,0x10; mov ss,ax and, in its shadow, an NMI; an NMI; from cpuid
        // again
        String code =
                "BF 00 03 E0 FE C7 07 00 04 00 00 0F A2 66 B8 10 00 8E D0 C7 07 00 04 00 00 C7 07 00 04 00 00 EB EA";
        // inc ebp; test ebp,3; jz past what sends an NMI; iret
        String handler = "FF C5 F7 C5 03 00 00 00 74 06 C7 07 00 04 00 00 48 CF";
        machine.memory().write(CODE, HexFormat.of().parseHex(code.replace(" ", "")));
        machine.memory().write(0x4000 + 2 * 32, HexFormat.of().parseHex(handler.replace(" ", "")));
        // The gate is present, by the layout of either mode.
        machine.memory().write(0x2000 + 2 * 8 + 5, 1, 0x8E);
        machine.memory().write(0x2000 + 2 * 16 + 5, 1, 0x8E);
    }

    @Test
    void theBuiltInGuestSeesNoDifference() throws Exception {
        Machine bare = builtInGuest(bare(16));
        Machine hardware = builtInGuest(hardware(16));
        for (long until : List.of(1L, 777L, 100_003L, 12_345_678L, 30 * MILLISECOND)) {
            bare.runUntil(until);
            hardware.runUntil(until);
            assertThat(hardware.stateHash()).isEqualTo(bare.stateHash());
        }
        for (Machine machine : List.of(bare, hardware)) {
            machine.type("checksum\n".getBytes(StandardCharsets.US_ASCII));
            machine.runUntil(60 * MILLISECOND);
        }
        assertThat(hardware.stateHash()).isEqualTo(bare.stateHash());
        assertThat(ledger.details(ExitKind.VM_EXIT)).containsKey("HLT");
    }

    @Test
    void aMachineMovesBetweenHardwareAndBareInTheMidstOfARun() throws Exception {
        Machine stayed = builtInGuest(bare(16));
        Machine moved = builtInGuest(hardware(16));
        for (Machine machine : List.of(stayed, moved)) {
            machine.runUntil(20 * MILLISECOND);
            machine.type("checksum\n".getBytes(StandardCharsets.US_ASCII));
            machine.runUntil(21 * MILLISECOND);
        }
        moved = move(moved, bare(16));
        moved.runUntil(22 * MILLISECOND);
        moved = move(moved, hardware(16));
        moved.runUntil(60 * MILLISECOND);
        stayed.runUntil(60 * MILLISECOND);
        assertThat(moved.stateHash()).isEqualTo(stayed.stateHash());
    }

    private static Machine move(Machine from, Machine to) throws Exception {
        byte[] page = new byte[MachineMemory.FRAME_SIZE];
        for (int gfn = 0; gfn < from.memory().endFrame(); gfn++) {
            if (!from.memory().isMemory(gfn)) continue;
            from.memory().readPage(gfn, page, 0);
            to.memory().writePage(gfn, page, 0);
        }
        to.restore(from.save());
        from.close();
        return to;
    }

    /** A page that loses its frame, as an incoming migration does to pages of zeros, is not reached through the old one. */
    @Test
    void aFrameThatWasGivenBackIsNotReachedAnyMore() {
        Machine machine = hardware(4);
        // 16-bit code: inc byte [6000H]; jmp to itself
        start(machine, "FE 06 00 60 EB FA");
        machine.runUntil(11);
        assertThat(machine.memory().read(0x6000, 1)).isEqualTo(6);
        machine.memory().clearPage(6);
        machine.runUntil(14);
        assertThat(machine.memory().read(0x6000, 1)).isEqualTo(1);
    }

    /** The delivery of the first fault leaves for the page of the IDT, which no extended page table maps yet. */
    @Test
    void aTripleFaultAfterAnInterruptedDeliveryLeavesTheSameState() {
        Machine bare = bare(4);
        Machine hardware = hardware(4);
        for (Machine machine : List.of(bare, hardware)) {
            start(machine, "0F 0B");
            machine.cpu().cr0 |= ControlRegister.CR0_PE;
            machine.cpu().updateMode();
            machine.cpu().idtrBase = 0x20_0000;
            machine.cpu().idtrLimit = 0x7FF;
            assertThat(machine.runUntil(100)).isEqualTo(new RunOutcome.TripleFault());
        }
        assertThat(hardware.save()).isEqualTo(bare.save());
    }

    @Test
    void dirtyLoggingSeesEveryStoreOfTheGuest() {
        Machine machine = hardware(4);
        start(machine, "FE 06 00 60 FE 06 00 70 EB F6");
        machine.runUntil(30);
        machine.memory().startDirtyLog();
        machine.runUntil(60);
        assertThat(machine.memory().takeDirty().stream()).containsExactly(6, 7);
        machine.runUntil(61);
        machine.runUntil(62);
        assertThat(machine.memory().takeDirty().cardinality()).isPositive();
        assertThat(ledger.total(ExitKind.DIRTY_LOG_FAULT)).isGreaterThanOrEqualTo(3);
    }

    @Test
    void exitsTakeTheTimeOfTheCostModelWhicheverWayARunIsSplit() {
        ExitCosts costs = new ExitCosts(Map.of(
                ExitKind.PORT_IO,
                1000L,
                ExitKind.VM_EXIT,
                500L,
                ExitKind.EPT_VIOLATION,
                700L,
                ExitKind.MEMORY_MAPPED_IO,
                300L));
        Machine whole = machine(4, new ExitLedger(costs));
        Machine split = machine(4, new ExitLedger(costs));
        for (Machine machine : List.of(whole, split)) start(machine, "E4 61 0F A2 FE 06 00 60 EB F6");
        whole.runUntil(50_000);
        SplittableRandom random = new SplittableRandom(5);
        for (long at = 0; at < 50_000; at += 1 + random.nextInt(3000)) split.runUntil(at);
        split.runUntil(50_000);
        assertThat(split.stateHash()).isEqualTo(whole.stateHash());
        assertThat(whole.instructions()).isLessThan(200);
    }

    @Test
    void theTablesOfAMachineAreGivenBackWithIt() {
        long before = host.allocatedFrames();
        Machine machine = hardware(4);
        start(machine, "EB FE");
        machine.runUntil(100);
        machine.close();
        assertThat(host.allocatedFrames()).isEqualTo(before);
        assertThat(host.reservedFrames()).isZero();
    }

    @Test
    void aHostWithoutRoomForTheTablesKeepsNothing() {
        try (MachineMemory small = MachineMemory.ofBytes(4 << 20)) {
            assertThatThrownBy(() -> new Machine(configuration(4), small, this::engine))
                    .isInstanceOf(MachineMemoryExhausted.class);
            assertThat(small.reservedFrames()).isZero();
        }
    }

    /** The time that exits and page walks take, and interrupts that come meanwhile, do not depend on how a run is split. */
    @Test
    void kernelsAreChargedTheSameWhicheverWayARunIsSplit() {
        for (long seed = FIRST_SEED; seed < FIRST_SEED + KERNELS / 2 + 1; seed++) {
            Machine whole = new Machine(configuration(4), host, LockStepTest::costlyEngine);
            Machine split = new Machine(configuration(4), host, LockStepTest::costlyEngine);
            new Kernel(seed).load(whole);
            new Kernel(seed).load(split);
            whole.runUntil(30_000);
            SplittableRandom random = new SplittableRandom(seed);
            for (long at = 1; at < 30_000; at += 1 + random.nextInt(200)) split.runUntil(at);
            split.runUntil(30_000);
            assertThat(split.save()).as("seed %d", seed).isEqualTo(whole.save());
            whole.close();
            split.close();
        }
    }

    /** Pages come to be shared and are written at any instruction; neither that nor its end takes time. */
    @Test
    void kernelsDoNotNoticeThatTheirPagesAreShared() {
        long most = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + KERNELS / 2 + 1; seed++) {
            Machine lone = new Machine(configuration(4), host, LockStepTest::costlyEngine);
            Machine first = new Machine(configuration(4), host, LockStepTest::costlyEngine);
            Machine second = new Machine(configuration(4), host, LockStepTest::costlyEngine);
            for (Machine machine : List.of(lone, first, second)) new Kernel(seed).load(machine);
            PageSharing sharing = new PageSharing();
            SplittableRandom random = new SplittableRandom(seed);
            for (long at = 1; at < 30_000; at += 1 + random.nextInt(200)) {
                for (Machine machine : List.of(lone, first, second)) machine.runUntil(at);
                sharing.look(List.of(first.memory(), second.memory()));
                most = Math.max(most, host.savedFrames());
                assertThat(second.save()).as("seed %d, cycle %d", seed, at).isEqualTo(lone.save());
            }
            assertThat(first.stateHash()).as("seed %d", seed).isEqualTo(lone.stateHash());
            assertThat(second.stateHash()).as("seed %d", seed).isEqualTo(lone.stateHash());
            for (Machine machine : List.of(lone, first, second)) machine.close();
        }
        assertThat(most).isGreaterThan(10);
    }

    // ---- machines

    private static Engine costlyEngine(Cpu cpu, EngineFactory.Surroundings surroundings) {
        Map<ExitKind, Long> costs = new EnumMap<>(ExitKind.class);
        for (ExitKind kind : ExitKind.values()) costs.put(kind, 37L + 13L * kind.ordinal());
        ProcessorCosts processor = new ProcessorCosts(50, 20, 10, 7, 3, 64);
        return new HardwareEngine(cpu, surroundings, processor, Interpreter::new, new ExitLedger(new ExitCosts(costs)));
    }

    private Engine engine(Cpu cpu, EngineFactory.Surroundings surroundings) {
        return new HardwareEngine(cpu, surroundings, ProcessorCosts.NONE, Interpreter::new, ledger);
    }

    private Machine bare(int mebibytes) {
        return new Machine(configuration(mebibytes), host, EngineFactory.bare(Interpreter::new));
    }

    private Machine hardware(int mebibytes) {
        return machine(mebibytes, ledger);
    }

    private Machine machine(int mebibytes, ExitLedger exits) {
        EngineFactory engine = (cpu, surroundings) ->
                new HardwareEngine(cpu, surroundings, ProcessorCosts.NONE, Interpreter::new, exits);
        return new Machine(configuration(mebibytes), host, engine);
    }

    private static MachineConfiguration configuration(int mebibytes) {
        return new MachineConfiguration(
                (long) mebibytes << 20,
                CpuModel.BASELINE,
                MachineConfiguration.DEFAULT_CLOCK_HERTZ,
                VirtualClock.CYCLE_PER_INSTRUCTION,
                MachineConfiguration.DEFAULT_TIME_OF_DAY,
                false);
    }

    private static Machine builtInGuest(Machine machine) throws Exception {
        try (InputStream resource = Objects.requireNonNull(
                LockStepTest.class.getResourceAsStream("/dev/simvisor/node/guest/builtin.elf"))) {
            Image image = new Image("built-in guest", resource.readAllBytes());
            machine.boot(new BootSource.Multiboot(image, "", List.of()));
        }
        return machine;
    }

    /** Starts real-mode code. */
    private static void start(Machine machine, String code) {
        machine.memory().write(CODE, HexFormat.of().parseHex(code.replace(" ", "")));
        machine.cpu().selector[1] = 0;
        machine.cpu().segmentBase[1] = 0;
        machine.cpu().rip = CODE;
        machine.cpu().updateMode();
    }
}
