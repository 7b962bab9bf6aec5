package dev.simvisor.node.machine.boot;

import dev.simvisor.node.machine.memory.GuestMemory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * What a guest finds that asks firmware by INT n in real mode: no service, but an answer. The carry flag says that the function
 * is not there, so that the guest goes on with what its loader told it; without a handler it would run through the interrupt
 * vectors for ever.
 */
public final class BiosServices {
    private static final int VECTORS = 256;
    private static final int SEGMENT = 0xF000;

    /** Where firmware of PCs has its handler for interrupts that nothing serves. */
    private static final int HANDLER = 0xFF53;

    /** push bp; mov bp,sp; or byte [bp+6],1, the carry flag of the image that goes back to the caller; pop bp; iret */
    private static final byte[] CODE = HexFormat.of().parseHex("5589e5804e06015dcf");

    private BiosServices() {}

    /** Writes the handler and the interrupt vectors, all of which lead to it. */
    public static void write(GuestMemory memory) {
        ByteBuffer vectors = ByteBuffer.allocate(VECTORS * Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        while (vectors.hasRemaining()) {
            vectors.putShort((short) HANDLER).putShort((short) SEGMENT);
        }
        memory.write(0, vectors.array());
        memory.write((SEGMENT << 4) + HANDLER, CODE);
    }
}
