package dev.simvisor.controller.report;

import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.Vm;

/** What happened in a cluster, in words. */
public final class EventWords {
    private EventWords() {}

    /** One line, without the event's number and time. */
    public static String of(Event event) {
        return switch (event.getWhatCase()) {
            case VM -> of(event.getVm());
            case HOST -> of(event.getHost());
            case MIGRATION -> of(event.getMigration());
            case NODE -> event.getNode();
            case REFUSAL -> "refused: " + event.getRefusal();
            case WHAT_NOT_SET -> "something that this version does not know";
        };
    }

    private static String of(Vm vm) {
        return "VM " + vm.getSpec().getName() + " on host " + vm.getHost() + " is " + Figures.word(vm.getState(), "VM_")
                + because(vm.getReason());
    }

    private static String of(Host host) {
        return "host " + host.getSpec().getName() + " is " + Figures.word(host.getState(), "HOST_")
                + because(host.getReason());
    }

    private static String of(MigrationReport report) {
        return "migration " + report.getNumber() + " of VM " + report.getVm() + " from " + report.getSource() + " to "
                + report.getTarget() + " is " + Figures.word(report.getState(), "MIGRATION_") + ", "
                + Figures.count(report.getRoundsCount(), "round") + because(report.getReason());
    }

    private static String because(String reason) {
        return reason.isEmpty() ? "" : ": " + reason;
    }
}
