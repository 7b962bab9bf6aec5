package dev.simvisor.node.cpu.semantics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.FlatSegmentRegisters;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.SegmentRegister;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When x87, MMX and SSE instructions may run, what they raise, and the images of their state. */
class FloatUnitTest {
    private static final int CODE = 0x1000;
    private static final int DATA = 0x3000;
    private static final int GDT = 0x500;
    private static final int IDT = 0x600;
    private static final int HANDLERS = 0x7000;
    private static final int NONE = -1;

    private final FlatBus bus = new FlatBus(1 << 20);
    private final Cpu cpu = new Cpu(bus, CpuModel.BASELINE);
    private final Interpreter interpreter = new Interpreter(cpu);

    @BeforeEach
    void enterFlatProtectedMode() {
        bus.watcher(interpreter);
        bus.write(GDT + 8, 8, 0x00CF_9B00_0000_FFFFL);
        cpu.gdtrBase = GDT;
        cpu.gdtrLimit = 15;
        cpu.idtrBase = IDT;
        for (int vector = 0; vector < 32; vector++) {
            bus.write(IDT + 8 * vector, 8, 0x0000_8E00_0008_0000L | HANDLERS + 16 * vector);
            bus.load(HANDLERS + 16 * vector, (byte) 0xF4);
        }
        FlatSegmentRegisters.fill(cpu, 32);
        cpu.selector[SegmentRegister.CS] = 8;
        cpu.cr0 |= ControlRegister.CR0_PE | ControlRegister.CR0_NE;
        cpu.cr4 |= ControlRegister.CR4_OSFXSR | ControlRegister.CR4_OSXMMEXCPT;
        cpu.updateMode();
        cpu.gpr[Cpu.RSP] = 0x8000;
        cpu.gpr[Cpu.RSI] = DATA;
    }

    @AfterEach
    void close() {
        bus.close();
    }

    /** Runs the code to the HLT put behind it, or to that of an exception handler; returns the exception's vector. */
    private int run(String hex) {
        bus.load(CODE, HexFormat.of().parseHex(hex.replace(" ", "") + "F4"));
        cpu.rip = CODE;
        cpu.halted = false;
        interpreter.run(50);
        assertThat(cpu.halted).isTrue();
        return cpu.rip >= HANDLERS ? (int) (cpu.rip - 1 - HANDLERS) / 16 : NONE;
    }

    private String data(int offset, int length) {
        var hex = new StringBuilder();
        for (int n = 0; n < length; n++) hex.append(String.format("%02x", bus.read(DATA + offset + n, 1)));
        return hex.toString();
    }

    // fld1; addps xmm0,xmm1; paddb mm0,mm1; fxsave [esi]
    @ParameterizedTest
    @ValueSource(strings = {"D9E8", "0F58C1", "0FFCC1", "0FAE06"})
    void taskSwitchedMakesTheUnitUnavailable(String instruction) {
        cpu.cr0 |= ControlRegister.CR0_TS;
        assertThat(run(instruction)).isEqualTo(GuestException.DEVICE_NOT_AVAILABLE);
    }

    @Test
    void emulationBitTurnsSimdIntoUndefinedOpcodesAndX87IntoDeviceNotAvailable() {
        cpu.cr0 |= ControlRegister.CR0_EM;
        assertThat(run("D9E8")).isEqualTo(GuestException.DEVICE_NOT_AVAILABLE);
        assertThat(run("0F58C1")).isEqualTo(GuestException.INVALID_OPCODE);
        assertThat(run("0FFCC1")).isEqualTo(GuestException.INVALID_OPCODE);
        assertThat(run("0F77")).isEqualTo(GuestException.INVALID_OPCODE);
    }

    @Test
    void fwaitHeedsTaskSwitchedOnlyWithMonitorCoprocessor() {
        cpu.cr0 |= ControlRegister.CR0_TS;
        assertThat(run("9B")).isEqualTo(NONE);
        cpu.cr0 |= ControlRegister.CR0_MP;
        assertThat(run("9B")).isEqualTo(GuestException.DEVICE_NOT_AVAILABLE);
    }

    @Test
    void withoutOsfxsrSseIsUndefinedAndMmxIsNot() {
        cpu.cr4 &= ~ControlRegister.CR4_OSFXSR;
        assertThat(run("0F58C1")).isEqualTo(GuestException.INVALID_OPCODE);
        assertThat(run("660FFCC1")).isEqualTo(GuestException.INVALID_OPCODE);
        assertThat(run("0FFCC1")).isEqualTo(NONE);
    }

    @Test
    void unmaskedX87ExceptionWaitsForTheNextWaitingInstruction() {
        bus.write(DATA, 2, 0x37B); // zero divide unmasked
        // fninit; fldcw [esi]; fldz; fld1; fdiv st0,st1; fnstsw ax
        assertThat(run("DBE3 D92E D9EE D9E8 D8F1 DFE0")).isEqualTo(NONE);
        assertThat(cpu.reg16(Cpu.RAX) & 0x80FF).isEqualTo(0x8084);
        assertThat(run("D9E8")).isEqualTo(GuestException.X87_FLOATING_POINT);
        assertThat(run("0FFCC1")).isEqualTo(GuestException.X87_FLOATING_POINT);
        assertThat(run("9B")).isEqualTo(GuestException.X87_FLOATING_POINT);
        assertThat(run("DBE2 D9E8")).isEqualTo(NONE);
    }

    @Test
    void unmaskedSseExceptionLeavesTheDestinationAlone() {
        cpu.mxcsr = 0x1F80 & ~(1 << 9); // zero divide unmasked
        cpu.xmm[0] = 0x3F80_0000_3F80_0000L;
        cpu.xmm[2] = 0;
        assertThat(run("F30F5EC1")).isEqualTo(GuestException.SIMD_FLOATING_POINT); // divss xmm0,xmm1
        assertThat(cpu.xmm[0]).isEqualTo(0x3F80_0000_3F80_0000L);
        assertThat(cpu.mxcsr & 0x3F).isEqualTo(4);
        cpu.cr4 &= ~ControlRegister.CR4_OSXMMEXCPT;
        assertThat(run("F30F5EC1")).isEqualTo(GuestException.INVALID_OPCODE);
    }

    @Test
    void alignedFormsRefuseMisalignedMemory() {
        cpu.gpr[Cpu.RSI] = DATA + 8;
        assertThat(run("0F2806")).isEqualTo(GuestException.GENERAL_PROTECTION); // movaps xmm0,[esi]
        assertThat(run("660FFC06")).isEqualTo(GuestException.GENERAL_PROTECTION); // paddb xmm0,[esi]
        assertThat(run("0F5806")).isEqualTo(GuestException.GENERAL_PROTECTION); // addps xmm0,[esi]
        assertThat(run("0FAE06")).isEqualTo(GuestException.GENERAL_PROTECTION); // fxsave [esi]
        assertThat(run("0F1006")).isEqualTo(NONE); // movups xmm0,[esi]
    }

    @Test
    void reservedBitsOfMxcsrAreRefused() {
        bus.write(DATA, 4, 0x1_1F80);
        assertThat(run("0FAE16")).isEqualTo(GuestException.GENERAL_PROTECTION); // ldmxcsr [esi]
        assertThat(cpu.mxcsr).isEqualTo(0x1F80);
        assertThat(run("0FAE06 C746180000FF7F 0FAE0E")).isEqualTo(GuestException.GENERAL_PROTECTION); // fxrstor [esi]
    }

    @Test
    void mmxInstructionThatFaultsLeavesTheStackAsItWas() {
        cpu.segmentLimit[SegmentRegister.DS] = DATA - 1;
        cpu.updateMode();
        assertThat(run("DBE3 D9E8 0FFC06")).isEqualTo(GuestException.GENERAL_PROTECTION); // paddb mm0,[esi]
        assertThat(cpu.fpu.top).isEqualTo(7);
        assertThat(cpu.fpu.empty).isEqualTo(0x7F);
    }

    @Test
    void environmentHasTheLayoutOfTheOperandSize() {
        run("DBE3 D9E8 D936"); // fninit; fld1; fnstenv [esi]
        assertThat(data(0, 28)).isEqualTo("7f03ffff0038ffffff3fffff02100000" + "0800e801" + "00000000" + "0000ffff");
        run("DBE3 D9E8 66D936");
        assertThat(data(0, 14)).isEqualTo("7f030038ff3f021008000000" + "0000");
    }

    @Test
    void savedStateComesBack() {
        String fill = "DBE3 D9E8 D9EB D9EE D9E9"; // fninit; fld1; fldpi; fldz; fldl2t
        run(fill + "DD36 DD26"); // fnsave [esi]; frstor [esi]
        assertThat(cpu.fpu.top).isEqualTo(4);
        assertThat(cpu.fpu.empty).isEqualTo(0x0F);
        assertThat(cpu.fpu.significand[6]).isEqualTo(0xC90F_DAA2_2168_C235L);
        run(fill + "66DD36 66DD26");
        assertThat(cpu.fpu.top).isEqualTo(4);
        assertThat(cpu.fpu.significand[6]).isEqualTo(0xC90F_DAA2_2168_C235L);
    }

    @Test
    void fnsaveInitializesTheUnit() {
        run("DBE3 D9E8 DD36");
        assertThat(cpu.fpu.empty).isEqualTo(0xFF);
        assertThat(cpu.fpu.control).isEqualTo(0x37F);
        assertThat(cpu.fpu.top).isZero();
    }

    @Test
    void fxsaveImageIsWhatFxrstorTakes() {
        cpu.xmm[14] = 0x1122_3344_5566_7788L;
        run("DBE3 D9E8 D9EB 0FAE06"); // fninit; fld1; fldpi; fxsave [esi]
        assertThat(data(0, 8)).isEqualTo("7f030030c0000000");
        assertThat(data(24, 8)).isEqualTo("801f0000ffff0000");
        assertThat(data(32, 16)).isEqualTo("35c26821a2da0fc90040000000000000");
        assertThat(data(160 + 7 * 16, 8)).isEqualTo("8877665544332211");
        cpu.xmm[14] = 0;
        cpu.fpu.significand[6] = 0;
        run("DBE3 0FAE0E"); // fxrstor [esi]
        assertThat(cpu.fpu.top).isEqualTo(6);
        assertThat(cpu.fpu.empty).isEqualTo(0x3F);
        assertThat(cpu.fpu.significand[6]).isEqualTo(0xC90F_DAA2_2168_C235L);
        assertThat(cpu.xmm[14]).isEqualTo(0x1122_3344_5566_7788L);
    }

    @Test
    void realModeEnvironmentHasLinearAddresses() {
        cpu.fpu.lastInstructionSelector = 0x1234;
        cpu.fpu.lastInstructionPointer = 0x5678;
        cpu.fpu.lastOpcode = 0x1E8;
        cpu.cr0 &= ~ControlRegister.CR0_PE;
        cpu.updateMode();
        run("66D936"); // code is still 32-bit: a 16-bit fnstenv [esi]
        assertThat(data(6, 4)).isEqualTo("b879" + "e811");
    }
}
