package dev.simvisor.node.host;

import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.ToyMachine;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.node.vmm.migration.PageCoding;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.LinkSpec;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.CreateVm;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.WindowDone;
import java.util.function.Consumer;

/** Hosts of toy machines behind links of a millisecond, and what they are told. */
final class ToyHosts {
    static final long MILLI = 1_000_000;

    /** No test here migrates. */
    static final PageStreams NO_STREAMS = new PageStreams() {
        @Override
        public Outgoing open(String address, long migration, PageCoding coding) {
            throw new AssertionError("no migration was asked for");
        }

        @Override
        public Incoming expect(long migration, GuestMachine machine) {
            throw new AssertionError("no migration was asked for");
        }
    };

    private ToyHosts() {}

    /** @param pageSharingNanos how often it has its VMs share pages; 0 for never */
    static HostSimulation host(String name, int pcpus, long pageSharingNanos, Consumer<ToyMachine> whenBuilt) {
        HostSpec spec = HostSpec.newBuilder()
                .setPageSharingNanos(pageSharingNanos)
                .setName(name)
                .setPcpus(pcpus)
                .setMemoryBytes(64 << 20)
                .setLink(LinkSpec.newBuilder().setLatencyNanos(MILLI).setBitsPerSecond(1_000_000_000))
                .build();
        return new HostSimulation(spec, new ToyMachines(spec.getMemoryBytes(), whenBuilt), NO_STREAMS, 0);
    }

    /** A guest that always has something to execute counts a step per cycle; one in 100 keeps the test quick. */
    static HostCommand create(String name, int weight) {
        return create(name, weight, 100);
    }

    static HostCommand create(String name, int weight, long stepEvery) {
        VmSpec spec = VmSpec.newBuilder()
                .setName(name)
                .setMemoryBytes(1 << 20)
                .setWeight(weight)
                .putLabels("dirty-every", Long.toString(stepEvery))
                .build();
        return HostCommand.newBuilder()
                .setNumber(1)
                .setCreate(CreateVm.newBuilder().setSpec(spec).setEpoch(1))
                .build();
    }

    /** As {@link #create}; the guest ends by itself. */
    static HostCommand ending(String name, long cycles) {
        HostCommand.Builder create = create(name, 0).toBuilder();
        create.getCreateBuilder().getSpecBuilder().putLabels("ends-at", Long.toString(cycles));
        return create.build();
    }

    /** Leave for more than a window. */
    static RunWindow.Builder ahead(long from, long until, long alone) {
        return RunWindow.newBuilder()
                .setFromNanos(from)
                .setUntilNanos(until)
                .setLookaheadNanos(MILLI)
                .setPlannedNanos(Long.MAX_VALUE)
                .setAloneUntilNanos(alone);
    }

    /** Has a host run what it is granted, as far as that goes. */
    static WindowDone answer(HostSimulation host, RunWindow grant) {
        return new JointWindows(grant.getWindow(), 1, Runnable::run)
                .join(host, grant, Runnable::run)
                .join();
    }
}
