package dev.simvisor.node.vmm.para.trap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.Flags;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.SmallDomain;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.FrameType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the guest's kernel finds on its stack when it is entered. */
class TrapFrameTest {
    private static final long HANDLER = 0xFFFF_FFFF_8000_1000L;
    private static final int STACK = 20;
    private static final int USER_ROOT = 1005;

    private final SmallDomain small = new SmallDomain(1);
    private final Vcpu vcpu = small.vcpu();
    private final Cpu cpu = vcpu.cpu();

    @AfterEach
    void close() {
        small.close();
    }

    private long pushed(int n) {
        return vcpu.access().readLong(cpu.gpr[Cpu.RSP] + 8L * n);
    }

    private void inKernel() {
        vcpu.returnTo(0x1234, 0xE033, Flags.ZF, SmallDomain.linear(STACK) + 0x808, 0xE02B);
        cpu.gpr[Cpu.RCX] = 0xC;
        cpu.gpr[11] = 0xB;
    }

    private void inUser() {
        small.domain.frames().pin(USER_ROOT, FrameType.L4);
        vcpu.userTable(USER_ROOT);
        vcpu.toggleMode();
        vcpu.kernelStack = SmallDomain.linear(STACK) + 0xF00;
        cpu.segmentBase[SegmentRegister.GS] = 0x7000;
        cpu.msr.kernelGsBase = 0x9000;
        vcpu.returnTo(0x1234, 0xE033, 0, 0x5555, 0xE02B);
    }

    @Test
    void aTrapOfTheKernelStaysOnItsStackAndLooksLikeRingZero() {
        inKernel();
        vcpu.maskUpcalls(false);
        vcpu.traps.set(13, 0, 0xE033, HANDLER);
        TrapFrame.enterVector(vcpu, 13, true, 0x18);
        assertThat(cpu.rip).isEqualTo(HANDLER);
        assertThat(cpu.gpr[Cpu.RSP]).isEqualTo(SmallDomain.linear(STACK) + 0x800 - 64);
        assertThat(pushed(0)).isEqualTo(0xC);
        assertThat(pushed(1)).isEqualTo(0xB);
        assertThat(pushed(2)).isEqualTo(0x18);
        assertThat(pushed(3)).isEqualTo(0x1234);
        assertThat(pushed(4)).isEqualTo(0xE030);
        assertThat(pushed(5)).isEqualTo(Flags.RESERVED_ONE | Flags.IF | Flags.ZF);
        assertThat(pushed(6)).isEqualTo(SmallDomain.linear(STACK) + 0x808);
        assertThat(pushed(7)).isEqualTo(0xE02B);
        assertThat(vcpu.upcallsMasked()).isFalse();
    }

    @Test
    void maskedEventsShowInTheFrameInBothPlaces() {
        inKernel();
        vcpu.maskUpcalls(true);
        TrapFrame.enter(vcpu, HANDLER, false);
        assertThat(pushed(3)).isEqualTo(0xE030 | 1L << 32);
        assertThat(pushed(4) & Flags.IF).isZero();
    }

    @Test
    void anEventMasksFurtherOnes() {
        inKernel();
        vcpu.maskUpcalls(false);
        TrapFrame.enter(vcpu, HANDLER, true);
        assertThat(pushed(3)).isEqualTo(0xE030);
        assertThat(vcpu.upcallsMasked()).isTrue();
    }

    @Test
    void aTrapOfAProgramSwitchesTablesStackAndGs() {
        inUser();
        TrapFrame.enter(vcpu, HANDLER, false);
        assertThat(vcpu.inKernel()).isTrue();
        assertThat(cpu.cr3).isEqualTo(small.mfn(SmallDomain.ROOT) << 12);
        assertThat(cpu.segmentBase[SegmentRegister.GS]).isEqualTo(0x9000);
        assertThat(cpu.gpr[Cpu.RSP]).isEqualTo(SmallDomain.linear(STACK) + 0xF00 - 56);
        assertThat(pushed(3) & 0xFFFF).isEqualTo(0xE033);
        assertThat(pushed(5)).isEqualTo(0x5555);
    }

    @Test
    void aKernelWithoutAStackIsTheEndOfTheDomain() {
        inKernel();
        cpu.gpr[Cpu.RSP] = 0xDEAD_0000L;
        TrapFrame.enter(vcpu, HANDLER, false);
        assertThat(small.domain.shutdownReason()).isEqualTo(Domain.Shutdown.CRASH);
        assertThat(small.domain.crashReason()).contains("no stack");
    }

    @Test
    void aVectorWithoutAHandlerIsTheEndOfTheDomain() {
        inKernel();
        TrapFrame.enterVector(vcpu, 6, false, 0);
        assertThat(small.domain.crashReason()).contains("trap 6 at 0x1234");
    }
}
