package dev.simvisor.node.vmm.mode;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** CPUID tells a guest what its VM's CPU model has, in every mode and wherever it has moved. */
class GuestProcessorTest {
    private static final int CODE = 0x10_0000;
    private static final int OFFSET = 0x60;
    private static final int POPCNT = 1 << 23;
    /** again: mov eax, 1; cpuid; jmp again. Two instructions and every third after them leave CPUID's answer. */
    private static final byte[] ASKING = HexFormat.of().parseHex("b8010000000fa2ebf7");

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

    private static void boot(Machine machine) throws Exception {
        ByteBuffer elf = ByteBuffer.allocate(OFFSET + ASKING.length).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464C_457F).put(4, (byte) 1); // an ELF file of 32 bits
        elf.putInt(24, CODE).putInt(28, 52).putShort(42, (short) 32).putShort(44, (short) 1); // entry, one segment
        elf.putInt(52, 1).putInt(56, OFFSET).putInt(60, CODE).putInt(64, CODE); // its place
        elf.putInt(68, ASKING.length).putInt(72, ASKING.length);
        elf.putInt(84, 0x1BAD_B002).putInt(88, 0).putInt(92, -0x1BAD_B002); // the multiboot header
        elf.put(OFFSET, ASKING);
        machine.boot(new BootSource.Multiboot(new Image("asking.elf", elf.array()), "", List.of()));
    }

    /** What a migration does to it. */
    private static void move(Machine from, Machine to) throws Exception {
        byte[] page = new byte[MachineMemory.FRAME_SIZE];
        for (int gfn = 0; gfn < from.memory().endFrame(); gfn++) {
            if (from.memory().isMemory(gfn)) {
                from.memory().readPage(gfn, page, 0);
                to.memory().writePage(gfn, page, 0);
            }
        }
        to.restore(from.save());
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
                        boot(source);
                        source.runUntil(2);
                        assertToldOf(model, source, first);
                        move(source, target);
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
