package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static dev.simvisor.controller.cluster.ToyCluster.SECOND;
import static dev.simvisor.controller.cluster.ToyCluster.get;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.simvisor.proto.api.ArrivalRequest;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.MigrateRequest;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmState;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** VMs that come by themselves to two hosts of 64 MiB. */
class ArrivalsTest {
    private static final long MIB = 1 << 20;

    private ToyCluster toys;
    private ClusterControl cluster;
    private final List<Event> events = new ArrayList<>();

    @BeforeEach
    void startCluster() throws IOException {
        toys = ToyCluster.of(2, 0, "node");
        cluster = toys.control();
        cluster.watch(1, events::add);
    }

    @AfterEach
    void endCluster() {
        toys.close();
    }

    private static ArrivalRequest.Builder arrival(String name, long mebibytes) {
        return ArrivalRequest.newBuilder()
                .setSpec(ToyCluster.vm(name, "").getSpec().toBuilder().setMemoryBytes(mebibytes * MIB));
    }

    private CompletableFuture<Vm> arrive(long nanos, ArrivalRequest.Builder request) {
        return cluster.at(nanos).arrive(request.build());
    }

    /** Runs up to a time. */
    private void run(long nanos) {
        CompletableFuture<Void> reached = cluster.at(nanos).reached();
        get(cluster.start());
        get(reached);
        get(cluster.hold());
    }

    private long nanosOf(String vm, VmState state) {
        return events.stream()
                .filter(event -> event.getVm().getSpec().getName().equals(vm)
                        && event.getVm().getState() == state)
                .mapToLong(Event::getVirtualNanos)
                .findFirst()
                .orElseThrow();
    }

    private static void assertRefused(CompletableFuture<Vm> answer, Refusal.Kind kind) {
        assertThat(answer).isDone();
        assertThatThrownBy(() -> answer.get(0, TimeUnit.SECONDS))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOfSatisfying(
                        Refusal.class, refusal -> assertThat(refusal.kind()).isEqualTo(kind));
    }

    @Test
    void vmIsPlacedAtOnceAndLeavesAfterItsLifetime() {
        CompletableFuture<Vm> a = arrive(10 * MILLI, arrival("a", 8).setLifetimeNanos(100 * MILLI));
        run(SECOND);

        assertThat(get(a)).returns(VmState.VM_RUNNING, Vm::getState).returns(10 * MILLI, Vm::getCreatedNanos);
        // The host is told at the exact time, and its word arrives one latency of its link later.
        assertThat(nanosOf("a", VmState.VM_STOPPED)).isEqualTo(111 * MILLI);
        assertThat(get(cluster.hosts()))
                .allSatisfy(host -> assertThat(host.getMemoryReservedBytes()).isZero());
    }

    @Test
    void lifetimeThatIsOverBeforeTheHostHasAnsweredEndsThen() {
        arrive(10 * MILLI, arrival("a", 8).setLifetimeNanos(1));
        run(SECOND);

        assertThat(nanosOf("a", VmState.VM_RUNNING)).isEqualTo(11 * MILLI);
        assertThat(nanosOf("a", VmState.VM_STOPPED)).isEqualTo(12 * MILLI);
    }

    @Test
    void guestMayEndBeforeItsLifetimeDoes() {
        arrive(10 * MILLI, arrival("a", 8).setLifetimeNanos(100 * MILLI).setTyped(ByteString.copyFromUtf8("!")));
        run(SECOND);

        assertThat(nanosOf("a", VmState.VM_STOPPED)).isLessThan(20 * MILLI);
        assertThat(events.stream().filter(event -> event.getVm().getState() == VmState.VM_STOPPED))
                .hasSize(1);
    }

    @Test
    void withoutPatienceWhoFindsNoRoomIsRefused() {
        arrive(0, arrival("a", 64));
        arrive(0, arrival("b", 40));
        CompletableFuture<Vm> c = arrive(10 * MILLI, arrival("c", 40));
        run(SECOND);

        assertRefused(c, Refusal.Kind.NO_ROOM);
        assertThat(get(cluster.vms())).extracting(vm -> vm.getSpec().getName()).containsExactly("a", "b");
    }

    @Test
    void whoWaitsIsPlacedInOrderWhenThereIsRoomAndASmallerOnePassesALargerOne() {
        arrive(0, arrival("a", 64).setLifetimeNanos(300 * MILLI));
        arrive(0, arrival("b", 40).setLifetimeNanos(200 * MILLI));
        CompletableFuture<Vm> large = arrive(10 * MILLI, arrival("large", 64).setPatienceNanos(SECOND));
        CompletableFuture<Vm> first = arrive(20 * MILLI, arrival("first", 40).setPatienceNanos(SECOND));
        CompletableFuture<Vm> second = arrive(30 * MILLI, arrival("second", 40).setPatienceNanos(SECOND));
        CompletableFuture<Vm> small = arrive(40 * MILLI, arrival("small", 8).setPatienceNanos(SECOND));
        CompletableFuture<Vm> hasty = arrive(40 * MILLI, arrival("hasty", 40).setPatienceNanos(150 * MILLI));
        run(2 * SECOND);

        assertThat(get(small).getCreatedNanos()).isEqualTo(40 * MILLI);
        assertThat(get(first).getCreatedNanos()).isEqualTo(201 * MILLI);
        assertThat(get(large).getCreatedNanos()).isEqualTo(301 * MILLI);
        assertRefused(hasty, Refusal.Kind.NO_ROOM);
        assertRefused(second, Refusal.Kind.NO_ROOM);
    }

    @Test
    void hostThatRecoversTakesThoseWhoWait() {
        cluster.at(0).failHost("h1");
        cluster.at(0).failHost("h2");
        CompletableFuture<Vm> a = arrive(10 * MILLI, arrival("a", 8).setPatienceNanos(SECOND));
        cluster.at(50 * MILLI).recoverHost("h2");
        run(SECOND);

        assertThat(get(a)).returns("h2", Vm::getHost).returns(50 * MILLI, Vm::getCreatedNanos);
    }

    @Test
    void vmThatIsBeingHandedOverWhenItsLifetimeEndsIsStoppedSoonAfter() {
        arrive(0, arrival("a", 8).setLifetimeNanos(100 * MILLI));
        for (long nanos = 20 * MILLI; nanos < 200 * MILLI; nanos += MILLI) {
            cluster.at(nanos).migrate(MigrateRequest.newBuilder().setVm("a").build());
        }
        run(SECOND);

        assertThat(get(cluster.vms())).singleElement().returns(VmState.VM_STOPPED, Vm::getState);
        assertThat(nanosOf("a", VmState.VM_STOPPED)).isBetween(101 * MILLI, 300 * MILLI);
        assertThat(get(cluster.hosts()))
                .allSatisfy(host -> assertThat(host.getMemoryReservedBytes()).isZero());
    }

    @Test
    void requestsThatMakeNoSenseFailAtOnce() {
        CompletableFuture<Vm> nameless = arrive(0, arrival("a b", 8).setPatienceNanos(SECOND));
        CompletableFuture<Vm> negative = arrive(0, arrival("a", 8).setLifetimeNanos(-1));
        run(10 * MILLI);

        assertRefused(nameless, Refusal.Kind.INVALID);
        assertRefused(negative, Refusal.Kind.INVALID);
    }
}
