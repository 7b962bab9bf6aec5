package dev.simvisor.node.machine;

import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.memory.MachineMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;

/** Kernels of a few instructions. */
public final class TinyKernel {
    /** Where it begins. */
    public static final int CODE = 0x10_0000;

    private static final int OFFSET = 0x60;

    private TinyKernel() {}

    /** One that starts with these instructions, in 32-bit protected mode; blanks between them mean nothing. */
    public static BootSource of(String hexCode) {
        byte[] code = HexFormat.of().parseHex(hexCode.replace(" ", ""));
        ByteBuffer elf = ByteBuffer.allocate(OFFSET + code.length + 12).order(ByteOrder.LITTLE_ENDIAN);
        elf.putInt(0, 0x464C_457F).put(4, (byte) 1); // an ELF file of 32 bits
        elf.putInt(24, CODE).putInt(28, 52).putShort(42, (short) 32).putShort(44, (short) 1); // entry, one segment
        elf.putInt(52, 1).putInt(56, OFFSET).putInt(60, CODE).putInt(64, CODE); // its place
        elf.putInt(68, code.length).putInt(72, code.length);
        elf.putInt(84, 0x1BAD_B002).putInt(88, 0).putInt(92, -0x1BAD_B002); // the multiboot header
        elf.put(OFFSET, code);
        return new BootSource.Multiboot(new Image("tiny.elf", elf.array()), "", List.of());
    }

    /** Has one machine go on from the state of another, as after a migration. */
    public static void move(Machine from, Machine to) throws UnusableStateException {
        byte[] page = new byte[MachineMemory.FRAME_SIZE];
        for (int gfn = 0; gfn < from.memory().endFrame(); gfn++) {
            if (!from.memory().isMemory(gfn)) continue;
            if (from.memory().isZero(gfn)) {
                to.memory().clearPage(gfn);
            } else {
                from.memory().readPage(gfn, page, 0);
                to.memory().writePage(gfn, page, 0);
            }
        }
        to.restore(from.save());
    }
}
