package dev.simvisor.node.vmm.para.build;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.domain.Vcpu;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a kernel finds at its first instruction. */
class DomainBuilderTest {
    private static final byte[] NOTHING = {(byte) 0xF4};
    private static final long BYTES = 16 << 20;
    private static final long P2M = 0x80_0000_0000L;

    private final MachineMemory memory = MachineMemory.ofBytes(64 << 20);
    private final Domain domain = new Domain(
            DomainSettings.of(MachineConfiguration.of(BYTES, CpuModel.BASELINE), 1),
            memory,
            new MachineAddressMap(),
            new ExitLedger(ExitCosts.NONE),
            Interpreter::new);
    private final Vcpu vcpu = domain.vcpu(0);
    private final Cpu cpu = vcpu.cpu();

    @AfterEach
    void close() {
        domain.close();
        memory.close();
    }

    private void build(TinyKernel kernel, Image module) throws InvalidImageException {
        DomainBuilder.build(domain, kernel.image(), module, "hello=1", gfn -> 5, gfn -> 0);
    }

    private long info(int offset) {
        return vcpu.access().readLong(cpu.gpr[Cpu.RSI] + offset);
    }

    @Test
    void theKernelStartsInItsOwnModeWithItsStartInfo() throws InvalidImageException {
        build(new TinyKernel(NOTHING), null);
        assertThat(cpu.rip).isEqualTo(TinyKernel.BASE + TinyKernel.START);
        assertThat(cpu.selector[1]).isEqualTo(0xE033);
        assertThat(vcpu.inKernel()).isTrue();
        assertThat(vcpu.upcallsMasked()).isTrue();
        assertThat(vcpu.access().read(cpu.gpr[Cpu.RSI], 14))
                .isEqualTo("xen-3.0-x86_64".getBytes(StandardCharsets.US_ASCII));
        assertThat(info(32)).as("pages").isEqualTo(BYTES >> 12);
        assertThat(info(40))
                .as("shared info")
                .isEqualTo(domain.memory().mfn(domain.shared().gfn()) << 12);
        assertThat(info(80)).as("console port").isEqualTo(5);
        assertThat(vcpu.access().read(cpu.gpr[Cpu.RSI] + 128, 8))
                .isEqualTo("hello=1\0".getBytes(StandardCharsets.US_ASCII));
        vcpu.access().writeLong(cpu.gpr[Cpu.RSP] - 8, 1);
    }

    @Test
    void theP2mNamesEveryFrameAndTheOtherTableLeadsBack() throws InvalidImageException {
        build(new TinyKernel(NOTHING), null);
        long p2m = info(104);
        for (int gfn = 0; gfn < BYTES >> 12; gfn += 97) {
            assertThat(vcpu.access().readLong(p2m + 8L * gfn))
                    .isEqualTo(domain.memory().mfn(gfn));
            assertThat(domain.space().physical(gfn)).isEqualTo(gfn);
        }
    }

    @Test
    void thePageTablesAreInUseAndReadOnly() throws InvalidImageException {
        build(new TinyKernel(NOTHING), null);
        long base = info(88);
        long count = info(96);
        assertThat(count).isGreaterThanOrEqualTo(4);
        for (int n = 0; n < count; n++) {
            long entry = domain.paging().entryOf(vcpu.kernelTable(), base + ((long) n << 12));
            assertThat(PageTableEntry.isPresent(entry)).isTrue();
            assertThat(PageTableEntry.isWritable(entry)).isFalse();
            assertThat(domain.frames()
                            .type(domain.memory().gfn(PageTableEntry.mfn(entry)))
                            .level())
                    .isPositive();
        }
        assertThat(domain.frames().isPinned(vcpu.kernelTable())).isTrue();
        assertThat(domain.frames().type(vcpu.kernelTable())).isEqualTo(FrameType.L4);
    }

    @Test
    void aModuleIsMappedOrNamedByItsFrame() throws InvalidImageException {
        byte[] content = "module".getBytes(StandardCharsets.US_ASCII);
        build(new TinyKernel(NOTHING), new Image("module", content));
        assertThat(info(120)).isEqualTo(content.length);
        assertThat(vcpu.access().read(info(112), content.length)).isEqualTo(content);
    }

    @Test
    void aKernelMayHaveItsP2mElsewhereAndItsModuleUnmapped() throws InvalidImageException {
        byte[] content = "module".getBytes(StandardCharsets.US_ASCII);
        TinyKernel kernel = new TinyKernel(NOTHING).note(XenNotes.INIT_P2M, P2M).note(XenNotes.MOD_START_PFN, 1);
        build(kernel, new Image("module", content));
        assertThat(info(104)).isEqualTo(P2M);
        assertThat(vcpu.access().readLong(P2M + 8 * 77))
                .isEqualTo(domain.memory().mfn(77));
        assertThat(info(48) & 8).as("SIF_MOD_START_PFN").isEqualTo(8);
        byte[] read = new byte[content.length];
        domain.memory().memory().read(info(112) << 12, read, 0, read.length);
        assertThat(read).isEqualTo(content);
        assertThat(info(1160)).as("frames of the p2m and its tables").isEqualTo(8 + 3);
    }

    @Test
    void theHypercallPageIsFilled() throws InvalidImageException {
        build(
                new TinyKernel(new byte[0x3000])
                        .note(XenNotes.HYPERCALL_PAGE, TinyKernel.BASE + TinyKernel.START + 0x1000),
                null);
        byte[] stub = vcpu.access().read(TinyKernel.BASE + TinyKernel.START + 0x1000 + 17 * 32, 13);
        assertThat(stub)
                .isEqualTo(new byte[] {0x51, 0x41, 0x53, (byte) 0xB8, 17, 0, 0, 0, 0x0F, 0x05, 0x41, 0x5B, 0x59});
    }

    @Test
    void whatIsNoParavirtualKernelIsRefused() {
        assertThatThrownBy(() -> build(new TinyKernel(NOTHING).withoutNotes(), null))
                .isInstanceOf(InvalidImageException.class)
                .hasMessage("tiny: no Xen notes: not a kernel for Xen's paravirtual mode");
    }

    @Test
    void aModuleThatDoesNotFitIsRefused() {
        assertThatThrownBy(() -> build(new TinyKernel(NOTHING), new Image("module", new byte[32 << 20])))
                .isInstanceOf(InvalidImageException.class)
                .hasMessageContaining("needs memory up to");
    }
}
