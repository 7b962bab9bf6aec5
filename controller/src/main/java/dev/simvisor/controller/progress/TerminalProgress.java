package dev.simvisor.controller.progress;

import java.util.OptionalLong;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** One bar per step on standard error, so that standard output stays what the command answers. */
public final class TerminalProgress implements Progress {
    private static final int WIDTH = 100;

    /** A bar when someone watches, silence in a script. */
    public static Progress ofStandardError() {
        return System.console() != null && System.console().isTerminal() ? new TerminalProgress() : SILENT;
    }

    @Override
    public Step begin(String task, OptionalLong total, Unit unit) {
        ProgressBarBuilder builder = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total.orElse(-1))
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH));
        switch (unit) {
            case BYTES -> builder.setUnit(" MiB", 1 << 20);
            case VIRTUAL_NANOS -> builder.setUnit(" ms", 1_000_000);
            case BENCHMARK_RUNS -> builder.setUnit(" runs", 1);
        }
        ProgressBar bar = builder.build();
        return new Step() {
            @Override
            public void at(long done) {
                bar.stepTo(done);
            }

            @Override
            public void close() {
                bar.close();
            }
        };
    }
}
