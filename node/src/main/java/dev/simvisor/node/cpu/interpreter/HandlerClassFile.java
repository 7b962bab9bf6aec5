package dev.simvisor.node.cpu.interpreter;

import dev.simvisor.node.cpu.table.InstructionTable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The class of the instruction handlers as a file: emitted by the build, loaded like any other class. So a start neither
 * numbers handlers nor emits them nor, where the JVM has an ahead-of-time cache, verifies them or learns anew what of them is
 * hot.
 */
final class HandlerClassFile {
    private HandlerClassFile() {}

    /** Writes it below the folder that is the only argument. */
    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0], HandlerCompiler.CLASS_NAME.replace('.', '/') + ".class");
        Files.write(file, HandlerCompiler.bytecode(new HandlerNumbering(InstructionTable.load())));
    }

    /**
     * The handlers for a table.
     *
     * @throws IllegalStateException if they were not emitted, or from another table
     */
    static HandlerTable load(InstructionTable table) {
        try {
            Class<?> handlers = Class.forName(HandlerCompiler.CLASS_NAME);
            if (handlers.getField(HandlerCompiler.FINGERPRINT).getInt(null) != table.fingerprint()) {
                throw new IllegalStateException(
                        handlers + " belongs to another instruction table: build the project again");
            }
            String numbers = (String) handlers.getField(HandlerCompiler.NUMBERS).get(null);
            BlockRunner runner = (BlockRunner) handlers.getConstructor().newInstance();
            return new HandlerTable(table, numbers.toCharArray(), runner);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the generated instruction handlers are missing: build the project", e);
        }
    }
}
