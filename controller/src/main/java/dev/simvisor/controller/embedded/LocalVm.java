package dev.simvisor.controller.embedded;

import dev.simvisor.config.OnReboot;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.SlipReport;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.spec.Specs;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.disassemble.SymbolTable;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.cpu.translator.TranslatorStatistics;
import dev.simvisor.node.machine.GuestPlatform;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.ElfImage;
import dev.simvisor.node.machine.boot.FirmwareLoader;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.exit.HostCosts;
import dev.simvisor.node.vmm.memory.GuestTranslation;
import dev.simvisor.node.vmm.mode.BoardMode;
import dev.simvisor.node.vmm.mode.ParavirtualMode;
import dev.simvisor.node.vmm.mode.VirtualizationMode;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.backend.BackendDomain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** One VM on a machine of its own, without a host, a network or a cluster around it. Used by one thread at a time. */
public final class LocalVm implements AutoCloseable {
    /** Why {@link #runUntil} returned. */
    public enum Outcome {
        /** A limit was reached; the VM can go on. */
        PAUSED,
        /** {@link DebugTarget#stop} has the cause. */
        STOPPED,
        POWERED_OFF,
        /** {@link #exitStatus} has the status. */
        DEBUG_EXIT,
        /** Which ends a VM that is to end by it; another one is reset, and goes on. */
        RESET_REQUESTED,
        TRIPLE_FAULT,
        /** {@link #crashReason} has the reason. */
        CRASHED
    }

    private static final long SMALLEST_MEMORY = 1 << 20;
    private static final long VMM_MEMORY = 64L << 20;
    private static final long LARGEST_MEMORY = 64L << 30;
    private static final int PAGE_BYTES = 4096;
    private static final int BZIMAGE_MAGIC_OFFSET = 0x202;
    private static final int BZIMAGE_MAGIC = 0x53726448; // "HdrS"
    // Of the Linux/x86 boot protocol 2.12.
    private static final int XLOADFLAGS_OFFSET = 0x236;
    private static final int KERNEL_64 = 1;
    private static final int MULTIBOOT_MAGIC = 0x1BADB002;
    private static final int MULTIBOOT_SEARCHED = 8192; // Multiboot 0.6.96 §3.1

    private final MachineMemory memory;
    private final GuestPlatform platform;
    private final BootSource source;
    private final OnReboot onReboot;
    private final List<RawDiskImage> disks;
    private final ExitLedger ledger;
    private final List<TranslatingEngine> translators;
    /** What those have done that a reset has put others in the place of. */
    private SortedMap<String, Long> formerTranslators = new TreeMap<>();

    private final ReplayedOutput console = new ReplayedOutput();
    private final ReplayedOutput debugConsole = new ReplayedOutput();
    private int resets;
    /** After how many instructions the last reset was: one that is run through again is the same. */
    private long lastReset = -1;

    private int exitStatus;
    private String crashReason = "";
    /** For a debugger that may go back. */
    private @Nullable VmHistory history;

    private LocalVm(
            MachineMemory memory,
            GuestPlatform platform,
            BootSource source,
            OnReboot onReboot,
            List<RawDiskImage> disks,
            ExitLedger ledger,
            List<TranslatingEngine> translators) {
        this.memory = memory;
        this.platform = platform;
        this.source = source;
        this.onReboot = onReboot;
        this.disks = disks;
        this.ledger = ledger;
        this.translators = translators;
        platform.consoleTo(console);
        platform.debugConsoleTo(debugConsole);
    }

    /** A VM about to execute the first instruction of its kernel. */
    public static LocalVm booted(VmRequest request) throws BootRefused {
        List<TranslatingEngine> translators = new ArrayList<>();
        SymbolTable symbols = SymbolFile.of(request);
        return booted(request, cpu -> engine(cpu, request.engine(), symbols, translators), translators);
    }

    /**
     * As {@link #booted(VmRequest)}.
     *
     * @param engines makes what executes the guest's instructions
     */
    static LocalVm booted(VmRequest request, Function<Cpu, Engine> engines) throws BootRefused {
        return booted(request, engines, List.of());
    }

    private static LocalVm booted(VmRequest request, Function<Cpu, Engine> engines, List<TranslatingEngine> translators)
            throws BootRefused {
        VirtualizationMode mode = VirtualizationMode.named(request.mode())
                .orElseThrow(() -> new BootRefused(VirtualizationMode.refusal(request.mode())));
        HostCosts costs = request.costModel()
                .map(model -> HostCosts.of(Specs.costModel(model)))
                .orElse(HostCosts.NONE);
        checkFor(mode, request);
        MachineConfiguration configuration = configuration(mode, request, costs);
        BootSource source = source(mode, request);
        List<RawDiskImage> disks = disks(mode, request.disks());
        ExitLedger ledger = mode.ledger(costs);
        // The VMM needs some of its own for each processor; frames are only taken when they are touched.
        MachineMemory memory = MachineMemory.ofBytes(
                2 * configuration.memoryBytes() + configuration.firmwareBytes() + request.cpus() * VMM_MEMORY);
        GuestPlatform platform = switch (mode) {
            case BoardMode board ->
                new Machine(configuration, memory, board.engine(engines, costs, ledger), List.copyOf(disks));
            case ParavirtualMode _ ->
                new ParavirtualMachine(
                        DomainSettings.of(configuration, request.cpus()),
                        memory,
                        new MachineAddressMap(),
                        ledger,
                        costs.processor(),
                        engines,
                        backends -> backends.addDevices(disks));
        };
        LocalVm vm = new LocalVm(memory, platform, source, request.onReboot(), disks, ledger, translators);
        try {
            platform.boot(source);
        } catch (InvalidImageException refused) {
            vm.close();
            throw new BootRefused(String.valueOf(refused.getMessage()));
        }
        return vm;
    }

    private static void checkFor(VirtualizationMode mode, VmRequest request) throws BootRefused {
        switch (mode) {
            case BoardMode _ -> {
                if (request.cpus() < 1 || request.cpus() > MachineConfiguration.MOST_PROCESSORS) {
                    throw new BootRefused(
                            "--cpus " + request.cpus() + ": expected 1 to " + MachineConfiguration.MOST_PROCESSORS);
                }
            }
            case ParavirtualMode _ -> {
                if (request.cpus() < 1 || request.cpus() > DomainSettings.MOST_VCPUS) {
                    throw new BootRefused("--cpus " + request.cpus() + ": expected 1 to " + DomainSettings.MOST_VCPUS);
                }
                if (request.source() instanceof VmRequest.Firmware) {
                    throw new BootRefused("--bios: a paravirtual machine has no place for firmware");
                }
                if (request.debugExit()) {
                    throw new BootRefused("--debug-exit: a paravirtual machine has no ports");
                }
            }
        }
    }

    private static Engine engine(
            Cpu cpu, EngineChoice choice, SymbolTable symbols, List<TranslatingEngine> translators) {
        if (choice == EngineChoice.interpreter) return new Interpreter(cpu);
        TranslatingEngine translating = new TranslatingEngine(cpu, symbols);
        translators.add(translating);
        return translating;
    }

    /** What its translators have done together, by name; nothing if it has none. */
    public SortedMap<String, Long> translatorFigures() {
        SortedMap<String, Long> figures = new TreeMap<>(formerTranslators);
        for (TranslatingEngine translating : translators) {
            TranslatorStatistics statistics = translating.statistics();
            figures.merge("instructions", statistics.executed(), Long::sum);
            figures.merge("instructionsTranslated", statistics.instructions(), Long::sum);
            figures.merge("regions", statistics.regions(), Long::sum);
            figures.merge("regionsShared", statistics.shared(), Long::sum);
            figures.merge("regionEntries", statistics.entries(), Long::sum);
            figures.merge("regionsForgotten", statistics.forgotten(), Long::sum);
            figures.merge("classFileBytes", statistics.bytes(), Long::sum);
        }
        return figures;
    }

    private static MachineConfiguration configuration(VirtualizationMode mode, VmRequest request, HostCosts costs)
            throws BootRefused {
        long hertz = request.costModel()
                .map(model -> model.clock().hertz())
                .orElse(MachineConfiguration.DEFAULT_CLOCK_HERTZ);
        return new MachineConfiguration(
                checkedMemory(request.memory().bytes()),
                cpuModel(request.cpuModel()).withClockHertz(hertz),
                hertz,
                costs.cyclesPerThousandInstructions(),
                MachineConfiguration.DEFAULT_TIME_OF_DAY,
                request.debugExit(),
                firmwareBytes(request),
                mode instanceof BoardMode ? request.cpus() : 1);
    }

    private static int firmwareBytes(VmRequest request) throws BootRefused {
        if (!(request.source() instanceof VmRequest.Firmware(VmRequest.Image image))) return 0;
        try {
            return FirmwareLoader.checkedLength(image(image));
        } catch (InvalidImageException refused) {
            throw new BootRefused("--bios " + refused.getMessage());
        }
    }

    private static List<RawDiskImage> disks(VirtualizationMode mode, List<Path> files) throws BootRefused {
        int most = switch (mode) {
            case BoardMode _ -> Machine.MOST_DISKS;
            case ParavirtualMode _ -> BackendDomain.MOST_DISKS;
        };
        if (files.size() > most) {
            throw new BootRefused("--disk " + files.size() + " times: expected at most " + most);
        }
        try {
            List<RawDiskImage> disks = RawDiskImage.openAll(files);
            Optional<String> refusal = RawDiskImage.claimAll(disks);
            if (refusal.isPresent()) {
                RawDiskImage.closeAll(disks);
                throw new BootRefused("--disk " + refusal.get());
            }
            return disks;
        } catch (IOException refused) {
            throw new BootRefused("--disk " + refused.getMessage());
        }
    }

    /** Why a VM cannot have a virtualization mode; nothing when it can. */
    public static Optional<String> modeRefusal(String mode) {
        return VirtualizationMode.named(mode).isPresent()
                ? Optional.empty()
                : Optional.of(VirtualizationMode.refusal(mode));
    }

    private static long checkedMemory(long bytes) throws BootRefused {
        if (bytes < SMALLEST_MEMORY || bytes % PAGE_BYTES != 0 || bytes > LARGEST_MEMORY) {
            throw new BootRefused("--memory of " + bytes + " bytes: expected a multiple of 4K from 1M to 64G");
        }
        return bytes;
    }

    /** Of processors that a VM can have. */
    public static List<String> cpuModelNames() {
        return CpuModel.names();
    }

    private static CpuModel cpuModel(String name) throws BootRefused {
        if (name.isEmpty()) {
            return CpuModel.BASELINE;
        }
        return CpuModel.named(name)
                .orElseThrow(() -> new BootRefused(
                        "unknown CPU model \"" + name + "\"; expected one of " + String.join(", ", CpuModel.names())));
    }

    private static BootSource source(VirtualizationMode mode, VmRequest request) throws BootRefused {
        return switch (request.source()) {
            case VmRequest.Kernel(VmRequest.Image kernel, var initrd, String commandLine) ->
                source(mode, image(kernel), initrd.map(LocalVm::image).orElse(null), commandLine);
            case VmRequest.Firmware(VmRequest.Image image) -> new BootSource.Firmware(image(image));
        };
    }

    private static BootSource source(VirtualizationMode mode, Image kernel, @Nullable Image initrd, String commandLine)
            throws BootRefused {
        return switch (mode) {
            case BoardMode _ -> boardSource(kernel, initrd, commandLine);
            case ParavirtualMode _ -> new BootSource.Linux(kernel, initrd, commandLine);
        };
    }

    private static BootSource boardSource(Image kernel, @Nullable Image initrd, String commandLine) throws BootRefused {
        ByteBuffer bytes = ByteBuffer.wrap(kernel.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        if (isBzImage(bytes)) {
            return new BootSource.Linux(kernel, initrd, commandLine);
        }
        if (hasMultibootMagic(bytes)) {
            return new BootSource.Multiboot(kernel, commandLine, initrd == null ? List.of() : List.of(initrd));
        }
        throw new BootRefused(kernel.name() + ": neither a Linux bzImage nor a multiboot kernel, or truncated ("
                + kernel.bytes().length + " bytes)");
    }

    private static boolean isBzImage(ByteBuffer bytes) {
        return bytes.limit() >= BZIMAGE_MAGIC_OFFSET + Integer.BYTES
                && bytes.getInt(BZIMAGE_MAGIC_OFFSET) == BZIMAGE_MAGIC;
    }

    private static boolean hasMultibootMagic(ByteBuffer bytes) {
        int end = Math.min(bytes.limit(), MULTIBOOT_SEARCHED) - Integer.BYTES;
        for (int offset = 0; offset <= end; offset += Integer.BYTES) {
            if (bytes.getInt(offset) == MULTIBOOT_MAGIC) {
                return true;
            }
        }
        return false;
    }

    static Image image(VmRequest.Image image) {
        return new Image(image.name(), image.bytes());
    }

    // ---- running ----

    /**
     * Runs until a virtual time or a number of instructions is reached, whichever comes first; the instructions are counted
     * from the start of the VM, and exact.
     */
    public Outcome runUntil(long nanos, long instructions) {
        return switch (run(platform.clock().toCycles(nanos), instructions)) {
            case RunOutcome.DeadlineReached _, RunOutcome.Idle _ -> Outcome.PAUSED;
            case RunOutcome.Stopped _ -> Outcome.STOPPED;
            case RunOutcome.PoweredOff _ -> Outcome.POWERED_OFF;
            case RunOutcome.ResetRequested _ -> Outcome.RESET_REQUESTED;
            case RunOutcome.TripleFault _ -> Outcome.TRIPLE_FAULT;
            case RunOutcome.DebugExit(int status) -> {
                exitStatus = status;
                yield Outcome.DEBUG_EXIT;
            }
            case RunOutcome.Crashed(String reason) -> {
                crashReason = reason;
                yield Outcome.CRASHED;
            }
            case RunOutcome.PageMissed _ -> throw new IllegalStateException("all pages of this guest are here");
            case RunOutcome.Suspended _ -> throw new IllegalStateException("nobody asks this guest to suspend itself");
        };
    }

    private RunOutcome run(long cycles, long instructions) {
        return history == null ? runOn(cycles, instructions) : history.runUntil(cycles, instructions);
    }

    private RunOutcome runOn(long cycles, long instructions) {
        while (true) {
            RunOutcome outcome = platform.runUntil(cycles, instructions);
            if (!(outcome instanceof RunOutcome.ResetRequested) || onReboot == OnReboot.STOP) return outcome;
            reset();
        }
    }

    private void reset() {
        if (platform.instructions() > lastReset) {
            lastReset = platform.instructions();
            resets++;
        }
        SortedMap<String, Long> figures = translatorFigures();
        int former = translators.size();
        try {
            platform.reset(source);
        } catch (InvalidImageException impossible) {
            throw new IllegalStateException("an image was booted once, and is not any more", impossible);
        }
        if (translators.size() > former) {
            formerTranslators = figures;
            translators.subList(0, former).clear();
        }
    }

    /** How often the guest has reset the machine, and started again. */
    public int resets() {
        return resets;
    }

    /** What the guest gave to the debug exit port, as a process's status. */
    public int exitStatus() {
        return exitStatus;
    }

    /** Why the guest ended by a crash, in one line; may be empty. */
    public String crashReason() {
        return crashReason;
    }

    /** Whether the guest waits for an event. */
    public boolean isIdle() {
        return platform.nextEventCycles() > platform.clock().cycles();
    }

    /** Whether the guest waits and no event is due, so that only something typed could wake it. */
    public boolean isIdleForever() {
        return platform.nextEventCycles() == Timer.NEVER && (history == null || !history.isInputDue());
    }

    /** Whether nothing can wake the guest, whatever is typed. */
    public boolean isStuck() {
        return platform.isStuck();
    }

    public long instructions() {
        return platform.instructions();
    }

    public long cycles() {
        return platform.clock().cycles();
    }

    /** Virtual nanoseconds since the start. */
    public long nanos() {
        return platform.clock().nanos();
    }

    /** Exits to the VMM so far, by kind; kinds that did not occur are left out. */
    public SortedMap<String, Long> exits() {
        return ledger.totals();
    }

    /** For each kind whose exits are told apart: what they were about, such as an instruction, and how many. */
    public SortedMap<String, SortedMap<String, Long>> exitDetails() {
        SortedMap<String, SortedMap<String, Long>> details = new TreeMap<>();
        for (ExitKind kind : ExitKind.values()) {
            SortedMap<String, Long> ofKind = ledger.details(kind);
            if (!ofKind.isEmpty()) {
                details.put(kind.written(), ofKind);
            }
        }
        return details;
    }

    /** What critical instructions did unnoticed that they do not do in ring 0: mode trap alone has any. */
    public SlipReport slipped() {
        return new SlipReport(
                ledger.slipped()
                        .first()
                        .map(slip -> new SlipReport.Slip(
                                slip.instructions(), slip.address(), slip.disassembly(), slip.seen(), slip.expected())),
                ledger.slipped().counts());
    }

    /** Virtual cycles that exits were charged. */
    public long exitCycles() {
        return ledger.chargedCycles();
    }

    // ---- console ----

    /** Where the bytes go that the guest sends to its console: COM1, or the paravirtual one. */
    public void consoleTo(IntConsumer sink) {
        console.to(sink);
    }

    /** Where the bytes go that the guest writes to port E9h. */
    public void debugConsoleTo(IntConsumer sink) {
        debugConsole.to(sink);
    }

    /** Sends bytes to the guest's console. */
    public void type(byte[] bytes) {
        if (bytes.length == 0) return;
        if (history == null) platform.type(bytes);
        else history.type(bytes);
    }

    /** Bytes typed that the guest has not read yet. */
    public int unreadInput() {
        return platform.unreadInput() + (history == null ? 0 : history.unread());
    }

    /** The guest's memory from a linear address to the end of its page, by the guest's page tables; empty if not mapped. */
    byte[] code(long linear) {
        Machine board = board();
        long physical = GuestTranslation.of(board.cpu(), board.memory(), linear);
        int length = (int) (PAGE_BYTES - (linear & PAGE_BYTES - 1));
        byte[] code = new byte[length];
        boolean mapped =
                physical != GuestTranslation.NOT_MAPPED && board.memory().read(physical, code, 0, length);
        return mapped ? code : new byte[0];
    }

    /** 64 while the processor is in long mode, else 32: what the code of a kernel is then. */
    int kernelCodeSize() {
        return board().cpu().longMode ? 64 : 32;
    }

    /**
     * What a debugger does to the VM, before its first run. The VM can be taken back in time, unless it has disks, whose contents
     * cannot, or a cost model, by which a second time is not charged what the first was: the VMM has its caches filled.
     *
     * @param request that it was {@linkplain #booted booted} by
     * @throws BootRefused when its mode has no such thing
     */
    public DebugTarget debugTarget(VmRequest request) throws BootRefused {
        if (platform instanceof Machine board) {
            if (disks.isEmpty() && request.costModel().isEmpty()) {
                history = new VmHistory(board, this::runOn, console, debugConsole);
            }
            return new DebugTarget(board, isWide(request.source()), Optional.ofNullable(history));
        }
        throw new BootRefused("--gdb is not available yet in mode " + request.mode());
    }

    /** Whether 64-bit code is what it starts from; what firmware will start is not known. */
    private static boolean isWide(VmRequest.Source source) {
        return switch (source) {
            case VmRequest.Kernel kernel -> isWide(kernel.image());
            case VmRequest.Firmware _ -> false;
        };
    }

    /** Whether a kernel's file is one of 64-bit code. */
    private static boolean isWide(VmRequest.Image kernel) {
        ByteBuffer bytes = ByteBuffer.wrap(kernel.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        if (isBzImage(bytes)) {
            return bytes.limit() > XLOADFLAGS_OFFSET && (bytes.get(XLOADFLAGS_OFFSET) & KERNEL_64) != 0;
        }
        return ElfImage.isWide(image(kernel));
    }

    private Machine board() {
        if (platform instanceof Machine board) {
            return board;
        }
        throw new IllegalStateException("not a machine with a board");
    }

    /** SHA-256, in hexadecimal, over registers, memory and devices. */
    public String stateHash() {
        return platform.stateHash();
    }

    @Override
    public void close() {
        platform.close();
        RawDiskImage.closeAll(disks);
        memory.close();
    }
}
