package dev.simvisor.node.machine.device.apic;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.device.pic.PicPair;
import dev.simvisor.node.machine.time.VirtualClock;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Messages among three processors: facts of SDM Vol 3A §11.6, §11.7 and §9.4. */
class ApicBusTest {
    private static final int TASK_PRIORITY = 0x80;
    private static final int LOGICAL_DESTINATION = 0xD0;
    private static final int SPURIOUS = 0xF0;
    private static final int COMMAND_LOW = 0x300;
    private static final int COMMAND_HIGH = 0x310;
    private static final int LVT_TIMER = 0x320;

    private static final int LOWEST_PRIORITY = 0x100;
    private static final int NMI = 0x400;
    private static final int INIT = 0x500;
    private static final int START_UP = 0x600;
    private static final int LOGICAL = 0x800;
    private static final int ASSERT = 0x4000;
    private static final int LEVEL = 0x8000;
    private static final int ALL = 0x80000;
    private static final int OTHERS = 0xC0000;

    private final VirtualClock clock = new VirtualClock(1_000_000_000L, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0);
    private final ApicBus bus = new ApicBus();
    private final IoApic ioApic = new IoApic(3, bus);
    private final List<LocalApic> apics = IntStream.range(0, 3)
            .mapToObj(id -> new LocalApic(id, clock, new PicPair(), bus))
            .toList();
    private final List<RecordedPins> pins =
            IntStream.range(0, 3).mapToObj(id -> new RecordedPins()).toList();

    @BeforeEach
    void enable() {
        for (int id = 0; id < 3; id++) {
            apics.get(id).drive(pins.get(id));
            apics.get(id).write(SPURIOUS, 0x1FF);
            apics.get(id).write(LOGICAL_DESTINATION, 1 << 24 + id);
        }
    }

    private void command(int sender, int destination, int low) {
        apics.get(sender).write(COMMAND_HIGH, destination << 24);
        apics.get(sender).write(COMMAND_LOW, low);
    }

    private List<Boolean> pending() {
        return apics.stream().map(LocalApic::interruptPending).toList();
    }

    @Test
    void aMessageGoesToThePhysicalIdOrToAll() {
        command(0, 2, 0x41);
        assertThat(pending()).containsExactly(false, false, true);
        command(0, 0xFF, 0x42);
        assertThat(pending()).containsExactly(true, true, true);
        assertThat(apics.get(1).acknowledge()).isEqualTo(0x42);
    }

    @Test
    void aMessageGoesToEachOfALogicalSet() {
        command(0, 0b101, LOGICAL | 0x41);
        assertThat(pending()).containsExactly(true, false, true);
    }

    @Test
    void oneOfALogicalSetTakesAMessageOfLowestPriority() {
        apics.get(0).write(TASK_PRIORITY, 0x20);
        apics.get(1).write(TASK_PRIORITY, 0x10);
        apics.get(2).write(TASK_PRIORITY, 0x10);
        command(0, 0b111, LOGICAL | LOWEST_PRIORITY | 0x41);
        assertThat(pending()).containsExactly(false, true, false);
    }

    @Test
    void theIoApicReachesWhomItsEntryNames() {
        ioApic.write(0, 0x10 + 2 * 4 + 1);
        ioApic.write(0x10, 1 << 24);
        ioApic.write(0, 0x10 + 2 * 4);
        ioApic.write(0x10, 0x31);
        ioApic.line(4, true);
        assertThat(pending()).containsExactly(false, true, false);
        assertThat(pins.get(1).taken()).containsExactly("interrupt");
    }

    @Test
    void shorthandsNameTheOthersOrAll() {
        command(1, 0, OTHERS | 0x41);
        assertThat(pending()).containsExactly(true, false, true);
        command(1, 0, ALL | 0x42);
        assertThat(pending()).containsExactly(true, true, true);
        pins.forEach(RecordedPins::taken);
        command(1, 0, OTHERS | NMI);
        command(1, 0, ALL | NMI); // invalid
        assertThat(pins.get(0).taken()).containsExactly("NMI");
        assertThat(pins.get(1).taken()).isEmpty();
    }

    @Test
    void initAndStartUpReachOthersAlone() {
        command(0, 1, INIT | ASSERT | LEVEL);
        command(0, 1, INIT | LEVEL); // the de-assertion
        assertThat(pins.get(1).taken()).containsExactly("INIT");
        command(0, 1, INIT); // by its edge
        command(0, 1, START_UP | 0x9A);
        assertThat(pins.get(1).taken()).containsExactly("INIT", "start-up " + 0x9A);
        command(0, 0, INIT | ASSERT);
        command(0, 0, START_UP | 0x9A);
        assertThat(pins.get(0).taken()).isEmpty();
        command(0, 0, OTHERS | INIT | ASSERT);
        assertThat(pins.get(0).taken()).isEmpty();
        assertThat(pins.get(1).taken()).containsExactly("INIT");
        assertThat(pins.get(2).taken()).containsExactly("INIT");
    }

    @Test
    void lowestPriorityIsForASetThatTheSenderIsNotNamedIn() {
        apics.get(2).write(TASK_PRIORITY, 0x20);
        command(0, 0, OTHERS | LOWEST_PRIORITY | 0x41);
        assertThat(pending()).containsExactly(false, true, false);
        command(0, 0, ALL | LOWEST_PRIORITY | 0x42); // invalid
        assertThat(pending()).containsExactly(false, true, false);
    }

    @Test
    void theIoApicResetsNobody() {
        ioApic.write(0, 0x10 + 2 * 4);
        ioApic.write(0x10, INIT);
        ioApic.line(4, true);
        assertThat(pins).allSatisfy(processor -> assertThat(processor.taken()).isEmpty());
    }

    @Test
    void initKeepsTheIdAndForgetsAllElse() {
        LocalApic apic = apics.get(1);
        apic.write(LVT_TIMER, 0x40);
        apic.write(TASK_PRIORITY, 0x20);
        command(0, 1, 0x41);
        apic.initialize();
        assertThat(apic.interruptPending()).isFalse();
        LocalApic fresh = new LocalApic(
                1,
                new VirtualClock(1_000_000_000L, VirtualClock.CYCLE_PER_INSTRUCTION, () -> 0),
                new PicPair(),
                new ApicBus());
        assertThat(apic.save()).isEqualTo(fresh.save());
    }

    @Test
    void theFirstProcessorAloneIsTheOneThatBoots() {
        assertThat(apics.stream().map(LocalApic::apicBase)).containsExactly(0xFEE0_0900L, 0xFEE0_0800L, 0xFEE0_0800L);
        assertThat(apics.stream().map(LocalApic::initialId)).containsExactly(0, 1, 2);
    }
}
