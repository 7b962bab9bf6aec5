package dev.simvisor.node.host;

import com.google.protobuf.ByteString;
import dev.simvisor.node.host.transfer.PageStreams;
import dev.simvisor.node.host.transfer.TransferBroken;
import dev.simvisor.node.vmm.VirtualMachine;
import dev.simvisor.node.vmm.migration.MigrationPlan;
import dev.simvisor.node.vmm.migration.PageCoding;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.node.HandOver;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.SendCopy;
import java.util.BitSet;

/**
 * The state of a VM, as it is at one virtual time, on its way to another host. All of it is read at that time; a hand-over tells
 * the target when its last byte would have left by a link that has nothing else to carry.
 */
final class OutgoingCopy {
    private final HostContext host;
    private final VirtualMachine vm;
    private final SendCopy order;
    private final PageStreams.Outgoing stream;
    private boolean ended;

    OutgoingCopy(HostContext host, VirtualMachine vm, SendCopy order, PageStreams streams) {
        this.host = host;
        this.vm = vm;
        this.order = order;
        this.stream = streams.open(order.getTransferAddress(), order.getMigration(), PageCoding.NONE);
    }

    boolean hasEnded() {
        return ended;
    }

    void end() {
        ended = true;
        stream.close();
    }

    void begin() throws InterruptedException {
        if (vm.canBeSaved()) {
            send();
            return;
        }
        // Also a copy that has been given up meanwhile waits for the guest, to let it go on.
        Suspension.of(host, vm, key(), () -> true, new Suspension.Outcome() {
            @Override
            public void suspended() throws InterruptedException {
                if (!ended) {
                    send();
                }
                BugContainment.contain(vm, original -> original.resume(host.nowNanos()));
                host.reschedule();
            }

            @Override
            public void failed(String reason) {
                broken(reason);
            }
        });
    }

    private String key() {
        return String.format("%020d", order.getMigration());
    }

    private void send() throws InterruptedException {
        try {
            SentPages sent = stream.send(vm.machine(), vm.machine().pages().all());
            ByteString saved = vm.saveForTransfer().toByteString();
            long bytes = sent.wireBytes() + stream.finish(saved, new BitSet());
            String hash = vm.stateHash();
            long nanos = MigrationPlan.of(MigrationParameters.getDefaultInstance(), order.getPath())
                    .finalNanos(bytes);
            host.at(new Due(host.nowNanos() + nanos, Due.Rank.ROUND, key(), () -> handOver(hash, bytes)));
        } catch (TransferBroken e) {
            broken(e.reason());
        }
    }

    private void handOver(String hash, long bytes) {
        if (ended) {
            return;
        }
        host.sent(bytes);
        HandOver handOver = HandOver.newBuilder()
                .setMigration(order.getMigration())
                .setStateHash(hash)
                .build();
        host.tellHost(
                order.getTarget(),
                host.nowNanos(),
                order.getPath().getLatencyNanos(),
                HostMessage.newBuilder().setHandOver(handOver));
        end();
    }

    private void broken(String reason) {
        if (ended) {
            return;
        }
        host.tellBroken(order.getMigration(), reason);
        end();
    }
}
