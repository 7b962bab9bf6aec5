package dev.simvisor.node.vmm.mode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.TinyKernel;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** CPUID tells a guest what its VM's CPU model has, in every mode and wherever it has moved. */
class GuestProcessorTest {
    private static final int POPCNT = 1 << 23;
    /** again: mov eax, 1; cpuid; jmp again. Two instructions and every third after them leave CPUID's answer. */
    private static final String ASKING = "b801000000 0fa2 ebf7";

    private final MachineMemory host = MachineMemory.ofBytes(256L << 20);

    @AfterEach
    void closeHost() {
        host.close();
    }

    private Machine machine(BoardMode mode, CpuModel model) {
        return new Machine(
                MachineConfiguration.of(2 << 20, model),
                host,
                mode.engine(Interpreter::new, HostCosts.NONE, mode.ledger(HostCosts.NONE)));
    }

    private static void assertToldOf(CpuModel model, Machine machine, BoardMode mode) {
        Cpu cpu = machine.cpu();
        assertThat(cpu.gpr[Cpu.RAX])
                .as("%s in %s", model.name(), mode.modeName())
                .isEqualTo(model.signature());
        assertThat((cpu.gpr[Cpu.RCX] & POPCNT) != 0)
                .as("%s in %s", model.name(), mode.modeName())
                .isEqualTo(model.has("popcnt"));
    }

    @Test
    void guestSeesItsModelInEveryModeBeforeAndAfterEveryMove() throws Exception {
        List<BoardMode> modes = Stream.of("bare", "translate", "hardware")
                .map(name -> BoardMode.named(name).orElseThrow())
                .toList();
        for (CpuModel model : CpuModel.CATALOGUE) {
            for (BoardMode first : modes) {
                for (BoardMode second : modes) {
                    try (Machine source = machine(first, model);
                            Machine target = machine(second, model)) {
                        source.boot(TinyKernel.of(ASKING));
                        source.runUntil(2);
                        assertToldOf(model, source, first);
                        TinyKernel.move(source, target);
                        target.runUntil(5);
                        assertToldOf(model, target, second);
                        source.runUntil(5);
                        assertThat(target.stateHash()).isEqualTo(source.stateHash());
                    }
                }
            }
        }
    }
}
