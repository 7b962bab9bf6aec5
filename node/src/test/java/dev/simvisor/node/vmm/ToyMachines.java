package dev.simvisor.node.vmm;

import dev.simvisor.proto.api.VmSpec;
import java.util.List;
import java.util.function.Consumer;

/** Builds {@link ToyMachine}s within a host's memory. */
public final class ToyMachines implements MachineFactory {
    private final Consumer<ToyMachine> whenBuilt;
    private long freeBytes;
    private long looks;
    private boolean closed;

    public ToyMachines(long hostBytes) {
        this(hostBytes, machine -> {});
    }

    /** A factory that shows every machine it makes. */
    public ToyMachines(long hostBytes, Consumer<ToyMachine> whenBuilt) {
        this.freeBytes = hostBytes;
        this.whenBuilt = whenBuilt;
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
        ToyMachine machine = new ToyMachine(spec, () -> give(bytes));
        whenBuilt.accept(machine);
        return new Built.Ready(machine);
    }

    private synchronized void give(long bytes) {
        freeBytes += bytes;
    }

    @Override
    public synchronized long freeBytes() {
        return freeBytes;
    }

    /** Is counted, and nothing more: these machines have no frames. */
    @Override
    public synchronized void sharePages(List<GuestMachine> machines) {
        looks++;
    }

    /** A page for each time that pages were to be shared. */
    @Override
    public synchronized long savedBytes() {
        return looks * GuestMachine.PAGE_BYTES;
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    /** Whether the host has given back its memory. */
    public synchronized boolean isClosed() {
        return closed;
    }
}
