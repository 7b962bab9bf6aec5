package dev.simvisor.node.host;

import dev.simvisor.node.vmm.VirtualMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The thread that a VM's vCPU runs on: a platform thread of its own or its host's, never one of an actor's. */
final class VcpuThread implements AutoCloseable {
    private final VirtualMachine vm;
    private final boolean hasDisks;
    private final ExecutorService thread;

    VcpuThread(VirtualMachine vm) {
        this.vm = vm;
        this.hasDisks = !vm.machine().disks().isEmpty();
        this.thread = Executors.newSingleThreadExecutor(
                Thread.ofPlatform().daemon().name("vcpu-" + vm.name()).factory());
    }

    /**
     * Lets VMs run to a virtual time, at once. One of them, which may be all there are, runs on the caller's thread: to hand a window to
     * another thread and wait for it takes longer than many a window. Not one with disks, as the caller's may be interrupted: that
     * closes a file ({@link java.nio.channels.FileChannel}).
     */
    static void runAllTo(long nanos, List<VcpuThread> vcpus) throws InterruptedException {
        VcpuThread here = null;
        List<Future<?>> elsewhere = new ArrayList<>();
        for (VcpuThread vcpu : vcpus) {
            if (here == null && !vcpu.hasDisks) {
                here = vcpu;
            } else {
                elsewhere.add(vcpu.thread.submit(() -> vcpu.run(nanos)));
            }
        }
        if (here != null) {
            here.run(nanos);
        }
        for (Future<?> run : elsewhere) {
            join(run);
        }
    }

    private void run(long nanos) {
        BugContainment.contain(vm, running -> running.runTo(nanos));
    }

    /** Waits for a run, whatever its outcome. */
    private static void join(Future<?> run) throws InterruptedException {
        try {
            run.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("a vCPU thread died", e.getCause());
        }
    }

    /** Waits for a run in progress: the VM's memory must not go while its vCPU writes to it. */
    @Override
    public void close() {
        thread.close();
    }
}
