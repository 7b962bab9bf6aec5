package dev.simvisor.node.vmm.para.event;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.RunState;
import dev.simvisor.node.vmm.para.domain.SmallDomain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** How events reach vCPUs and backends, in both ways of telling. */
class EventChannelsTest {
    private static final int CONTROL = 10;
    private static final int ARRAY = 11;
    private static final int PENDING = 1 << 31;
    private static final int MASKED = 1 << 30;
    private static final int LINKED = 1 << 29;

    private final SmallDomain small = new SmallDomain(2);
    private final Domain domain = small.domain;
    private final EventChannels events = domain.events();

    @AfterEach
    void close() {
        small.close();
    }

    private void useFifo() {
        events.controlBlock(0, domain.memory().memory(), (long) CONTROL << 12);
        events.eventArrayPage((long) ARRAY << 12);
    }

    private int word(int port) {
        return (int) domain.memory().memory().read(((long) ARRAY << 12) + 4L * port, 4);
    }

    private void word(int port, int value) {
        domain.memory().memory().write(((long) ARRAY << 12) + 4L * port, 4, value);
    }

    private int head(int priority) {
        return (int) domain.memory().memory().read(((long) CONTROL << 12) + 8 + 4L * priority, 4);
    }

    @Test
    void whatABackendRaisesIsPendingAndHasTheVcpuLook() {
        int port = events.allocateForBackend(() -> {});
        events.notifyGuest(port);
        assertThat(domain.shared().pending(0)).isEqualTo(1L << port);
        assertThat(small.vcpu().upcallPending()).isTrue();
    }

    @Test
    void whatTheGuestSendsRunsTheBackend() {
        AtomicInteger notified = new AtomicInteger();
        int port = events.allocateForBackend(notified::incrementAndGet);
        events.send(port);
        assertThat(notified).hasValue(1);
        assertThat(small.vcpu().upcallPending()).isFalse();
    }

    @Test
    void aMaskedPortIsPendingAndNobodyLooks() {
        int port = events.allocateForBackend(() -> {});
        domain.shared().masked(0, 1L << port);
        events.notifyGuest(port);
        assertThat(events.isPending(port)).isTrue();
        assertThat(small.vcpu().upcallPending()).isFalse();
        events.unmask(port);
        assertThat(small.vcpu().upcallPending()).isTrue();
    }

    @Test
    void aBackendConnectsOnlyToAPortThatWaitsForIt() {
        int waiting = events.allocateUnbound(EventChannels.BACKEND_DOMAIN);
        int other = events.allocateUnbound(7);
        assertThat(events.connectBackend(waiting, new End())).isTrue();
        assertThat(events.connectBackend(waiting, new End())).isFalse();
        assertThat(events.connectBackend(other, new End())).isFalse();
        assertThat(events.connectBackend(999, new End())).isFalse();
        events.disconnectBackend(waiting);
        assertThat(events.connectBackend(waiting, new End())).isTrue();
    }

    @Test
    void aBackendHearsThatTheGuestHasClosedItsPort() {
        End end = new End();
        int port = events.allocateUnbound(EventChannels.BACKEND_DOMAIN);
        events.connectBackend(port, end);
        events.close(port);
        assertThat(end.closed).isTrue();
    }

    /** A backend's, that does nothing. */
    private static final class End implements BackendEnd {
        private boolean closed;

        @Override
        public void run() {}

        @Override
        public void closed() {
            closed = true;
        }
    }

    @Test
    void aVirtualInterruptIsBoundOnceForEachVcpu() {
        int port = events.bindVirtualInterrupt(EventChannels.VIRQ_TIMER, 1);
        assertThatThrownBy(() -> events.bindVirtualInterrupt(EventChannels.VIRQ_TIMER, 1))
                .isSameAs(XenError.EEXIST);
        events.bindVirtualInterrupt(EventChannels.VIRQ_TIMER, 0);
        events.raiseVirtualInterrupt(EventChannels.VIRQ_TIMER, 1);
        assertThat(events.isPending(port)).isTrue();
        assertThat(small.vcpu().upcallPending()).isFalse();
        assertThat(domain.vcpu(1).upcallPending()).isTrue();
    }

    @Test
    void loopbackConnectsTwoPortsOfTheDomain() {
        int first = events.allocateUnbound(Domain.ID);
        int second = events.bindInterdomain(Domain.ID, first);
        events.send(second);
        assertThat(events.isPending(first)).isTrue();
        events.close(second);
        assertThat(events.channel(first)).isEqualTo(new Channel.Unbound(Domain.ID));
    }

    @Test
    void portsThatAreNoneAreRefused() {
        for (int port : new int[] {-1, 0, 77, 4095, 4096, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> events.send(port)).isSameAs(XenError.EINVAL);
            assertThatThrownBy(() -> events.close(port)).isSameAs(XenError.EINVAL);
        }
        assertThatThrownBy(() -> events.bindInterProcessor(2)).isSameAs(XenError.ENOENT);
        assertThatThrownBy(() -> events.bindInterdomain(0, 1)).isSameAs(XenError.ESRCH);
    }

    @Test
    void aBlockedVcpuIsWokenByItsEvent() {
        int port = events.bindInterProcessor(0);
        Vcpu vcpu = small.vcpu();
        vcpu.block();
        assertThat(vcpu.runState.state()).isEqualTo(RunState.BLOCKED);
        events.send(port);
        assertThat(vcpu.runState.state()).isEqualTo(RunState.RUNNABLE);
        vcpu.block();
        assertThat(vcpu.runState.state()).as("with an event pending").isEqualTo(RunState.RUNNABLE);
    }

    @Test
    void aPollingVcpuIsWokenByAMaskedPort() {
        int port = events.bindInterProcessor(0);
        domain.shared().masked(0, 1L << port);
        BitSet ports = new BitSet();
        ports.set(port);
        small.vcpu().poll(ports, Long.MAX_VALUE);
        events.send(port);
        assertThat(small.vcpu().runState.state()).isEqualTo(RunState.RUNNABLE);
    }

    @Test
    void queuedEventsAreLinkedInTheOrderInWhichTheyCame() {
        int first = events.bindInterProcessor(0);
        int second = events.bindInterProcessor(0);
        useFifo();
        events.send(second);
        events.send(first);
        assertThat(head(7)).isEqualTo(second);
        assertThat(word(second)).isEqualTo(PENDING | LINKED | first);
        assertThat(word(first)).isEqualTo(PENDING | LINKED);
        assertThat(domain.memory().memory().read((long) CONTROL << 12, 4)).isEqualTo(1 << 7);
        assertThat(small.vcpu().upcallPending()).isTrue();
    }

    @Test
    void aQueueThatTheGuestHasEmptiedStartsAnew() {
        int first = events.bindInterProcessor(0);
        int second = events.bindInterProcessor(0);
        useFifo();
        events.send(first);
        word(first, 0);
        events.send(second);
        assertThat(head(7)).isEqualTo(second);
    }

    @Test
    void prioritiesHaveQueuesOfTheirOwn() {
        int port = events.bindInterProcessor(0);
        useFifo();
        events.priority(port, 2);
        events.send(port);
        assertThat(head(2)).isEqualTo(port);
        assertThat(head(7)).isZero();
        assertThatThrownBy(() -> events.priority(port, 16)).isSameAs(XenError.EINVAL);
    }

    @Test
    void whatWasPendingBeforeTheQueuesIsQueued() {
        int port = events.bindInterProcessor(0);
        domain.shared().masked(0, -1);
        events.send(port);
        useFifo();
        assertThat(word(port)).isEqualTo(PENDING | LINKED);
        assertThat(head(7)).isEqualTo(port);
    }

    @Test
    void aMaskedPortIsQueuedWhenItIsUnmasked() {
        int port = events.bindInterProcessor(0);
        useFifo();
        word(port, MASKED);
        events.send(port);
        assertThat(word(port)).isEqualTo(PENDING | MASKED);
        events.unmask(port);
        assertThat(word(port)).isEqualTo(PENDING | LINKED);
    }
}
