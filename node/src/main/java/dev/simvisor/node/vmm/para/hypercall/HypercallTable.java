package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The hypercalls that there are, by number. */
public final class HypercallTable {
    private static final int NUMBERS = 64;

    /** Those of the public header xen.h, by name, whether there are any here or not. */
    private static final Map<String, Integer> NAMES = new TreeMap<>(Map.ofEntries(
            Map.entry("sched_op_compat", 6),
            Map.entry("platform_op", 7),
            Map.entry("event_channel_op_compat", 16),
            Map.entry("physdev_op_compat", 19),
            Map.entry("grant_table_op", 20),
            Map.entry("xsm_op", 27),
            Map.entry("nmi_op", 28),
            Map.entry("xenoprof_op", 31),
            Map.entry("sysctl", 35),
            Map.entry("domctl", 36),
            Map.entry("kexec_op", 37),
            Map.entry("argo_op", 39),
            Map.entry("xenpmu_op", 40),
            Map.entry("dm_op", 41),
            Map.entry("hypfs_op", 42)));

    private final @Nullable Hypercall[] byNumber = new @Nullable Hypercall[NUMBERS];

    /** The VMM's own hypercalls and those that {@code more} lists. */
    public HypercallTable(List<Hypercall> more) {
        add(new Multicall(this));
        own().forEach(this::add);
        more.forEach(this::add);
    }

    private static List<Hypercall> own() {
        return List.of(
                new SetTrapTable(),
                new MmuUpdate(),
                new SetGdt(),
                new StackSwitch(),
                new SetCallbacks(),
                new FpuTaskSwitch(),
                new SetDebugRegister(),
                new GetDebugRegister(),
                new UpdateDescriptor(),
                new MemoryOp(),
                new UpdateVaMapping(),
                new SetTimer(),
                new XenVersion(),
                new ConsoleIo(),
                new VmAssist(),
                new UpdateVaMappingOtherDomain(),
                new Iret(),
                new VcpuOp(),
                new SetSegmentBase(),
                new MmuExtOp(),
                new SchedOp(),
                new CallbackOp(),
                new EventChannelOp(),
                new GrantTableOp(),
                new PhysdevOp(),
                new HvmOp());
    }

    private void add(Hypercall hypercall) {
        if (byNumber[hypercall.number()] != null) {
            throw new IllegalArgumentException("two hypercalls of number " + hypercall.number());
        }
        byNumber[hypercall.number()] = hypercall;
    }

    /** Null if there is none of that number. */
    @Nullable
    Hypercall find(long number) {
        return number >= 0 && number < NUMBERS ? byNumber[(int) number] : null;
    }

    /** All there are, by number. */
    public List<Hypercall> all() {
        List<Hypercall> all = new ArrayList<>();
        for (Hypercall hypercall : byNumber) {
            if (hypercall != null) all.add(hypercall);
        }
        return all;
    }

    /** Hypercalls of the ABI that answer ENOSYS because they are not here: number by name. */
    public SortedMap<String, Integer> missing() {
        SortedMap<String, Integer> missing = new TreeMap<>(NAMES);
        missing.values().removeIf(number -> byNumber[number] != null);
        return missing;
    }

    private String nameOf(long number) {
        for (Map.Entry<String, Integer> name : NAMES.entrySet()) {
            if (name.getValue() == number) return name.getKey();
        }
        return "unknown";
    }

    /**
     * Does what the guest asked for; returns what it finds in RAX.
     *
     * @throws Preempted if the guest is to make the call again, with {@code args} as they are now
     */
    public long call(Vcpu vcpu, long number, long[] args) {
        vcpu.preemption.begin();
        Hypercall hypercall = find(number);
        vcpu.domain()
                .ledger()
                .count(ExitKind.HYPERCALL, hypercall == null ? nameOf(number) : hypercall.hypercallName());
        if (hypercall == null) return XenError.ENOSYS.result();
        long result;
        try {
            result = hypercall.call(vcpu, args);
        } catch (XenError error) {
            result = error.result();
        } catch (Preempted rest) {
            vcpu.preemption.brokenOff();
            throw rest;
        }
        vcpu.preemption.finished();
        return result;
    }
}
