package dev.simvisor.node.machine.disk;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * A file that is kept from others, of this process and of every other, by flock(2) of Linux; it goes with the process at the latest.
 * The locks that {@link java.nio.channels.FileChannel} has belong to the process as a whole, and go as soon as it closes any
 * descriptor of the file (fcntl(2), advisory record locking); this one belongs to a descriptor of its own.
 */
final class ImageLock implements AutoCloseable {
    // The values of Linux: open(2), flock(2), errno(3).
    private static final int O_RDONLY = 0;
    private static final int O_RDWR = 2;
    private static final int O_CLOEXEC = 0x80000;
    private static final int LOCK_SH = 1;
    private static final int LOCK_EX = 2;
    private static final int LOCK_NB = 4;
    private static final int EWOULDBLOCK = 11;

    private static final StructLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO = ERRNO_LAYOUT.varHandle(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle OPEN =
            function("open", FunctionDescriptor.of(JAVA_INT, ADDRESS, JAVA_INT), Linker.Option.firstVariadicArg(2));
    private static final MethodHandle FLOCK = function("flock", FunctionDescriptor.of(JAVA_INT, JAVA_INT, JAVA_INT));
    private static final MethodHandle CLOSE = function("close", FunctionDescriptor.of(JAVA_INT, JAVA_INT));

    private final int descriptor;

    private ImageLock(int descriptor) {
        this.descriptor = descriptor;
    }

    private static MethodHandle function(String name, FunctionDescriptor type, Linker.Option... options) {
        Linker.Option[] all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = Linker.Option.captureCallState("errno");
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, all);
    }

    /**
     * Locks a file, without waiting.
     *
     * @param shared for those that only read it: each of them may have it at the same time, and nobody else
     * @return nothing when another has it
     * @throws IOException when it cannot be locked at all; the message is one line that names the file
     */
    static Optional<ImageLock> tryLock(Path file, boolean shared) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment errno = arena.allocate(ERRNO_LAYOUT);
            MemorySegment path = arena.allocateFrom(file.toString());
            int descriptor = (int) OPEN.invokeExact(errno, path, (shared ? O_RDONLY : O_RDWR) | O_CLOEXEC);
            if (descriptor < 0) {
                throw new IOException(file + ": cannot be locked: open fails with error " + (int) ERRNO.get(errno, 0L));
            }
            ImageLock lock = new ImageLock(descriptor);
            if ((int) FLOCK.invokeExact(errno, descriptor, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0) {
                return Optional.of(lock);
            }
            lock.close();
            int error = (int) ERRNO.get(errno, 0L);
            if (error != EWOULDBLOCK) {
                throw new IOException(file + ": cannot be locked: flock fails with error " + error);
            }
            return Optional.empty();
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("the linker refuses a call", e);
        }
    }

    @Override
    public void close() {
        try (Arena arena = Arena.ofConfined()) {
            int ignored = (int) CLOSE.invokeExact(arena.allocate(ERRNO_LAYOUT), descriptor);
        } catch (Throwable e) {
            throw new AssertionError("the linker refuses a call", e);
        }
    }
}
