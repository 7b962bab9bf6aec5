package dev.simvisor.controller.progress;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.OptionalLong;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;

/** One bar per step on standard error, so that standard output stays what the command answers. */
public final class TerminalProgress implements Progress {
    private static final int USUAL_WIDTH = 80;

    private final int width;

    private TerminalProgress(int width) {
        this.width = width;
    }

    /** A bar when someone watches, silence in a script. */
    public static Progress ofStandardError() {
        return System.console() != null && System.console().isTerminal()
                ? new TerminalProgress(terminalWidth() - 1)
                : SILENT;
    }

    /** A bar that is wider would go on in a line of its own each time it moves. */
    private static int terminalWidth() throws UncheckedIOException {
        // Without asking the terminal what it can do: nobody would read its answers.
        try (Terminal terminal =
                TerminalBuilder.builder().system(true).graphemeCluster(false).build()) {
            return terminal.getWidth() > 1 ? terminal.getWidth() : USUAL_WIDTH;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    @Override
    public Step begin(String task, OptionalLong total, Unit unit) {
        ProgressBarBuilder builder = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total.orElse(-1))
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, width));
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
