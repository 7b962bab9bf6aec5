package dev.simvisor.node.vmm.para;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.build.TinyKernel;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A kernel of a few hypercalls, from its first instruction to its shutdown. */
class ParavirtualMachineTest {
    private static final long CODE = TinyKernel.BASE + TinyKernel.START;
    /** A page of data after the code. */
    private static final int DATA = 0x1000;

    private static final int CONSOLE_IO = 18;
    private static final int SCHED_OP = 29;
    private static final int SET_TIMER = 15;
    private static final int SHUTDOWN = 2;
    private static final int SET_TRAP_TABLE = 0;
    private static final int SET_DEBUGREG = 8;
    private static final int BLOCK = 1;
    private static final int SET_CALLBACKS = 4;
    private static final int XEN_VERSION = 17;
    private static final int VCPU_OP = 24;
    private static final int REGISTER_INFO = 10;
    private static final int MMUEXT_OP = 26;
    private static final int FLUSH_LOCAL = 6;
    private static final int EVENT_CHANNEL_OP = 32;
    private static final int BIND_VIRTUAL_INTERRUPT = 1;
    private static final int START_INFO_STORE = 56;
    private static final int START_INFO_CONSOLE = 72;
    private static final int LONG_LIST = 40_000;

    private final MachineMemory memory = MachineMemory.ofBytes(256 << 20);
    private final StringBuilder said = new StringBuilder();
    private final ExitLedger ledger = new ExitLedger(ExitCosts.NONE);

    @AfterEach
    void close() {
        memory.close();
    }

    private ParavirtualMachine machine(Function<Cpu, Engine> engine) {
        return new ParavirtualMachine(
                DomainSettings.of(MachineConfiguration.of(16 << 20, CpuModel.BASELINE), 1),
                memory,
                new MachineAddressMap(),
                ledger,
                ProcessorCosts.NONE,
                engine,
                backends -> {});
    }

    private ParavirtualMachine booted(byte[] code, Function<Cpu, Engine> engine) throws InvalidImageException {
        ParavirtualMachine machine = machine(engine);
        machine.consoleTo(value -> said.append((char) value));
        byte[] image = java.util.Arrays.copyOf(code, 2 * DATA);
        image[DATA] = 'h';
        image[DATA + 1] = 'i';
        machine.boot(new TinyKernel(image).image(), null, "");
        return machine;
    }

    /** Says "hi" after waiting for its timer, and shuts down. */
    private static byte[] politeKernel() {
        return new TinyKernel.Code()
                .hypercall(SET_TIMER, 1_000_000, 0, 0)
                .hypercall(SCHED_OP, BLOCK, 0, 0)
                .hypercall(CONSOLE_IO, 0, 2, CODE + DATA)
                .hypercall(SCHED_OP, SHUTDOWN, CODE + DATA + 8, 0)
                .done();
    }

    /** The same without anything to wait for. */
    private static byte[] hastyKernel() {
        return new TinyKernel.Code()
                .hypercall(CONSOLE_IO, 0, 2, CODE + DATA)
                .hypercall(SCHED_OP, SHUTDOWN, CODE + DATA + 8, 0)
                .done();
    }

    @Test
    void hypercallsReachTheConsoleAndEndTheMachine() throws InvalidImageException {
        try (ParavirtualMachine machine = booted(hastyKernel(), Interpreter::new)) {
            assertThat(machine.runUntil(1_000_000)).isEqualTo(new RunOutcome.PoweredOff());
            assertThat(said).hasToString("hi");
            assertThat(machine.instructions()).isEqualTo(10);
            assertThat(ledger.details(ExitKind.HYPERCALL))
                    .containsEntry("console_io", 1L)
                    .containsEntry("sched_op", 1L);
        }
    }

    /** A list of {@link #LONG_LIST} flushes, in the midst of which a timer is due; its handler notes the list's rest, and ends. */
    private ParavirtualMachine interruptedKernel(Function<Cpu, Engine> engine) throws InvalidImageException {
        ParavirtualMachine machine = machine(engine);
        int code = TinyKernel.START;
        long bound = CODE + DATA;
        long info = bound + 16;
        long noted = bound + 128;
        long handler = CODE + DATA / 2;
        long list = CODE + 2 * DATA;
        byte[] image = java.util.Arrays.copyOf(
                new TinyKernel.Code()
                        .hypercall(EVENT_CHANNEL_OP, BIND_VIRTUAL_INTERRUPT, bound, 0)
                        .hypercall(SET_CALLBACKS, handler, handler, handler)
                        .hypercall(VCPU_OP, REGISTER_INFO, 0, info)
                        .storeShort(bound + 64, 0) // nothing pending, nor masked
                        .storeShort(bound + 64 + 8, 0) // the selector
                        .hypercall(SET_TIMER, 200_000, 0, 0)
                        .bytes(0x41, 0xBA, 0xF0, 0x7F, 0, 0) // MOV R10D, DOMID_SELF
                        .hypercall(MMUEXT_OP, list, LONG_LIST, 0)
                        .bytes(0x0F, 0x0B) // UD2: it is not to come to its end
                        .done(),
                2 * DATA + 24 * LONG_LIST);
        byte[] ending = new TinyKernel.Code()
                .bytes(0x48, 0x89, 0x3C, 0x25) // MOV [noted], RDI
                .little((int) noted)
                .bytes(0x48, 0x89, 0x34, 0x25) // MOV [noted + 8], RSI
                .little((int) noted + 8)
                .hypercall(SCHED_OP, SHUTDOWN, noted + 16, 0)
                .done();
        System.arraycopy(ending, 0, image, DATA / 2, ending.length);
        java.nio.ByteBuffer data = java.nio.ByteBuffer.wrap(image).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        data.putLong(DATA + 16, machine.domain().memory().mfn((code + DATA) >> 12));
        data.putInt(DATA + 24, 64);
        for (int n = 0; n < LONG_LIST; n++) data.putInt(2 * DATA + 24 * n, FLUSH_LOCAL);
        machine.boot(new TinyKernel(image).image(), null, "");
        return machine;
    }

    @Test
    void framesOfTheVmmsRingsCannotBecomePageTables() throws InvalidImageException {
        try (ParavirtualMachine machine = booted(hastyKernel(), Interpreter::new)) {
            Domain domain = machine.domain();
            int root = domain.vcpu(0).kernelTable();
            long start = domain.vcpu(0).cpu().gpr[Cpu.RSI];
            for (int field : new int[] {START_INFO_STORE, START_INFO_CONSOLE}) {
                int gfn = domain.memory().gfn(domain.vcpu(0).access().readLong(start + field));
                unmap(domain, root, gfn);
                assertThatThrownBy(() -> domain.frames().pin(gfn, FrameType.L1)).isSameAs(XenError.EINVAL);
            }
            int other = (TinyKernel.START + DATA) >> 12;
            domain.memory().memory().clearPage(other);
            unmap(domain, root, other);
            domain.frames().pin(other, FrameType.L1);
        }
    }

    /** In the kernel's first page tables, which have a frame at its number's place. */
    private static void unmap(Domain domain, int root, int gfn) {
        long linear = TinyKernel.BASE + ((long) gfn << 12);
        int table = domain.paging().tableOf(root, linear);
        assertThat(PageTableEntry.mfn(domain.paging().entryOf(root, linear)))
                .isEqualTo(domain.memory().mfn(gfn));
        domain.paging().update(table, PageTableEntry.index(linear, 1), 0, false);
    }

    @Test
    void theStateHashCoversWhatTheStoreKnows() throws InvalidImageException {
        try (ParavirtualMachine machine = booted(politeKernel(), Interpreter::new);
                ParavirtualMachine same = booted(politeKernel(), Interpreter::new)) {
            assertThat(machine.backends().state()).isEqualTo(same.backends().state());
            String before = machine.backends().state();
            String hash = machine.stateHash();
            machine.backends().memoryTarget(4096);
            assertThat(machine.backends().state()).isNotEqualTo(before);
            assertThat(machine.stateHash()).isNotEqualTo(hash);
        }
    }

    @Test
    void anEventIsDeliveredInTheMidstOfALongList() throws InvalidImageException {
        String hash = "";
        for (boolean split : new boolean[] {false, true}) {
            try (ParavirtualMachine machine = interruptedKernel(split ? TranslatingEngine::new : Interpreter::new)) {
                for (long cycle = 0; split && cycle < 2_000_000; cycle += 1001) machine.runUntil(cycle);
                assertThat(machine.runUntil(100_000_000))
                        .as(() -> machine.domain().crashReason())
                        .isEqualTo(new RunOutcome.PoweredOff());
                long noted = TinyKernel.START + DATA + 128;
                long list = machine.domain().memory().memory().read(noted, 8);
                long rest = machine.domain().memory().memory().read(noted + 8, 8) & 0x7FFF_FFFF;
                assertThat(rest).isBetween(1L, LONG_LIST - 1L);
                assertThat(list).isEqualTo(CODE + 2 * DATA + 24 * (LONG_LIST - rest));
                assertThat(machine.domain().clock().nanos()).isBetween(200_000L, 300_000L);
                if (split) assertThat(machine.stateHash()).isEqualTo(hash);
                hash = machine.stateHash();
            }
        }
    }

    /** It opens its mask by a store, and some instructions later asks for what has come meanwhile, as Linux does. */
    @Test
    void anEventThatWaitsForTheMaskComesAtOneInstructionHoweverTheRunIsSplit() throws InvalidImageException {
        String hash;
        try (ParavirtualMachine machine = unmaskingKernel()) {
            assertThat(machine.runUntil(100_000_000)).isEqualTo(new RunOutcome.PoweredOff());
            hash = machine.stateHash();
        }
        try (ParavirtualMachine machine = unmaskingKernel()) {
            RunOutcome outcome = new RunOutcome.DeadlineReached();
            for (long cycle = 1; outcome.equals(new RunOutcome.DeadlineReached()); cycle++) {
                outcome = machine.runUntil(cycle);
            }
            assertThat(outcome).isEqualTo(new RunOutcome.PoweredOff());
            assertThat(machine.stateHash()).isEqualTo(hash);
        }
    }

    private ParavirtualMachine unmaskingKernel() throws InvalidImageException {
        ParavirtualMachine machine = machine(Interpreter::new);
        long info = CODE + DATA + 64;
        long handler = CODE + DATA / 2;
        byte[] image = java.util.Arrays.copyOf(
                new TinyKernel.Code()
                        .hypercall(SET_CALLBACKS, handler, handler, handler)
                        .hypercall(VCPU_OP, REGISTER_INFO, 0, CODE + DATA) // by which something may be pending
                        .bytes(0xC6, 0x04, 0x25) // MOV BYTE [mask], 0
                        .little((int) info + 1)
                        .bytes(0, 0x90, 0x90, 0x90)
                        .hypercall(XEN_VERSION, 0, 0, 0)
                        .bytes(0x0F, 0x0B) // UD2: it is not to come to its end
                        .done(),
                2 * DATA);
        byte[] ending = new TinyKernel.Code()
                .hypercall(SCHED_OP, SHUTDOWN, CODE + DATA + 128, 0)
                .done();
        System.arraycopy(ending, 0, image, DATA / 2, ending.length);
        java.nio.ByteBuffer data = java.nio.ByteBuffer.wrap(image).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        data.putLong(DATA, machine.domain().memory().mfn((TinyKernel.START + DATA) >> 12));
        data.putInt(DATA + 8, 64);
        machine.boot(new TinyKernel(image).image(), null, "");
        return machine;
    }

    @Test
    void aKernelThatBlocksWithoutAnEventToWakeItIdles() throws InvalidImageException {
        try (ParavirtualMachine machine = booted(politeKernel(), Interpreter::new)) {
            assertThat(machine.runUntil(5_000_000)).isEqualTo(new RunOutcome.Idle());
            assertThat(machine.nextEventCycles()).as("its timer has no port").isEqualTo(Long.MAX_VALUE);
            assertThat(said).isEmpty();
        }
    }

    /** One that sets a breakpoint on an instruction, and goes there; #DB leads to {@code handler}. */
    private static byte[] kernelWithBreakpoint(long handler, long breakpoint, byte[] there) {
        byte[] code = new TinyKernel.Code()
                .hypercall(SET_TRAP_TABLE, CODE + DATA + 256, 0, 0)
                .hypercall(SET_DEBUGREG, 0, breakpoint, 0)
                .hypercall(SET_DEBUGREG, 7, 1, 0)
                .bytes(0x48, 0xC7, 0xC0) // MOV RAX, breakpoint
                .little((int) breakpoint)
                .bytes(0xFF, 0xE0) // JMP RAX
                .done();
        java.nio.ByteBuffer image = java.nio.ByteBuffer.allocate(2 * DATA).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        image.put(code).put(DATA / 2, there);
        image.put(DATA + 256, (byte) GuestException.DEBUG).putLong(DATA + 264, handler);
        return image.array();
    }

    @Test
    void timePassesWhileAHandlerIsEnteredForItsOwnBreakpoint() throws InvalidImageException {
        long handler = CODE + DATA / 2;
        byte[] code = kernelWithBreakpoint(handler, handler, new byte[] {(byte) 0x90});
        for (boolean split : new boolean[] {false, true}) {
            try (ParavirtualMachine machine = booted(code, split ? TranslatingEngine::new : Interpreter::new)) {
                for (long cycle = 0; split && cycle < 40; cycle++) machine.runUntil(cycle);
                assertThat(machine.runUntil(40)).isEqualTo(new RunOutcome.DeadlineReached());
                assertThat(machine.instructions()).isEqualTo(40);
            }
        }
        assertThat(ledger.total(ExitKind.REFLECTED_EXCEPTION)).isEqualTo(2 * (40 - 17));
    }

    @Test
    void aBreakpointIsReportedOnce() throws InvalidImageException {
        long breakpoint = CODE + DATA / 2;
        byte[] ending = new TinyKernel.Code()
                .bytes(0x90)
                .hypercall(SCHED_OP, SHUTDOWN, CODE + DATA + 8, 0)
                .done();
        byte[] code = kernelWithBreakpoint(breakpoint + 1, breakpoint, ending);
        try (ParavirtualMachine machine = booted(code, Interpreter::new)) {
            assertThat(machine.runUntil(1_000_000)).isEqualTo(new RunOutcome.PoweredOff());
            assertThat(ledger.total(ExitKind.REFLECTED_EXCEPTION)).isEqualTo(1);
            assertThat(machine.domain().vcpu(0).debugRegister(6) & 0xF).isEqualTo(1);
        }
    }

    @Test
    void howARunIsSplitAndWhatRunsItMakesNoDifference() throws InvalidImageException {
        String whole;
        try (ParavirtualMachine machine = booted(politeKernel(), Interpreter::new)) {
            machine.runUntil(2_000_000);
            whole = machine.stateHash();
        }
        try (ParavirtualMachine machine = booted(politeKernel(), TranslatingEngine::new)) {
            for (long cycle = 1; cycle < 50; cycle++) machine.runUntil(cycle);
            machine.runUntil(1_000_000);
            machine.runUntil(2_000_000);
            assertThat(machine.stateHash()).isEqualTo(whole);
        }
    }

    @Test
    void aGuestThatFaultsWithoutHandlersEndsAndSaysWhy() throws InvalidImageException {
        try (ParavirtualMachine machine =
                booted(new TinyKernel.Code().bytes(0x0F, 0x0B).done(), Interpreter::new)) {
            assertThat(machine.runUntil(1_000_000))
                    .asInstanceOf(type(RunOutcome.Crashed.class))
                    .extracting(RunOutcome.Crashed::reason, STRING)
                    .contains("trap 6 at 0x" + Long.toHexString(CODE));
        }
    }
}
