package dev.simvisor.node;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** HotSpot never compiles a method above {@code HugeMethodLimit}: it would stay interpreted for good. */
class MethodSizeTest {
    private static final Path CLASSES = Path.of("target", "classes");
    private static final int HUGE_METHOD_LIMIT = 8_000; // bytes of bytecode; src/hotspot/share/runtime/globals.hpp

    @Test
    void everyMethodIsSmallEnoughToBeCompiled() throws IOException {
        try (Stream<Path> files = Files.walk(CLASSES)) {
            List<String> huge = files.filter(file -> file.toString().endsWith(".class"))
                    .flatMap(MethodSizeTest::hugeMethods)
                    .sorted()
                    .toList();
            assertThat(huge).isEmpty();
        }
    }

    private static Stream<String> hugeMethods(Path file) {
        ClassModel model = parse(file);
        return model.methods().stream()
                .filter(method -> bytecodeBytes(method) > HUGE_METHOD_LIMIT)
                .map(method -> model.thisClass().asInternalName() + "." + method.methodName() + ": "
                        + bytecodeBytes(method) + " bytes");
    }

    private static ClassModel parse(Path file) {
        try {
            return ClassFile.of().parse(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int bytecodeBytes(MethodModel method) {
        return method.code().map(code -> ((CodeAttribute) code).codeLength()).orElse(0);
    }
}
