package dev.simvisor.controller.cli;

import dev.simvisor.controller.demo.Demo;
import dev.simvisor.controller.guest.CacheOption;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code simvisor demo}. */
@Command(
        name = "demo",
        description =
                "Shows a cluster of four hosts in this process: VMs run, move while they run, and prove that nothing"
                        + " was lost. Needs no download; takes less than a minute.",
        mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        boolean right = Demo.run(Objects.requireNonNull(spec).commandLine().getOut(), new CacheOption().cache());
        return right ? ExitCode.OK : ExitCode.SOFTWARE;
    }
}
