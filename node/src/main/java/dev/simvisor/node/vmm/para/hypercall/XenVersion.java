package dev.simvisor.node.vmm.para.hypercall;

import dev.simvisor.node.vmm.para.abi.XenError;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.GuestAccess;
import dev.simvisor.node.vmm.para.memory.HypervisorSpace;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/** Tells which Xen this is: one of the 4.17 series, as far as its ABI goes. */
final class XenVersion implements Hypercall {
    private static final long VERSION = 4 << 16 | 17;
    private static final int PAGE_SIZE = 4096;
    private static final long VIRT_START = HypervisorSpace.MACHINE_TO_PHYSICAL;
    /** Of submap 0: pae_pgdir_above_4gb, mmu_pt_update_preserve_ad, highmem_assist, gnttab_map_avail_bits, memory_op_vnode_supported, not_direct_mapped. */
    private static final int FEATURES = 1 << 4 | 1 << 5 | 1 << 6 | 1 << 7 | 1 << 13 | 1 << 16;

    @Override
    public int number() {
        return 17;
    }

    @Override
    public String hypercallName() {
        return "xen_version";
    }

    @Override
    public String about() {
        return "tells which Xen this is: one of the 4.17 series, as far as its ABI goes";
    }

    @Override
    public List<String> operations() {
        return List.of(
                "version",
                "extraversion",
                "compile_info",
                "capabilities",
                "changeset",
                "platform_parameters",
                "get_features",
                "pagesize",
                "guest_handle",
                "commandline");
    }

    @Override
    public long call(Vcpu vcpu, long[] args) {
        GuestAccess access = vcpu.access();
        long arg = args[1];
        return switch ((int) args[0]) {
            case 0 -> VERSION;
            case 1 -> text(access, arg, ".0-simvisor", 16);
            case 2 -> {
                text(access, arg, "javac", 64);
                text(access, arg + 64, "", 16);
                text(access, arg + 80, "", 32);
                yield text(access, arg + 112, "", 32);
            }
            case 3 -> text(access, arg, "xen-3.0-x86_64 ", 1024);
            case 4 -> text(access, arg, "unavailable", 64);
            case 5 -> {
                access.writeLong(arg, VIRT_START);
                yield 0;
            }
            case 6 -> {
                access.writeInt(arg + 4, access.readInt(arg) == 0 ? FEATURES : 0);
                yield 0;
            }
            case 7 -> PAGE_SIZE;
            case 8 -> {
                access.write(arg, new byte[16]);
                yield 0;
            }
            case 9 -> text(access, arg, "", 1024);
            default -> throw XenError.ENOSYS;
        };
    }

    private static long text(GuestAccess access, long address, String text, int size) {
        access.write(address, Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), size));
        return 0;
    }
}
