package dev.simvisor.controller.gdb;

import dev.simvisor.controller.embedded.DebugTarget;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The processors of a VM as threads of a debugger's: it counts them from 1, as 0 means any of them. */
final class Processors {
    private Processors() {}

    /** What a processor is called in packets. */
    static String thread(int processor) {
        return Integer.toHexString(processor + 1);
    }

    /** All of them, as in an answer to {@code qfThreadInfo}. */
    static String threads(DebugTarget target) {
        return IntStream.range(0, target.processors())
                .mapToObj(Processors::thread)
                .collect(Collectors.joining(","));
    }

    /**
     * The processor that a packet names; the one that executed last where it names any or all.
     *
     * @throws IllegalArgumentException when there is no such one
     */
    static int number(String thread, DebugTarget target) {
        int named = Integer.parseInt(thread, 16);
        if (named <= 0) return target.current();
        if (named > target.processors()) throw new IllegalArgumentException("no thread " + thread);
        return named - 1;
    }
}
