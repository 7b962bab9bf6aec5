package dev.simvisor.controller.cli;

import dev.simvisor.config.InvalidConfigException;
import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.experiment.ExperimentFailed;
import dev.simvisor.controller.guest.GuestException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.IParameterExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/** Turns what goes wrong into one line on standard error and an exit status. What is a bug keeps its stack trace. */
final class Failures implements IExecutionExceptionHandler, IParameterExceptionHandler {
    @Override
    public int handleExecutionException(Exception failed, CommandLine command, ParseResult parsed) throws Exception {
        command.getErr().println("simvisor: " + message(failed));
        return ExitCode.SOFTWARE;
    }

    private static String message(Exception failed) throws Exception {
        return switch (failed) {
            case CommandFailed _, BootRefused _, ExperimentFailed _, GuestException _, InvalidConfigException _ ->
                String.valueOf(failed.getMessage());
            case UncheckedIOException unchecked -> describe(Objects.requireNonNull(unchecked.getCause()));
            case IOException io -> describe(io);
            case InterruptedException _ -> "interrupted";
            default -> throw failed;
        };
    }

    /** The JDK's exceptions of files have the file's name alone for a message. */
    static String describe(IOException failed) {
        return switch (failed) {
            case NoSuchFileException missing -> missing.getFile() + ": no such file or folder";
            case FileAlreadyExistsException there -> there.getFile() + ": there is such a file already";
            case AccessDeniedException denied -> denied.getFile() + ": permission denied";
            default -> String.valueOf(failed.getMessage());
        };
    }

    @Override
    public int handleParseException(ParameterException invalid, String[] arguments) {
        CommandLine command = invalid.getCommandLine();
        String name = command.getCommandSpec().qualifiedName();
        String problem =
                String.valueOf(invalid.getMessage()).lines().findFirst().orElse("invalid arguments");
        command.getErr().println("simvisor: " + problem + "; see " + name + " --help");
        return command.getCommandSpec().exitCodeOnInvalidInput();
    }
}
