package dev.simvisor.node.cpu.translator;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuStateCodec;
import dev.simvisor.node.cpu.InTargetProbe;
import dev.simvisor.node.cpu.InTargetProbe.Access;
import dev.simvisor.node.cpu.InTargetProbe.Stop;
import dev.simvisor.node.cpu.InTargetProbe.Watch;
import java.util.HexFormat;
import java.util.Optional;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a debugger sets stops both engines at the same instruction, and leaves no trace. */
class ProbeTest {
    private static final TranslatorSettings AT_ONCE = new TranslatorSettings(2, 200, 1000);

    /** 0: inc ebx; 2: mov [rsi], ebx; 4: xor ecx, [rsi + 4]; 7: add [rsi + 8], ecx; 10: nop; 11: jmp to the start. */
    private static final String PROGRAM = "FFC3 891E 334E04 014E08 90 EBF3";

    private static final int ROUND = 6;
    private static final int STORE = GuestPair.CODE + 2;
    private static final int NOP = GuestPair.CODE + 10;

    private static GuestPair pair() {
        GuestPair pair = new GuestPair(true, AT_ONCE);
        pair.load(GuestPair.CODE, HexFormat.of().parseHex(PROGRAM.replace(" ", "")));
        return pair;
    }

    private static Optional<Stop> runToStop(GuestPair.Guest guest, long instructions) {
        guest.cpu.probe.resume(guest.cpu.rip, guest.cpu.instructionsExecuted());
        guest.engine.run(instructions);
        return guest.cpu.probe.stop();
    }

    /** @param rounds of the loop before, after which it is translated or not yet */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 1000})
    void theProcessorStopsBeforeAnInstructionInEachRound(int rounds) {
        try (GuestPair pair = pair()) {
            pair.run((long) rounds * ROUND, "undisturbed");
            for (GuestPair.Guest guest : pair.guests()) {
                guest.cpu.probe.stopBefore(STORE);
                for (int round = 0; round < 50; round++) {
                    Stop stop = runToStop(guest, 1000).orElseThrow();
                    assertThat(stop).isEqualTo(new Stop.BeforeInstruction(STORE));
                    assertThat(guest.cpu.rip).isEqualTo(STORE);
                    assertThat(guest.cpu.instructionsExecuted()).isEqualTo((long) (rounds + round) * ROUND + 1);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {STORE, NOP})
    void whoWasStoppedEndsWhereOthersDo(int address) {
        long instructions = 5000;
        try (GuestPair stopped = pair();
                GuestPair free = pair()) {
            free.run(instructions, "free");
            for (GuestPair.Guest guest : stopped.guests()) {
                guest.cpu.probe.stopBefore(address);
                int stops = 0;
                while (runToStop(guest, instructions - guest.cpu.instructionsExecuted())
                        .isPresent()) stops++;
                assertThat(stops).isBetween(800, 850);
                assertThat(CpuStateCodec.save(guest.cpu)).isEqualTo(CpuStateCodec.save(free.interpreted.cpu));
                assertThat(guest.memory()).isEqualTo(free.interpreted.memory());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1000})
    void aStopThatIsTakenBackHoldsNobody(int rounds) {
        try (GuestPair pair = pair()) {
            pair.run((long) rounds * ROUND, "undisturbed");
            for (GuestPair.Guest guest : pair.guests()) {
                guest.cpu.probe.stopBefore(STORE);
                assertThat(runToStop(guest, 100)).isPresent();
                assertThat(guest.cpu.probe.passBy(STORE)).isTrue();
                assertThat(guest.cpu.probe.passBy(STORE)).isFalse();
                assertThat(runToStop(guest, 10_000)).isEmpty();
            }
        }
    }

    /** The same place in another page is another instruction. */
    @ParameterizedTest
    @ValueSource(ints = {GuestPair.CODE - 4096 + 2, GuestPair.CODE + 4096 + 2})
    void noStopAtTheSamePlaceInAnotherPage(int address) {
        try (GuestPair pair = pair()) {
            for (GuestPair.Guest guest : pair.guests()) guest.cpu.probe.stopBefore(address);
            pair.run(1000, "to the end");
            assertThat(pair.executed()).isEqualTo(1000);
        }
    }

    /**
     * @param offset of the watched data behind RSI
     * @param done instructions of a round after which the processor stops
     */
    @ParameterizedTest
    @CsvSource({
        "0,4,WRITE,2",
        "1,1,WRITE,2",
        "3,4,WRITE,2",
        "4,4,READ,3",
        "7,1,READ_OR_WRITE,3",
        "8,4,WRITE,4",
        "8,2,READ,4"
    })
    void theProcessorStopsAfterAnAccess(int offset, int length, Access access, int done) {
        try (GuestPair pair = pair()) {
            pair.run(1000 * ROUND, "undisturbed");
            for (GuestPair.Guest guest : pair.guests()) {
                Watch watch = new Watch(GuestPair.DATA + offset, length, access);
                guest.cpu.probe.watch(watch);
                for (int round = 0; round < 50; round++) {
                    assertThat(runToStop(guest, 1000)).contains(new Stop.AfterAccess(watch));
                    assertThat(guest.cpu.instructionsExecuted()).isEqualTo((1000L + round) * ROUND + done);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"4,4,WRITE", "0,4,READ", "12,8,READ_OR_WRITE", "-8,8,READ_OR_WRITE", "4096,8,READ_OR_WRITE"})
    void otherAccessesPass(int offset, int length, Access access) {
        try (GuestPair pair = pair()) {
            Watch watch = new Watch(GuestPair.DATA + offset, length, access);
            for (GuestPair.Guest guest : pair.guests()) guest.cpu.probe.watch(watch);
            pair.run(1000, "to the end");
            assertThat(pair.executed()).isEqualTo(1000);
        }
    }

    /** 0: sti; 1: nop; 2: cli; 3: jmp to the start. A stop after STI holds off the interrupts that STI holds off. */
    @ParameterizedTest
    @ValueSource(ints = {GuestPair.CODE + 1, GuestPair.CODE + 2})
    void aStopInTheShadowOfStiLeavesTheShadow(int address) {
        try (GuestPair pair = new GuestPair(true, AT_ONCE)) {
            pair.load(GuestPair.CODE, HexFormat.of().parseHex("FB90FAEBFB"));
            for (GuestPair.Guest guest : pair.guests()) {
                InTargetProbe probe = guest.cpu.probe;
                Cpu cpu = guest.cpu;
                // A pending NMI is what makes the shadow count.
                cpu.nmiPending = true;
                cpu.nmiBlocked = true;
                probe.stopBefore(address);
                for (int round = 0; round < 20; round++) {
                    assertThat(runToStop(guest, 1000)).contains(new Stop.BeforeInstruction(address));
                    assertThat(cpu.interruptShadow).isEqualTo(address == GuestPair.CODE + 1);
                }
            }
        }
    }
}
