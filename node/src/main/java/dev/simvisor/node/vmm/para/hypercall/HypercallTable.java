package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The hypercalls that there are, by number. */
public final class HypercallTable {
    private static final int NUMBERS = 64;

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

    /** Does what the guest asked for; returns what it finds in RAX. */
    public long call(Vcpu vcpu, long number, long[] args) {
        Hypercall hypercall = find(number);
        vcpu.domain().ledger().count(ExitKind.HYPERCALL, hypercall == null ? "unknown" : hypercall.hypercallName());
        if (hypercall == null) return XenError.ENOSYS.result();
        try {
            return hypercall.call(vcpu, args);
        } catch (XenError error) {
            return error.result();
        }
    }
}
