package dev.simvisor.node.vmm.para.event;

import dev.simvisor.node.vmm.para.abi.SharedInfo;

/** Two levels of bits in the shared info page: a bit for each port, and in each vCPU's info a bit for each word of ports. */
final class TwoLevelEvents implements EventBits {
    private static final int PORTS = 64 * 64;

    private final SharedInfo shared;
    private final EventSink vcpus;

    TwoLevelEvents(SharedInfo shared, EventSink vcpus) {
        this.shared = shared;
        this.vcpus = vcpus;
    }

    @Override
    public int ports() {
        return PORTS;
    }

    @Override
    public void raise(int port, int vcpu) {
        int word = port >>> 6;
        long bit = 1L << port;
        long pending = shared.pending(word);
        if ((pending & bit) != 0) return;
        shared.pending(word, pending | bit);
        if ((shared.masked(word) & bit) == 0 && vcpus.select(vcpu, word)) vcpus.upcall(vcpu);
        vcpus.polled(port);
    }

    @Override
    public void unmask(int port, int vcpu) {
        int word = port >>> 6;
        long bit = 1L << port;
        long masked = shared.masked(word);
        if ((masked & bit) == 0) return;
        shared.masked(word, masked & ~bit);
        if ((shared.pending(word) & bit) != 0 && vcpus.select(vcpu, word)) vcpus.upcall(vcpu);
    }

    @Override
    public void clear(int port) {
        int word = port >>> 6;
        shared.pending(word, shared.pending(word) & ~(1L << port));
    }

    @Override
    public boolean isPending(int port) {
        return (shared.pending(port >>> 6) & 1L << port) != 0;
    }
}
