package dev.simvisor.node.host;

import dev.simvisor.node.vmm.VirtualMachine;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.ForkJoinTask;

/**
 * The threads that compute for all hosts and VMs of this process: as many as it has processors. To hand a window of virtual time to a
 * thread that waits for it, one for each VM or host, takes longer than many a window. Here threads look for what is to be done as
 * long as there is some.
 */
final class Processors {
    private static final ForkJoinPool POOL = new ForkJoinPool();

    private Processors() {}

    /** Runs tasks on one of the threads, from which {@link #runAll} begins at once. */
    static Executor executor() {
        return POOL;
    }

    /** Runs tasks, several at once, and waits for them; they throw nothing. */
    static void runAll(List<Runnable> tasks) {
        List<ForkJoinTask<?>> all = new ArrayList<>(tasks.size());
        for (Runnable task : tasks) {
            all.add(ForkJoinTask.adapt(task));
        }
        if (ForkJoinTask.getPool() == POOL) {
            ForkJoinTask.invokeAll(all);
        } else {
            POOL.invoke(ForkJoinTask.adapt(() -> {
                ForkJoinTask.invokeAll(all);
            }));
        }
    }

    /**
     * Lets VMs run to a virtual time, at once. One that is alone runs on the caller's thread, but not if it has disks, as a host's own
     * thread may be interrupted: that closes a file ({@link java.nio.channels.FileChannel}).
     */
    static void runAllTo(long nanos, List<VirtualMachine> vms) {
        if (vms.size() == 1 && vms.getFirst().machine().disks().isEmpty()) {
            run(vms.getFirst(), nanos);
        } else if (!vms.isEmpty()) {
            List<Runnable> runs = new ArrayList<>(vms.size());
            for (VirtualMachine vm : vms) {
                runs.add(() -> run(vm, nanos));
            }
            runAll(runs);
        }
    }

    private static void run(VirtualMachine vm, long nanos) {
        BugContainment.contain(vm, running -> running.runTo(nanos));
    }
}
