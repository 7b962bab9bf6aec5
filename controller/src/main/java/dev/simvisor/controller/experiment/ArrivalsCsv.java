package dev.simvisor.controller.experiment;

import dev.simvisor.controller.report.Figures;
import dev.simvisor.proto.api.VmState;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Arrivals as comma-separated values: a line of headers, then one for each. Times are virtual. */
final class ArrivalsCsv {
    private ArrivalsCsv() {}

    static List<String> lines(List<ArrivalOutcome> arrivals, Map<String, Outcome.FinalVm> vms) {
        List<String> lines = new ArrayList<>();
        lines.add("vm,process,type,arrived_seconds,lifetime_seconds,fate,waited_seconds,host,state");
        for (ArrivalOutcome arrival : arrivals) {
            PlannedArrival planned = arrival.planned();
            Outcome.FinalVm vm = vms.get(planned.vm());
            VmState state = vm == null ? VmState.VM_STATE_UNSPECIFIED : vm.vm().getState();
            lines.add(String.join(
                    ",",
                    planned.vm(),
                    planned.process(),
                    planned.type().name(),
                    Figures.exactSeconds(planned.atNanos()),
                    planned.lifetimeNanos().isPresent()
                            ? Figures.exactSeconds(planned.lifetimeNanos().getAsLong())
                            : "",
                    Figures.word(arrival.fate(), ""),
                    Figures.exactSeconds(arrival.waitedNanos()),
                    vm == null ? "" : vm.vm().getHost(),
                    state == VmState.VM_STATE_UNSPECIFIED ? "" : Figures.word(state, "VM_")));
        }
        return lines;
    }
}
