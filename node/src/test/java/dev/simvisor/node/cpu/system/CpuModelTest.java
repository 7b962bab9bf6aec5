package dev.simvisor.node.cpu.system;

import static dev.simvisor.node.cpu.Cpu.RDX;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.CpuModel;
import org.junit.jupiter.api.Test;

/** A processor has what its model has, in what CPUID says as in what it does. */
class CpuModelTest {
    private static final int UNDEFINED_OPCODE = 6;
    private static final int GENERAL_PROTECTION = 13;
    private static final int SYSCALL = 1 << 11;

    private static void assertRaises(int vector, CpuModel model, String code, int before) {
        try (SystemMachine machine = SystemMachine.longMode(model)) {
            machine.execute(code, before + 1); // the last is the fault
            assertThat(machine.cpu.rip).as("%s on %s", code, model.name()).isEqualTo(SystemMachine.handler(vector));
        }
    }

    private static void assertCompletes(CpuModel model, String code, int instructions) {
        try (SystemMachine machine = SystemMachine.longMode(model)) {
            machine.execute(code, instructions);
            int length = code.replace(" ", "").length() / 2;
            assertThat(machine.cpu.rip).as("%s on %s", code, model.name()).isEqualTo(SystemMachine.CODE + length);
        }
    }

    /** The dump that {@link CpuModel#PENTIUM_4} cites: what the real one lacks, this one lacks. */
    @Test
    void pentium4ShowsNothingThatTheRealOneDoesNot() {
        try (SystemMachine machine = SystemMachine.longMode(CpuModel.PENTIUM_4)) {
            assertThat(Cpuid.value(machine.cpu, 0, 0, Cpuid.EAX)).isEqualTo(5);
            assertThat(Cpuid.value(machine.cpu, 1, 0, Cpuid.EAX)).isEqualTo(0x0F43);
            assertThat(Cpuid.value(machine.cpu, 1, 0, Cpuid.ECX) & ~0x0000_649D).isZero();
            assertThat(Cpuid.value(machine.cpu, 1, 0, Cpuid.EDX) & ~0xBFEB_FBFF).isZero();
            assertThat(Cpuid.value(machine.cpu, 0x8000_0001, 0, Cpuid.ECX)).isZero();
            // The dump is of 32-bit code, which does not see SYSCALL.
            assertThat(Cpuid.value(machine.cpu, 0x8000_0001, 0, Cpuid.EDX)).isEqualTo(0x2010_0000 | SYSCALL);
            assertThat(Cpuid.value(machine.cpu, 0x8000_0007, 0, Cpuid.EDX)).isZero();
            assertThat(Cpuid.value(machine.cpu, 0x8000_0008, 0, Cpuid.EAX)).isEqualTo(0x3024);
            // Leaves beyond the highest are answered as leaf 5, which has nothing without MONITOR.
            for (int leaf : new int[] {6, 7, 0x15, 0x16}) {
                assertThat(Cpuid.value(machine.cpu, leaf, 0, Cpuid.EBX))
                        .as("leaf %d", leaf)
                        .isZero();
            }
        }
    }

    /** Whatever baseline has and the Pentium 4 had is there: a feature that this simulator gains is to be added to both. */
    @Test
    void pentium4HasAllOfBaselineThatTheRealOneHas() {
        try (SystemMachine old = SystemMachine.longMode(CpuModel.PENTIUM_4);
                SystemMachine baseline = SystemMachine.longMode(CpuModel.BASELINE)) {
            assertThat(Cpuid.value(old.cpu, 1, 0, Cpuid.ECX))
                    .isEqualTo(Cpuid.value(baseline.cpu, 1, 0, Cpuid.ECX) & 0x0000_649D);
            assertThat(Cpuid.value(old.cpu, 1, 0, Cpuid.EDX))
                    .isEqualTo(Cpuid.value(baseline.cpu, 1, 0, Cpuid.EDX) & 0xBFEB_FBFF);
        }
        assertThat(CpuModel.BASELINE.features()).containsAll(CpuModel.PENTIUM_4.features());
    }

    @Test
    void instructionOfAFeatureThatTheModelLacksIsUndefined() {
        for (String code :
                new String[] {"F3 0F B8 C0" /* popcnt */, "9F" /* lahf */, "9E" /* sahf */, "0F 01 F9" /* rdtscp */}) {
            assertRaises(UNDEFINED_OPCODE, CpuModel.PENTIUM_4, code, 0);
            assertCompletes(CpuModel.BASELINE, code, 1);
        }
        assertRaises(UNDEFINED_OPCODE, CpuModel.PENTIUM_4, "0F 01 CB", 0); // stac
    }

    @Test
    void cr4BitsOfFeaturesThatTheModelLacksAreReserved() {
        for (int bit : new int[] {20, 21}) { // SMEP, SMAP
            int value = (int) ControlRegister.CR4_PAE | 1 << bit;
            String code = "B8" + littleEndian(value) + "0F22E0"; // mov eax, value; mov cr4, rax
            assertRaises(GENERAL_PROTECTION, CpuModel.PENTIUM_4, code, 1);
            assertCompletes(CpuModel.BASELINE, code, 2);
        }
    }

    @Test
    void modelSpecificRegistersOfFeaturesThatTheModelLacksAreUnknown() {
        for (int number : new int[] {0x3B, 0xC000_0103}) { // IA32_TSC_ADJUST, IA32_TSC_AUX
            String code = "B9" + littleEndian(number) + "0F32"; // mov ecx, number; rdmsr
            assertRaises(GENERAL_PROTECTION, CpuModel.PENTIUM_4, code, 1);
            assertCompletes(CpuModel.BASELINE, code, 2);
        }
        assertRaises(GENERAL_PROTECTION, CpuModel.PENTIUM_4, "B9E0060000 0F32", 1); // IA32_TSC_DEADLINE
    }

    @Test
    void resetLeavesTheSignatureInEdx() {
        try (SystemMachine machine = new SystemMachine(CpuModel.PENTIUM_4)) {
            assertThat(machine.cpu.gpr[RDX]).isEqualTo(0x0F43);
        }
    }

    private static String littleEndian(int value) {
        return String.format("%08X", Integer.reverseBytes(value));
    }
}
