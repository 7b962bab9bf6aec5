package dev.simvisor.controller.cli;

import dev.simvisor.controller.report.EventWords;
import dev.simvisor.controller.report.Figures;
import dev.simvisor.controller.report.Table;
import dev.simvisor.proto.api.ClusterStatus;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.ExitCount;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.NetworkCard;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import java.util.List;

/** The API's answers as tables and lines. */
final class ApiTables {
    private ApiTables() {}

    static Table vms(List<Vm> vms) {
        Table table = Table.of("VM", "STATE", "HOST", ">MEMORY", "MODE", ">INSTRUCTIONS", "REASON");
        for (Vm vm : vms) {
            table.row(
                    vm.getSpec().getName(),
                    state(vm),
                    vm.getHost(),
                    Figures.mebibytes(vm.getSpec().getMemoryBytes()),
                    mode(vm),
                    vm.getInstructions(),
                    vm.getReason());
        }
        return table;
    }

    /** All that is known of one VM. */
    static Table vm(Vm vm) {
        Table table = Table.of("FIELD", "VALUE")
                .row("name", vm.getSpec().getName())
                .row("state", state(vm))
                .row("reason", vm.getReason())
                .row("host", vm.getHost())
                .row("memory", Figures.mebibytes(vm.getSpec().getMemoryBytes()))
                .row("vCPUs", Math.max(1, vm.getSpec().getCpus()))
                .row("mode", mode(vm) + (mode(vm).equals(createdIn(vm)) ? "" : ", created in " + createdIn(vm)))
                .row("CPU model", vm.getSpec().getCpuModel())
                .row("epoch", vm.getEpoch())
                .row("migration", vm.getMigration() == 0 ? "" : vm.getMigration())
                .row("created at", Figures.seconds(vm.getCreatedNanos()))
                .row("network card", card(vm.getSpec()))
                .row("resets", vm.getResets() == 0 ? "" : vm.getResets())
                .row("instructions", vm.getInstructions())
                .row("virtual cycles", vm.getVirtualCycles())
                .row("console", vm.getConsoleBytes() + " bytes");
        for (ExitCount exits : vm.getExitsList()) table.row("exits: " + exits.getKind(), exits.getCount());
        return table;
    }

    /** Its address; where that is another VM's, too, its cable is out. */
    private static String card(VmSpec spec) {
        if (!spec.hasNetwork()) return "";
        NetworkCard card = spec.getNetwork();
        return card.getAddress() + (card.getLinkDown() ? ", not plugged in: another VM has the address" : "");
    }

    static Table hosts(List<Host> hosts) {
        Table table = Table.of(
                "HOST", "STATE", "NODE", ">PCPUS", "CPU MODEL", "MODES", ">MEMORY", ">RESERVED", "VMS", "REASON");
        for (Host host : hosts) {
            table.row(
                    host.getSpec().getName(),
                    state(host),
                    host.getNode(),
                    host.getSpec().getPcpus(),
                    host.getSpec().getCpuModel(),
                    host.getSpec().getModesCount() == 0
                            ? "bare"
                            : String.join(",", host.getSpec().getModesList()),
                    Figures.mebibytes(host.getSpec().getMemoryBytes()),
                    Figures.mebibytes(host.getMemoryReservedBytes()),
                    String.join(",", host.getVmsList()),
                    host.getReason());
        }
        return table;
    }

    static Table status(ClusterStatus status) {
        return Table.of("FIELD", "VALUE")
                .row("virtual time", Figures.seconds(status.getVirtualNanos()))
                .row("pace", status.getPace() == 0 ? "as fast as it goes" : status.getPace())
                .row("lookahead", Figures.millis(status.getLookaheadNanos()))
                .row("windows", Long.toUnsignedString(status.getWindows()))
                .row("nodes", status.getNodes())
                .row("hosts up", status.getHostsUp() + " of " + status.getHosts())
                .row("VMs running", status.getVmsRunning() + " of " + status.getVms())
                .row("migrations active", status.getMigrationsActive());
    }

    /** What happened, in one line. */
    static String event(Event event) {
        return String.format(
                "%6d  %14s  %s", event.getNumber(), Figures.seconds(event.getVirtualNanos()), EventWords.of(event));
    }

    private static String state(Vm vm) {
        return Figures.word(vm.getState(), "VM_");
    }

    private static String state(Host host) {
        return Figures.word(host.getState(), "HOST_");
    }

    /** The mode it runs in. */
    private static String mode(Vm vm) {
        return vm.getMode().isEmpty() ? createdIn(vm) : vm.getMode();
    }

    private static String createdIn(Vm vm) {
        return vm.getSpec().getMode().isEmpty() ? "bare" : vm.getSpec().getMode();
    }
}
