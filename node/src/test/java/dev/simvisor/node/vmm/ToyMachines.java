package dev.simvisor.node.vmm;

import dev.simvisor.proto.api.VmSpec;

/** Builds {@link ToyMachine}s within a host's memory. */
public final class ToyMachines implements MachineFactory {
    private long freeBytes;

    public ToyMachines(long hostBytes) {
        freeBytes = hostBytes;
    }

    @Override
    public Built booted(VmSpec spec) {
        Built built = blank(spec);
        if (built instanceof Built.Ready(GuestMachine machine)) {
            ((ToyMachine) machine).boot();
        }
        return built;
    }

    @Override
    public synchronized Built blank(VmSpec spec) {
        long bytes = spec.getMemoryBytes();
        if (bytes > freeBytes) {
            return new Built.Refused("no room for " + (bytes >> 20) + " MiB: " + (freeBytes >> 20) + " MiB are free");
        }
        freeBytes -= bytes;
        return new Built.Ready(new ToyMachine(spec, () -> give(bytes)));
    }

    private synchronized void give(long bytes) {
        freeBytes += bytes;
    }

    @Override
    public synchronized long freeBytes() {
        return freeBytes;
    }
}
