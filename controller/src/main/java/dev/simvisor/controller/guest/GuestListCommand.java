package dev.simvisor.controller.guest;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import dev.simvisor.config.Guest;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code simvisor guest list}. */
@Command(name = "list", description = "Lists the guests of the catalogue.", mixinStandardHelpOptions = true)
public final class GuestListCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--output",
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table or json. Default: ${DEFAULT-VALUE}.")
    private OutputFormat output = OutputFormat.table;

    @Mixin
    private CacheOption cacheOption = new CacheOption();

    /** Spelt as on the command line. */
    enum OutputFormat {
        table,
        json
    }

    @Override
    public Integer call() {
        PrintWriter out = Objects.requireNonNull(spec).commandLine().getOut();
        GuestCache cache = cacheOption.cache();
        switch (output) {
            case table -> table(cache, out);
            case json -> out.println(json(cache));
        }
        return ExitCode.OK;
    }

    private static void table(GuestCache cache, PrintWriter out) {
        String row = "%-16s  %-10s  %6s  %s%n";
        out.printf(row, "GUEST", "STATUS", "MEMORY", "DESCRIPTION");
        for (Guest guest : cache.catalogue().guests().values()) {
            out.printf(row, guest.name(), status(cache, guest), guest.memory(), guest.description());
        }
    }

    private static String json(GuestCache cache) {
        List<Map<String, ?>> guests = new ArrayList<>();
        for (Guest guest : cache.catalogue().guests().values()) {
            guests.add(Map.of(
                    "name", guest.name(),
                    "status", status(cache, guest),
                    "memoryBytes", guest.memory().bytes(),
                    "commandLine", guest.commandLine(),
                    "description", guest.description()));
        }
        return ConfigValueFactory.fromIterable(guests)
                .render(ConfigRenderOptions.concise().setFormatted(true))
                .strip();
    }

    private static String status(GuestCache cache, Guest guest) {
        return switch (guest) {
            case Guest.BuiltIn _ -> "built in";
            case Guest.Packaged packaged -> cache.holds(packaged) ? "fetched" : "not fetched";
        };
    }
}
