package dev.simvisor.node.cpu.interpreter;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The class of the instruction handlers as a file: emitted by the build, loaded like any other class. So a start neither emits
 * it nor, where the JVM has an ahead-of-time cache, verifies it or learns anew what of it is hot.
 */
final class HandlerClassFile {
    private HandlerClassFile() {}

    /** Writes it below the folder that is the only argument. */
    public static void main(String[] arguments) throws IOException {
        Path file = Path.of(arguments[0], HandlerCompiler.CLASS_NAME.replace('.', '/') + ".class");
        Files.write(
                file, HandlerCompiler.bytecode(HandlerTable.withoutHandlers().variants()));
    }

    /**
     * The handlers.
     *
     * @throws IllegalStateException if they were not emitted, or not for these variants
     */
    static BlockRunner load(List<Variant> variants) {
        try {
            Class<?> handlers = Class.forName(HandlerCompiler.CLASS_NAME);
            if (handlers.getField(HandlerCompiler.FINGERPRINT).getInt(null) != HandlerCompiler.fingerprint(variants)) {
                throw new IllegalStateException(
                        handlers + " belongs to another instruction table: build the project again");
            }
            return (BlockRunner) handlers.getConstructor().newInstance();
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("the generated instruction handlers are missing: build the project", e);
        }
    }
}
