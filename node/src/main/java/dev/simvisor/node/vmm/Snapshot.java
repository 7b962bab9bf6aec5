package dev.simvisor.node.vmm;

import static dev.simvisor.node.vmm.GuestMachine.PAGE_BYTES;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.SavedVm;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;

/**
 * A VM in a file.
 *
 * <p>Format: the line {@code simvisor-vm 1}, then, compressed by gzip (RFC 1952) which also guards it with a CRC: the length
 * and bytes of the {@link SavedVm} message; for each page that is not all zeros its gfn (4 bytes, big-endian) and contents;
 * the gfn -1; the state hash.
 */
public final class Snapshot implements AutoCloseable {
    private static final byte[] MAGIC = "simvisor-vm 1\n".getBytes(StandardCharsets.US_ASCII);
    private static final int MAX_STATE_BYTES = 1 << 28;
    private static final int END = -1;

    private final Path file;
    private final DataInputStream in;
    private final SavedVm saved;
    private final ByteString savedBytes;

    private Snapshot(Path file, DataInputStream in, ByteString savedBytes, SavedVm saved) {
        this.file = file;
        this.in = in;
        this.savedBytes = savedBytes;
        this.saved = saved;
    }

    /**
     * Writes a VM, which must not run meanwhile; the file appears when it is whole. Returns its state hash.
     *
     * @throws FileSystemException when there is something under that name that is no file, such as a device: it would be gone
     */
    public static String write(VirtualMachine vm, Path file) throws IOException {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new FileSystemException(
                    file.toString(), null, Files.isDirectory(file) ? "it is a folder" : "it is not a regular file");
        }
        // Other VMs, whose names are others, may be saved to the same file at the same time.
        Path unfinished = file.resolveSibling(file.getFileName() + "." + vm.name() + ".part");
        try {
            String hash;
            try (OutputStream raw = new BufferedOutputStream(Files.newOutputStream(unfinished))) {
                raw.write(MAGIC);
                DataOutputStream out = new DataOutputStream(new BufferedOutputStream(new FastGzip(raw), 1 << 16));
                hash = writeBody(vm, out);
                out.close();
            }
            // In one step: whoever looks meanwhile finds one file or the other.
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
            return hash;
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    private static String writeBody(VirtualMachine vm, DataOutputStream out) throws IOException {
        byte[] state = vm.save().toByteArray();
        out.writeInt(state.length);
        out.write(state);
        GuestPages pages = vm.machine().pages();
        byte[] page = new byte[PAGE_BYTES];
        for (int gfn = 0; gfn < pages.endFrame(); gfn++) {
            if (pages.isMemory(gfn) && !pages.isZero(gfn)) {
                pages.readPage(gfn, page, 0);
                out.writeInt(gfn);
                out.write(page);
            }
        }
        out.writeInt(END);
        String hash = vm.stateHash();
        out.writeUTF(hash);
        return hash;
    }

    /** Opens a snapshot and reads what it is of; {@link #fill} reads the rest. */
    public static Snapshot open(Path file) throws IOException, StateRefused {
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new StateRefused(file + ": not a regular file: expected a snapshot of a VM");
        }
        InputStream raw;
        try {
            raw = new BufferedInputStream(Files.newInputStream(file));
        } catch (NoSuchFileException e) {
            throw new StateRefused(file + ": no such file");
        }
        try {
            if (!Arrays.equals(raw.readNBytes(MAGIC.length), MAGIC)) {
                throw new StateRefused(file + ": not a snapshot of a VM, or of another version");
            }
            DataInputStream in = new DataInputStream(new BufferedInputStream(new GZIPInputStream(raw), 1 << 16));
            int length = in.readInt();
            if (length < 0 || length > MAX_STATE_BYTES) {
                throw new StateRefused(file + ": damaged: state of " + length + " bytes");
            }
            byte[] state = in.readNBytes(length);
            if (state.length < length) {
                throw new EOFException();
            }
            ByteString bytes = ByteString.copyFrom(state);
            return new Snapshot(file, in, bytes, VirtualMachine.parse(bytes));
        } catch (EOFException | ZipException | InvalidProtocolBufferException e) {
            raw.close();
            throw damaged(file, e);
        } catch (StateRefused e) {
            raw.close();
            throw e;
        }
    }

    /** What the VM is made of. */
    public VmSpec spec() {
        return saved.getSpec();
    }

    /** Fills an incoming VM with pages and state and checks that it is the one saved; it is then paused. */
    public void fill(VirtualMachine vm) throws IOException, StateRefused {
        try {
            readPages(vm.machine().pages());
            vm.admit(savedBytes);
            String expected = in.readUTF();
            if (in.read() != END) {
                throw new StateRefused(file + ": damaged: bytes after the end");
            }
            if (!vm.stateHash().equals(expected)) {
                throw new StateRefused(file + ": damaged: the restored VM's hash is not the saved one's");
            }
        } catch (EOFException | ZipException e) {
            throw damaged(file, e);
        }
    }

    private void readPages(GuestPages pages) throws IOException, StateRefused {
        byte[] page = new byte[PAGE_BYTES];
        for (int gfn = in.readInt(); gfn != END; gfn = in.readInt()) {
            if (!pages.isMemory(gfn)) {
                throw new StateRefused(file + ": damaged: page " + gfn + " is outside the VM's memory");
            }
            in.readFully(page);
            pages.writePage(gfn, page, 0);
        }
    }

    private static StateRefused damaged(Path file, IOException e) {
        return new StateRefused(
                e instanceof EOFException
                        ? file + ": truncated: it ends in the middle of the VM's state"
                        : file + ": damaged: " + e.getMessage());
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    /** Guests' pages are large and mostly dull: speed matters more than the last percent. */
    private static final class FastGzip extends GZIPOutputStream {
        FastGzip(OutputStream out) throws IOException {
            super(out, 1 << 16);
            def.setLevel(Deflater.BEST_SPEED);
        }
    }
}
