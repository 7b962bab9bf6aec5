package dev.simvisor.node.vmm.para;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.ProcessorCosts;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.ExitCosts;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.DomainSettings;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** The built-in guest's paravirtual build, which was found to run on Xen, on this VMM. */
class BuiltinGuestTest {
    private static final long HERTZ = 100_000_000;
    private static final long MOST_INSTRUCTIONS = 200_000_000;
    private static final int FRAMES = 8192;

    private final StringBuilder console = new StringBuilder();

    @Test
    void theLoadsGiveWhatTheyGiveElsewhere() throws Exception {
        assertThat(run(
                        Interpreter::new,
                        "fib 15; rewrite 1; ticker 3 20; wait; dirty 1 4 sequential 2; wait; halt",
                        ""))
                .isEqualTo(new RunOutcome.PoweredOff());
        assertThat(console.toString())
                .contains("Simvisor built-in guest", "fib 15: checksum 0000000000000262", "power off")
                .contains("rewrite 1: checksum b84db3640006f9e1", "tick 3", "ended, 512 stores", "verified");
    }

    @Test
    void theTranslatorTellsTheSameStory() throws Exception {
        String loads = "doubles 1; interrupts 500; switches 200; pagefaults 300; nanobench; counters; uptime; halt";
        run(Interpreter::new, loads, "");
        String interpreted = console.toString();
        console.setLength(0);
        run(TranslatingEngine::new, loads, "");
        assertThat(console.toString()).isEqualTo(interpreted).contains("cr8wr: not on this machine", "remap: 1600");
    }

    @Test
    void whatIsTypedArrives() throws Exception {
        run(Interpreter::new, "", "spin\rchecksum\rstop\recho typed\rexit 3\r");
        assertThat(console.toString()).contains("spin 2:", "stopped 2: spin", "\ntyped");
    }

    @Test
    void anExitWithAStatusIsACrash() throws Exception {
        assertThat(run(Interpreter::new, "exit 3", "")).isEqualTo(new RunOutcome.Crashed(""));
    }

    private RunOutcome run(Function<Cpu, Engine> engines, String commands, String typed) throws Exception {
        DomainSettings settings = new DomainSettings(FRAMES << 12, 1, CpuModel.BASELINE, HERTZ, 1000, 0);
        byte[] image;
        try (var elf = requireNonNull(Domain.class.getResourceAsStream("/dev/simvisor/node/guest/builtin-xen.elf"))) {
            image = elf.readAllBytes();
        }
        try (MachineMemory host = new MachineMemory(2 * FRAMES);
                ParavirtualMachine machine = new ParavirtualMachine(
                        settings,
                        host,
                        new MachineAddressMap(),
                        new ExitLedger(ExitCosts.NONE),
                        ProcessorCosts.NONE,
                        engines,
                        backends -> {})) {
            machine.consoleTo(value -> console.append(value == '\r' ? "" : (char) value));
            machine.boot(new Image("builtin-xen.elf", image), null, "run=\"" + commands + "\"");
            machine.type(typed.getBytes(StandardCharsets.US_ASCII));
            RunOutcome outcome = machine.runUntil(Long.MAX_VALUE, MOST_INSTRUCTIONS);
            assertThat(outcome).as(console.toString()).isNotInstanceOf(RunOutcome.DeadlineReached.class);
            return outcome;
        }
    }
}
