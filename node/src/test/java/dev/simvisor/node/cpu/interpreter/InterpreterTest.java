package dev.simvisor.node.cpu.interpreter;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.ControlRegister;
import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.cpu.FlatBus;
import dev.simvisor.node.cpu.FlatSegmentRegisters;
import java.util.HexFormat;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class InterpreterTest {
    private static final CpuModel MODEL = CpuModel.BASELINE;
    private static final int CODE = 0x1000;

    private final FlatBus bus = new FlatBus(1 << 20);
    private final Cpu cpu = flat32(bus);
    private final Interpreter interpreter = interpreter(cpu, bus);

    @AfterEach
    void close() {
        bus.close();
    }

    private static Interpreter interpreter(Cpu cpu, FlatBus bus) {
        Interpreter interpreter = new Interpreter(cpu);
        bus.watcher(interpreter);
        return interpreter;
    }

    /** 32-bit protected mode with flat segments, at CODE. */
    private static Cpu flat32(FlatBus bus) {
        Cpu cpu = new Cpu(bus, MODEL);
        FlatSegmentRegisters.fill(cpu, 32);
        cpu.cr0 |= ControlRegister.CR0_PE;
        cpu.updateMode();
        cpu.rip = CODE;
        cpu.gpr[Cpu.RSP] = 0x8000;
        return cpu;
    }

    private void code(int address, String hex) {
        bus.load(address, HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    @Test
    void runExecutesExactlyTheInstructionsAskedFor() {
        code(CODE, "40 43 41 42 EBFA"); // inc eax; inc ebx; inc ecx; inc edx; jmp back

        interpreter.run(7);

        assertThat(cpu.instructionsExecuted()).isEqualTo(7);
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(2);
        assertThat(cpu.gpr[Cpu.RBX]).isEqualTo(2);
        assertThat(cpu.gpr[Cpu.RCX]).isEqualTo(1);
        assertThat(cpu.rip).isEqualTo(CODE + 2);
    }

    @Test
    void instructionsThatAreNotInMemoryAreFetchedEachTime() {
        code(CODE, "E9 FAEF0F00"); // jmp to the end of memory, 1 MiB, less 1
        code(0xFFFFF, "8D"); // lea, with the rest beyond
        for (int round = 1; round <= 3; round++) {
            bus.beyond = 0x00; // lea eax,[eax]; then add [eax],al without end
            cpu.gpr[Cpu.RAX] = 0x5000;
            cpu.rip = CODE;
            interpreter.run(3);
            assertThat(cpu.rip).isEqualTo(0x100003);
            bus.beyond = 0x43; // lea eax,[ebx+43H]; then inc ebx without end
            cpu.rip = CODE;
            interpreter.run(5);
            assertThat(cpu.rip).isEqualTo(0x100005);
            assertThat(cpu.gpr[Cpu.RBX]).isEqualTo(3L * round);
        }
    }

    @Test
    void runsOfAnySizesLeaveTheSameState() {
        // A loop with a call, a push and pop, a repeated move of 100 bytes and memory arithmetic.
        String program = "E8 19000000 B9 64000000 BE 00200000 BF 00300000 F3A4 0105 00400000 50 5B EBE1 40 C3";
        code(CODE, program);
        interpreter.run(10_000);

        try (FlatBus otherBus = new FlatBus(1 << 20)) {
            Cpu other = flat32(otherBus);
            otherBus.load(CODE, HexFormat.of().parseHex(program.replace(" ", "")));
            Interpreter otherInterpreter = interpreter(other, otherBus);
            Random sizes = new Random(42);
            long left = 10_000;
            while (left > 0) {
                long size = Math.min(left, 1 + sizes.nextInt(17));
                otherInterpreter.run(size);
                left -= size;
            }
            assertThat(CpuStateCodec.save(other)).isEqualTo(CpuStateCodec.save(cpu));
            assertThat(otherBus.read(0x4000, 4)).isEqualTo(bus.read(0x4000, 4));
        }
    }

    @Test
    void aStoreIntoTheBlockThatExecutesTakesEffectAtTheNextInstruction() {
        // mov byte [CODE+7], 43 ; inc eax (overwritten by inc ebx)
        code(CODE, "C605 07100000 43 40 EBFE");

        interpreter.run(2);

        assertThat(cpu.gpr[Cpu.RAX]).isZero();
        assertThat(cpu.gpr[Cpu.RBX]).isEqualTo(1);
    }

    @Test
    void codeThatIsRewrittenIsDecodedAnew() {
        code(CODE, "40 EBFD");
        interpreter.run(4);
        code(CODE, "43");
        interpreter.run(4);

        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(2);
        assertThat(cpu.gpr[Cpu.RBX]).isEqualTo(2);
    }

    @Test
    void anInstructionThatCrossesAPageSeesChangesToItsTail() {
        code(0x1FFE, "B8 78563412 EB F9"); // mov eax, imm32 across 2000H; jmp back
        cpu.rip = 0x1FFE;
        interpreter.run(2);
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(0x12345678);

        code(0x2000, "99");
        interpreter.run(1);

        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(0x12349978);
    }

    @Test
    void eachIterationOfARepeatedInstructionCountsAsOne() {
        code(CODE, "F3A4 40"); // rep movsb; inc eax
        cpu.gpr[Cpu.RCX] = 10;
        cpu.gpr[Cpu.RSI] = 0x2000;
        cpu.gpr[Cpu.RDI] = 0x3000;

        interpreter.run(4);
        assertThat(cpu.gpr[Cpu.RCX]).isEqualTo(6);
        assertThat(cpu.rip).isEqualTo(CODE);

        interpreter.run(7);
        assertThat(cpu.gpr[Cpu.RCX]).isZero();
        assertThat(cpu.gpr[Cpu.RAX]).isEqualTo(1);
        assertThat(cpu.instructionsExecuted()).isEqualTo(11);
    }

    @Test
    void theModelShowsOnlyFeaturesThatTheTableNames() {
        assertThat(MODEL.has("sse2")).isTrue();
        assertThat(Set.of("avx", "sse4_1")).noneMatch(MODEL::has);
    }
}
