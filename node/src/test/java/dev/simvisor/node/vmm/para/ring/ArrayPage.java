package dev.simvisor.node.vmm.para.ring;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A shared page in an array, both ends of which are the test's. */
public final class ArrayPage implements SharedPage {
    private final ByteBuffer bytes = ByteBuffer.allocate(SIZE).order(ByteOrder.LITTLE_ENDIAN);

    @Override
    public int readInt(int offset) {
        return bytes.getInt(offset);
    }

    @Override
    public void writeInt(int offset, int value) {
        bytes.putInt(offset, value);
    }

    @Override
    public void read(int offset, byte[] target, int at, int length) {
        bytes.get(offset, target, at, length);
    }

    @Override
    public void write(int offset, byte[] source, int at, int length) {
        bytes.put(offset, source, at, length);
    }
}
