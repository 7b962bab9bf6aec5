package dev.simvisor.controller.cli;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.MessageOrBuilder;
import com.google.protobuf.util.JsonFormat;
import dev.simvisor.controller.report.Table;
import io.grpc.StatusRuntimeException;
import java.io.PrintWriter;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** A verb that asks a running cluster: where it is, and how its answers are shown. */
@Command(mixinStandardHelpOptions = true)
abstract class ClientCommand implements Callable<Integer> {
    private static final JsonFormat.Printer JSON = JsonFormat.printer().alwaysPrintFieldsWithNoPresence();

    /** Spelt as on the command line. */
    enum OutputFormat {
        table,
        json
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--server",
            paramLabel = "HOST:PORT",
            defaultValue = "${env:SIMVISOR_SERVER:-localhost:7711}",
            description = "Where the cluster serves. Default: $SIMVISOR_SERVER, else localhost:7711.")
    private String server = "";

    @Option(
            names = "--output",
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table, or json: the API's messages. Default: ${DEFAULT-VALUE}.")
    private OutputFormat output = OutputFormat.table;

    /** Asks the cluster and shows its answer. */
    abstract void run(ApiClient api) throws Exception;

    @Override
    public final Integer call() throws Exception {
        try (ApiClient api = ApiClient.to(server)) {
            try {
                run(api);
            } catch (StatusRuntimeException failed) {
                throw api.failure(failed);
            }
        }
        return ExitCode.OK;
    }

    final PrintWriter out() {
        return Objects.requireNonNull(spec).commandLine().getOut();
    }

    final PrintWriter err() {
        return Objects.requireNonNull(spec).commandLine().getErr();
    }

    /** Whether all that was shown has been taken: {@code head} goes when it has enough, and a disk may be full. */
    final boolean isShown() {
        boolean refused = out().checkError(); // which also writes what waits
        return !System.out.checkError() && !refused;
    }

    /** Whether a person reads the answer, who may want more than the message itself. */
    final boolean isTable() {
        return output == OutputFormat.table;
    }

    /** Shows an answer in the format that the user wants. */
    final void show(MessageOrBuilder answer, Supplier<Table> table) throws InvalidProtocolBufferException {
        show(answer, () -> table.get().toString(), JSON);
    }

    /** Shows one of many answers, as a line of text or of JSON. */
    final void showLine(MessageOrBuilder answer, Supplier<String> line) throws InvalidProtocolBufferException {
        show(answer, line, JSON.omittingInsignificantWhitespace());
    }

    private void show(MessageOrBuilder answer, Supplier<String> text, JsonFormat.Printer json)
            throws InvalidProtocolBufferException {
        out().println(
                        switch (output) {
                            case table -> text.get();
                            case json -> json.print(answer);
                        });
        out().flush();
    }
}
