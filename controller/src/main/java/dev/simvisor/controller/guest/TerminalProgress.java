package dev.simvisor.controller.guest;

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
    public Step begin(String task, OptionalLong total) {
        ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(total.orElse(-1))
                .setUnit(" MiB", 1 << 20)
                .setStyle(ProgressBarStyle.ASCII)
                .setConsumer(new ConsoleProgressBarConsumer(System.err, WIDTH))
                .build();
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
