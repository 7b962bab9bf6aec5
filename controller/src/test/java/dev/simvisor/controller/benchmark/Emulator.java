package dev.simvisor.controller.benchmark;

import dev.simvisor.config.VirtualizationMode;
import java.io.IOException;
import java.util.OptionalLong;

/** One of the emulators that are compared. */
sealed interface Emulator permits Simvisor, Bochs, Qemu {
    String name();

    /** Whether the guest's time-stamp counter counts instructions, each repetition of a REP as one. */
    boolean ticksAreInstructions();

    /** The mode that a guest is to be made for. */
    default VirtualizationMode mode() {
        return VirtualizationMode.BARE;
    }

    /** Whether it can be timed at some work. */
    boolean runs(Work work);

    /** Starts a guest, as quickly as this emulator knows how. */
    Run start(BenchmarkGuest guest) throws BenchmarkException, IOException, InterruptedException;

    /** Wall nanoseconds until the console shows a marker, of a guest that is the second one in its process; if it can be that. */
    default OptionalLong bootAgain(BenchmarkGuest guest, String marker)
            throws BenchmarkException, IOException, InterruptedException {
        return OptionalLong.empty();
    }

    /** A guest that runs. Closing it ends the emulator, whatever the guest does. */
    interface Run extends AutoCloseable {
        ConsoleWatch console();

        /** {@link System#nanoTime} from which the boot is timed. */
        long startNanos();

        /**
         * Lets the guest end, by typing that command if this emulator's console takes input.
         *
         * @return the instructions that the guest executed in all, if this emulator counts them
         */
        OptionalLong finish(String command) throws BenchmarkException, IOException, InterruptedException;

        @Override
        void close() throws IOException;
    }
}
