package dev.simvisor.controller.cli;

import dev.simvisor.config.CostModel;
import dev.simvisor.config.MemorySize;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.boot.BootEnd;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.BootRun;
import dev.simvisor.controller.boot.BootStatistics;
import dev.simvisor.controller.boot.Debugger;
import dev.simvisor.controller.boot.EngineChoice;
import dev.simvisor.controller.boot.SerialLine;
import dev.simvisor.controller.boot.SlipReport;
import dev.simvisor.controller.boot.StreamLine;
import dev.simvisor.controller.boot.TerminalLine;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.boot.WallPhases;
import dev.simvisor.controller.embedded.DebugTarget;
import dev.simvisor.controller.embedded.LocalVm;
import dev.simvisor.controller.gdb.GdbDebugger;
import dev.simvisor.controller.gdb.GdbServer;
import dev.simvisor.controller.guest.GuestException;
import dev.simvisor.controller.guest.GuestImage;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code simvisor boot}: one VM in this process, its console on this terminal. */
@Command(
        name = "boot",
        description = "Boots one VM with its console on this terminal; ends with the guest.",
        mixinStandardHelpOptions = true,
        footer = {
            "",
            "At a terminal every key goes to the guest, but for Ctrl-A x, which ends the VM, and Ctrl-A Ctrl-A, which"
                    + " types one Ctrl-A. Input may also be a pipe or a file.",
            "",
            "Exit status: 0 when the guest switches itself off or Ctrl-A x ends it; with --debug-exit what the guest"
                    + " gives; else not 0."
        })
final class BootCommand implements Callable<Integer> {
    private static final String STDIO = "stdio";

    @Mixin
    private GuestOptions guest = new GuestOptions();

    @Mixin
    private SymbolsOption symbols = new SymbolsOption();

    @Option(
            names = "--bios",
            paramLabel = "FILE",
            description = "A firmware image, such as SeaBIOS, in place of a kernel: it starts what is on a --disk.")
    private @Nullable Path bios;

    @Option(
            names = "--disk",
            paramLabel = "FILE",
            description = "A raw disk image, as a virtio disk, in mode para as xvda; may be given more than once.")
    private List<Path> disks = List.of();

    @Option(
            names = "--mode",
            paramLabel = "MODE",
            defaultValue = "bare",
            description = "The virtualization mode; see simvisor explain modes. Default: ${DEFAULT-VALUE}.")
    private VirtualizationMode mode = VirtualizationMode.BARE;

    @Option(
            names = "--engine",
            paramLabel = "ENGINE",
            defaultValue = "auto",
            description = "interpreter; translator, which makes bytecode of hot code; or auto, the translator."
                    + " Default: ${DEFAULT-VALUE}.")
    private EngineChoice engine = EngineChoice.auto;

    @Option(
            names = "--cpus",
            paramLabel = "N",
            defaultValue = "1",
            description = "Processors, which share the time of one. Default: ${DEFAULT-VALUE}.")
    private int cpus = 1;

    @Option(
            names = "--cpu-model",
            paramLabel = "NAME",
            defaultValue = "",
            description = "The model of processor: ${COMPLETION-CANDIDATES}. Default: baseline.",
            completionCandidates = CpuModelNames.class)
    private String cpuModel = "";

    @Option(
            names = "--cost-model",
            paramLabel = "NAME",
            description = "What things take, in cycles: ${COMPLETION-CANDIDATES}. Default: a cycle an instruction.",
            completionCandidates = CostModelNames.class)
    private @Nullable CostModel costModel;

    @Option(
            names = "--serial",
            paramLabel = "stdio|FILE",
            defaultValue = STDIO,
            description = "Where the serial port leads. Default: ${DEFAULT-VALUE}.")
    private String serial = STDIO;

    @Option(
            names = "--debugcon",
            paramLabel = "FILE",
            description = "Gets what the guest writes to port 0xe9, and firmware to port 0x402.")
    private @Nullable Path debugConsole;

    @Option(
            names = "--debug-exit",
            description = "Lets a write to port 0xf4 end the VM with the exit status value<<1|1.")
    private boolean debugExit;

    @Mixin
    private OnRebootOption onReboot = new OnRebootOption();

    @Option(
            names = "--gdb",
            paramLabel = "PORT",
            description =
                    "Waits for GDB at this port of this machine, 0 for any: target remote :PORT. It can go back in time, but"
                            + " not with a disk or a cost model.")
    private @Nullable Integer gdbPort;

    @Option(names = "--pace", description = "Holds virtual time back to the speed of the wall's.")
    private boolean paced;

    @Option(
            names = "--max-instructions",
            paramLabel = "N",
            description = "Stops the VM, unsuccessfully, after exactly so many instructions.")
    private @Nullable Long maxInstructions;

    @Option(
            names = "--max-time",
            paramLabel = "DURATION",
            description = "Stops the VM, unsuccessfully, after so much virtual time, such as 30s.")
    private @Nullable VirtualDuration maxTime;

    @Option(
            names = "--stats",
            paramLabel = "FILE",
            description =
                    "Gets statistics as JSON: instructions, resets, virtual time, wall time by phase, exits by kind, what was translated.")
    private @Nullable Path statistics;

    @Option(names = "--record-hash", description = "Prints the hash of the VM's last state at the end.")
    private boolean recordHash;

    @Override
    public Integer call() throws Exception {
        refuseWhatCannotBe();
        VmRequest request = request();
        try (LocalVm vm = LocalVm.booted(request);
                OutputStream debugOutput = debugOutput()) {
            vm.debugConsoleTo(value -> write(debugOutput, value));
            long startedNanos = System.nanoTime();
            BootEnd end = gdbPort == null ? run(vm, Debugger.NONE) : runDebugged(vm, vm.debugTarget(request), gdbPort);
            return report(vm, end, Duration.ofNanos(System.nanoTime() - startedNanos));
        }
    }

    private BootEnd run(LocalVm vm, Debugger debugger) throws CommandFailed, IOException, InterruptedException {
        try (SerialLine line = serialLine()) {
            return new BootRun(vm, line, limits(), paced, debugger).run();
        }
    }

    private BootEnd runDebugged(LocalVm vm, DebugTarget target, int port)
            throws CommandFailed, IOException, InterruptedException {
        try (GdbServer server = listening(port)) {
            System.err.println("simvisor: waiting for GDB: target remote :" + server.port());
            return run(vm, new GdbDebugger(vm, target, server));
        }
    }

    private static GdbServer listening(int port) throws CommandFailed {
        try {
            return GdbServer.listening(port);
        } catch (IOException refused) {
            throw new CommandFailed(
                    "--gdb " + port + ": " + Failures.describe(refused) + ": expected a port that is free");
        }
    }

    private void refuseWhatCannotBe() throws BootRefused, CommandFailed {
        if (gdbPort != null && (gdbPort < 0 || gdbPort > PortNumber.MOST)) {
            throw new BootRefused("--gdb " + gdbPort + ": expected a port from 0 to " + PortNumber.MOST);
        }
        if (maxInstructions != null && maxInstructions < 0) {
            throw new BootRefused("--max-instructions " + maxInstructions + ": expected 0 or more");
        }
        if (statistics != null) {
            checkWritable("--stats", statistics);
        }
    }

    // ---- what to boot ----

    private VmRequest request() throws CommandFailed, GuestException, IOException {
        if (bios != null) return request(firmware(bios), guest.memory());
        GuestImage image = guest.image(mode);
        return request(GuestOptions.kernel(image), image.memory());
    }

    private VmRequest.Firmware firmware(Path file) throws CommandFailed, IOException {
        guest.refuseKernelBeside("--bios");
        return new VmRequest.Firmware(new VmRequest.Image(
                file.toString(), GuestOptions.existing("--bios", file).read()));
    }

    private VmRequest request(VmRequest.Source source, MemorySize memory) throws CommandFailed, IOException {
        return new VmRequest(
                source,
                memory,
                disks,
                cpus,
                mode.toString(),
                cpuModel,
                Optional.ofNullable(costModel),
                debugExit,
                onReboot.choice(),
                engine,
                symbols.image());
    }

    // ---- where its bytes go ----

    private SerialLine serialLine() throws CommandFailed, IOException, InterruptedException {
        if (!serial.equals(STDIO)) {
            return StreamLine.to(created("--serial", Path.of(serial)));
        }
        // System.in and System.out have buffers of their own, which would only delay.
        return TerminalLine.isAttached()
                ? TerminalLine.open()
                : StreamLine.of(
                        new FileInputStream(FileDescriptor.in),
                        new NamedOutput("standard output", new FileOutputStream(FileDescriptor.out)));
    }

    private OutputStream debugOutput() throws CommandFailed {
        return debugConsole == null
                ? OutputStream.nullOutputStream()
                : new BufferedOutputStream(created("--debugcon", debugConsole));
    }

    /** The file that an option names, created, or emptied, now. */
    private static OutputStream created(String option, Path file) throws CommandFailed {
        try {
            return new NamedOutput(option + " " + file, Files.newOutputStream(file));
        } catch (IOException failed) {
            throw new CommandFailed(option + " " + Failures.describe(failed));
        }
    }

    /** Refuses before the VM runs what is written only after it: it may have run for long. */
    private static void checkWritable(String option, Path file) throws CommandFailed {
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
        boolean writable = Files.exists(file)
                ? Files.isWritable(file) && !Files.isDirectory(file)
                : Files.isDirectory(folder) && Files.isWritable(folder);
        if (!writable) {
            throw new CommandFailed(
                    option + " " + file + ": cannot be written: expected a file in a folder that is there");
        }
    }

    private static void write(OutputStream output, int value) {
        try {
            output.write(value);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private BootRun.Limits limits() {
        return new BootRun.Limits(
                Objects.requireNonNullElse(maxInstructions, Long.MAX_VALUE),
                maxTime == null ? Long.MAX_VALUE : maxTime.nanos());
    }

    // ---- the end ----

    private int report(LocalVm vm, BootEnd end, Duration run) throws CommandFailed, IOException {
        if (recordHash) {
            PrintStream out = System.out;
            out.println("stateHash " + vm.stateHash());
            out.flush();
        }
        if (statistics != null) {
            String json = BootStatistics.of(vm, end, WallPhases.endingNow(run)).toJson();
            try (OutputStream file = created("--stats", statistics)) {
                file.write(json.getBytes(StandardCharsets.UTF_8));
            }
        }
        SlipReport slips = vm.slipped();
        if (!slips.complaint(end).isEmpty()) {
            System.err.println("simvisor: " + slips.complaint(end));
        }
        return slips.status(end);
    }
}
