package dev.simvisor.node.cpu.silicon;

import dev.simvisor.node.cpu.silicon.SiliconCase.Poke;
import dev.simvisor.node.cpu.silicon.SiliconCase.RegisterValue;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;

/**
 * Recorded vectors, compressed: the count, then per vector the case (its registers as a seed and what differs from it) and the
 * outcome (registers as runs of bytes that differ from those before).
 */
final class VectorFile {
    private VectorFile() {}

    static void write(OutputStream stream, List<SiliconVector> vectors) throws IOException {
        try (var out = new DataOutputStream(new BufferedOutputStream(new GZIPOutputStream(stream)))) {
            out.writeInt(vectors.size());
            for (SiliconVector vector : vectors) {
                writeCase(out, vector.input());
                writeOutcome(out, vector.input().input().toBytes(), vector.outcome());
            }
        }
    }

    static List<SiliconVector> read(InputStream stream) throws IOException {
        List<SiliconVector> vectors = new ArrayList<>();
        try (var in = new DataInputStream(new BufferedInputStream(new GZIPInputStream(stream)))) {
            int count = in.readInt();
            for (int i = 0; i < count; i++) {
                SiliconCase input = readCase(in);
                vectors.add(
                        new SiliconVector(input, readOutcome(in, input.input().toBytes())));
            }
        }
        return vectors;
    }

    private static void writeCase(DataOutputStream out, SiliconCase input) throws IOException {
        out.writeByte(input.codeSize() | (input.small() ? 1 : 0));
        out.writeInt(input.seed());
        out.writeShort(input.codeOffset());
        writeBytes(out, input.code());
        out.writeByte(input.values().size());
        for (RegisterValue value : input.values()) {
            out.writeByte(value.register());
            out.writeLong(value.value());
        }
        out.writeByte(input.pokes().size());
        for (Poke poke : input.pokes()) {
            out.writeShort(poke.offset());
            writeBytes(out, poke.bytes());
        }
    }

    private static SiliconCase readCase(DataInputStream in) throws IOException {
        int mode = in.readUnsignedByte();
        int seed = in.readInt();
        int codeOffset = in.readUnsignedShort();
        byte[] code = readBytes(in);
        List<RegisterValue> values = new ArrayList<>();
        for (int n = in.readUnsignedByte(); n > 0; n--) {
            values.add(new RegisterValue(in.readUnsignedByte(), in.readLong()));
        }
        List<Poke> pokes = new ArrayList<>();
        for (int n = in.readUnsignedByte(); n > 0; n--) pokes.add(new Poke(in.readUnsignedShort(), readBytes(in)));
        return new SiliconCase(mode & ~1, (mode & 1) != 0, seed, codeOffset, code, values, pokes);
    }

    private static void writeOutcome(DataOutputStream out, byte[] before, SiliconOutcome outcome) throws IOException {
        out.writeByte(outcome.vector());
        if (outcome.vector() != SiliconOutcome.COMPLETED) {
            out.writeShort(outcome.errorCode());
            out.writeLong(outcome.faultAddress());
        }
        byte[] after = outcome.state().toBytes();
        for (int i = 0; i < after.length; i++) {
            if (after[i] == before[i]) continue;
            int end = i;
            while (end < after.length && end - i < 255 && after[end] != before[end]) end++;
            out.writeShort(i);
            out.writeByte(end - i);
            out.write(after, i, end - i);
            i = end - 1;
        }
        out.writeShort(0xFFFF);
        out.writeShort(outcome.changes().length);
        for (int change : outcome.changes()) {
            out.writeShort(change >>> 8);
            out.writeByte(change);
        }
    }

    private static SiliconOutcome readOutcome(DataInputStream in, byte[] state) throws IOException {
        int vector = in.readUnsignedByte();
        boolean faulted = vector != SiliconOutcome.COMPLETED;
        int errorCode = faulted ? in.readUnsignedShort() : 0;
        long faultAddress = faulted ? in.readLong() : 0;
        for (int at = in.readUnsignedShort(); at != 0xFFFF; at = in.readUnsignedShort()) {
            in.readFully(state, at, in.readUnsignedByte());
        }
        int[] changes = new int[in.readUnsignedShort()];
        for (int i = 0; i < changes.length; i++) changes[i] = in.readUnsignedShort() << 8 | in.readUnsignedByte();
        return new SiliconOutcome(MachineState.of(state), vector, errorCode, faultAddress, changes);
    }

    private static void writeBytes(DataOutputStream out, byte[] bytes) throws IOException {
        out.writeByte(bytes.length);
        out.write(bytes);
    }

    private static byte[] readBytes(DataInputStream in) throws IOException {
        byte[] bytes = new byte[in.readUnsignedByte()];
        in.readFully(bytes);
        return bytes;
    }
}
