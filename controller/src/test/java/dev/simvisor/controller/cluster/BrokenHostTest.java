package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.simvisor.controller.embedded.EmbeddedCluster;
import dev.simvisor.controller.placement.FitPlacement;
import dev.simvisor.node.vmm.ToyMachines;
import dev.simvisor.proto.api.Host;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.HostState;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** A host that dies of a bug dies alone. */
class BrokenHostTest {
    private static final String CURSED = "cursed";

    private static ToyMachines machines(HostSpec host) {
        return new ToyMachines(host.getMemoryBytes(), machine -> {
            if (machine.name().equals(CURSED)) throw new IllegalStateException("this bug is part of a test");
        });
    }

    @Test
    void itsNodeGoesOnWithTheOthersAndTakesItBack() throws Exception {
        try (EmbeddedCluster cluster =
                EmbeddedCluster.start(List.of("node"), FitPlacement.FIRST_FIT, BrokenHostTest::machines, 0)) {
            ClusterControl control = cluster.control();
            get(control.defineHost(ToyCluster.host("h1")));
            get(control.defineHost(ToyCluster.host("h2")));
            control.at(0).createVm(ToyCluster.vm("first", "h1"));
            control.at(0).createVm(ToyCluster.vm("second", "h2"));
            CompletableFuture<Vm> cursed = control.at(10 * MILLI).createVm(ToyCluster.vm(CURSED, "h1"));
            CompletableFuture<Host> recovered = control.at(20 * MILLI).recoverHost("h1");
            CompletableFuture<Vm> again = control.at(30 * MILLI).createVm(ToyCluster.vm("third", "h1"));
            CompletableFuture<Void> reached = control.at(40 * MILLI).reached();
            get(control.start());
            get(reached);

            assertThatThrownBy(() -> get(cursed)).hasMessageContaining("this bug is part of a test");
            assertThat(get(recovered).getState()).isEqualTo(HostState.HOST_UP);
            assertThat(get(again).getState()).isEqualTo(VmState.VM_RUNNING);
            assertThat(get(control.vms()))
                    .extracting(vm -> vm.getSpec().getName(), Vm::getState)
                    .contains(
                            tuple("first", VmState.VM_LOST),
                            tuple("second", VmState.VM_RUNNING),
                            tuple("third", VmState.VM_RUNNING));
        }
    }
}
