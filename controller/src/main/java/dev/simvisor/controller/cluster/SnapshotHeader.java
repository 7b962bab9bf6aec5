package dev.simvisor.controller.cluster;

import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.SavedVm;
import java.io.BufferedInputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;

/** Reads what a snapshot file is of, so that the VM can be placed; the host that restores it reads and checks the rest. */
final class SnapshotHeader {
    private static final byte[] MAGIC = "simvisor-vm 1\n".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_STATE_BYTES = 1 << 28;

    private SnapshotHeader() {}

    static VmSpec read(Path file) throws Refusal {
        if (!Files.isRegularFile(file)) {
            throw Files.exists(file)
                    ? new Refusal(Kind.INVALID, file + ": not a regular file: expected a snapshot of a VM")
                    : new Refusal(Kind.NOT_FOUND, file + ": no such file");
        }
        try (InputStream raw = new BufferedInputStream(Files.newInputStream(file))) {
            if (!Arrays.equals(raw.readNBytes(MAGIC.length), MAGIC)) {
                throw new Refusal(Kind.INVALID, file + ": not a snapshot of a VM, or of another version");
            }
            DataInputStream in = new DataInputStream(new GZIPInputStream(raw));
            int length = in.readInt();
            if (length < 0 || length > MAX_STATE_BYTES) {
                throw new Refusal(Kind.INVALID, file + ": damaged: state of " + length + " bytes");
            }
            return SavedVm.parseFrom(in.readNBytes(length)).getSpec();
        } catch (EOFException e) {
            throw new Refusal(Kind.INVALID, file + ": truncated: it ends in the middle of the VM's state");
        } catch (IOException e) {
            throw new Refusal(Kind.INVALID, file + ": truncated or damaged: " + e.getMessage());
        }
    }
}
