package dev.simvisor.controller.experiment;

import com.google.protobuf.ByteString;
import dev.simvisor.controller.metrics.Measurement;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.Vm;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;

/**
 * What came of an experiment. All of it but wall-clock figures is the same in every run.
 *
 * @param consoles all that each VM said, by name
 * @param events in order
 * @param migrations with wall-clock figures
 * @param vms at the end, by name
 * @param processes names of those by which VMs come by themselves, in order
 * @param arrivals in the order in which they came
 * @param measurements in order; none where none were asked for
 * @param wallNanos how long the run took
 */
public record Outcome(
        SortedMap<String, ByteString> consoles,
        List<Event> events,
        List<MigrationReport> migrations,
        SortedMap<String, FinalVm> vms,
        List<String> processes,
        List<ArrivalOutcome> arrivals,
        List<Measurement> measurements,
        long virtualNanos,
        long wallNanos) {
    /**
     * A VM at the end.
     *
     * @param stateHash empty when it has ended
     */
    public record FinalVm(Vm vm, Optional<String> stateHash) {}
}
