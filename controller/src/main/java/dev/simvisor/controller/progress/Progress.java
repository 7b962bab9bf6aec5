package dev.simvisor.controller.progress;

import java.util.OptionalLong;

/** Where long work reports how far it has come. */
public interface Progress {
    /** A piece of work that nobody watches. */
    Step NO_STEP = done -> {};

    /** Reports to nobody. */
    Progress SILENT = (task, total, unit) -> NO_STEP;

    /** Begins a piece of work, of {@code total} units when that is known; the step before it has ended. */
    Step begin(String task, OptionalLong total, Unit unit);

    /** What work is measured in. */
    enum Unit {
        BYTES,
        VIRTUAL_NANOS,
        BENCHMARK_RUNS
    }

    /** One piece of work under way. */
    @FunctionalInterface
    interface Step extends AutoCloseable {
        /** So many units are done since the beginning. */
        void at(long done);

        @Override
        default void close() {}
    }
}
