package dev.simvisor.controller.cli;

import dev.simvisor.controller.boot.SerialLine;
import dev.simvisor.controller.boot.StreamLine;
import dev.simvisor.controller.boot.TerminalLine;
import dev.simvisor.controller.report.Figures;
import dev.simvisor.controller.report.MigrationTables;
import dev.simvisor.controller.report.Table;
import dev.simvisor.proto.api.ListVmsRequest;
import dev.simvisor.proto.api.ListVmsResponse;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationRequest;
import dev.simvisor.proto.api.RestoreVmRequest;
import dev.simvisor.proto.api.SnapshotVmRequest;
import dev.simvisor.proto.api.SnapshotVmResponse;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmRequest;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code simvisor vm}. */
@Command(
        name = "vm",
        description = "Creates, shows, controls and migrates the VMs of a running cluster.",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            VmCreateCommand.class,
            VmCommand.ListAll.class,
            VmCommand.Show.class,
            VmCommand.Console.class,
            VmCommand.Pause.class,
            VmCommand.Resume.class,
            VmCommand.Stop.class,
            VmCommand.Snapshot.class,
            VmCommand.Restore.class,
            VmCloneCommand.class,
            VmMigrateCommand.class,
            VmCommand.CancelMigration.class
        })
final class VmCommand {
    /** {@code simvisor vm list}. */
    @Command(name = "list", description = "Lists all VMs, those that have ended too.")
    static final class ListAll extends ClientCommand {
        @Override
        void run(ApiClient api) throws Exception {
            ListVmsResponse answer = api.vms().list(ListVmsRequest.getDefaultInstance());
            show(answer, () -> ApiTables.vms(answer.getVmsList()));
        }
    }

    /** A verb about one VM. */
    abstract static class OfOne extends ClientCommand {
        @Parameters(paramLabel = "VM", description = "The VM's name.")
        private String vm = "";

        final String name() {
            return vm;
        }

        final VmRequest request() {
            return VmRequest.newBuilder().setVm(vm).build();
        }

        final void show(Vm answer) throws IOException {
            show(answer, () -> ApiTables.vms(List.of(answer)));
        }
    }

    /** {@code simvisor vm show}. */
    @Command(name = "show", description = "Shows all that is known of a VM.")
    static final class Show extends OfOne {
        @Override
        void run(ApiClient api) throws IOException {
            Vm vm = api.vms().get(request());
            show(vm, () -> ApiTables.vm(vm));
        }
    }

    /** {@code simvisor vm console}. */
    @Command(
            name = "console",
            description = "Connects this terminal with a VM's console.",
            footer = {
                "",
                "At a terminal every key goes to the guest, but for Ctrl-A x, which hangs up and leaves the VM running, and"
                        + " Ctrl-A Ctrl-A, which types one Ctrl-A. Input may also be a pipe or a file. Ends with the VM."
            })
    static final class Console extends OfOne {
        @Option(names = "--from-start", description = "First shows what the console has said so far.")
        private boolean fromStart;

        @Override
        void run(ApiClient api) throws IOException, InterruptedException {
            boolean vmEnded;
            try (SerialLine line = line()) {
                vmEnded = ConsoleSession.run(api.consoles(), name(), fromStart, line);
            }
            err().println(vmEnded ? "VM " + name() + " has ended" : "hung up; VM " + name() + " goes on");
        }

        private static SerialLine line() throws IOException, InterruptedException {
            return TerminalLine.isAttached()
                    ? TerminalLine.open()
                    : StreamLine.of(new FileInputStream(FileDescriptor.in), new FileOutputStream(FileDescriptor.out));
        }
    }

    /** {@code simvisor vm pause}. */
    @Command(name = "pause", description = "Stops a VM's clock.")
    static final class Pause extends OfOne {
        @Override
        void run(ApiClient api) throws IOException {
            show(api.vms().pause(request()));
        }
    }

    /** {@code simvisor vm resume}. */
    @Command(name = "resume", description = "Lets the clock of a paused VM run again.")
    static final class Resume extends OfOne {
        @Override
        void run(ApiClient api) throws IOException {
            show(api.vms().resume(request()));
        }
    }

    /** {@code simvisor vm stop}. */
    @Command(name = "stop", description = "Ends a VM, as pulling its plug would.")
    static final class Stop extends OfOne {
        @Override
        void run(ApiClient api) throws IOException {
            show(api.vms().stop(request()));
        }
    }

    /** {@code simvisor vm snapshot}. */
    @Command(name = "snapshot", description = "Saves a VM's state, memory included, to a file; the VM goes on.")
    static final class Snapshot extends OfOne {
        @Option(names = "--file", paramLabel = "FILE", required = true, description = "Written by the VM's host.")
        private Path file = Path.of("");

        @Override
        void run(ApiClient api) throws IOException {
            SnapshotVmResponse saved = api.vms()
                    .snapshot(SnapshotVmRequest.newBuilder()
                            .setVm(name())
                            .setFile(file.toAbsolutePath().toString())
                            .build());
            show(
                    saved,
                    () -> Table.of("VM", "FILE", ">SIZE", "STATE HASH")
                            .row(name(), file, Figures.size(saved.getBytes()), saved.getStateHash()));
        }
    }

    /** {@code simvisor vm restore}. */
    @Command(name = "restore", description = "Makes a VM of a snapshot, to go on where that was taken.")
    static final class Restore extends ClientCommand {
        @Parameters(paramLabel = "FILE", description = "The snapshot.")
        private Path file = Path.of("");

        @Option(names = "--name", paramLabel = "VM", defaultValue = "", description = "Default: that of the saved VM.")
        private String name = "";

        @Option(
                names = "--host",
                paramLabel = "HOST",
                defaultValue = "",
                description = "Default: the placement's choice.")
        private String host = "";

        @Option(names = "--paused", description = "Leaves it paused.")
        private boolean paused;

        @Override
        void run(ApiClient api) throws IOException {
            Vm vm = api.vms()
                    .restore(RestoreVmRequest.newBuilder()
                            .setFile(file.toAbsolutePath().toString())
                            .setName(name)
                            .setHost(host)
                            .setPaused(paused)
                            .build());
            show(vm, () -> ApiTables.vms(List.of(vm)));
        }
    }

    /** {@code simvisor vm cancel-migration}. */
    @Command(
            name = "cancel-migration",
            description = "Ends a VM's migration before it is complete; the VM goes on where it is.")
    static final class CancelMigration extends OfOne {
        @Override
        void run(ApiClient api) throws CommandFailed, IOException {
            long number = api.vms().get(request()).getMigration();
            if (number == 0) {
                throw new CommandFailed("VM " + name() + " is not being migrated");
            }
            MigrationReport report = api.migrations()
                    .cancel(MigrationRequest.newBuilder().setNumber(number).build());
            show(report, () -> MigrationTables.summary(List.of(report)));
        }
    }
}
