package dev.simvisor.controller.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** What a command line said and how it ended. */
record Invocation(int status, String output, String errors) {
    static Invocation of(String... arguments) {
        StringWriter output = new StringWriter();
        StringWriter errors = new StringWriter();
        CommandLine commandLine = Main.commandLine(arguments);
        commandLine.setOut(new PrintWriter(output, true)).setErr(new PrintWriter(errors, true));
        int status = commandLine.execute(arguments);
        return new Invocation(status, output.toString(), errors.toString());
    }
}
