package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.TypeOnConsole;
import org.junit.jupiter.api.Test;

class TypedLatelyTest {
    private final TypedLately typed = new TypedLately();

    private void type(long number, int bytes) {
        typed.add(HostCommand.newBuilder()
                .setNumber(number)
                .setType(TypeOnConsole.newBuilder().setBytes(ByteString.copyFrom(new byte[bytes])))
                .build());
    }

    @Test
    void whatTheStateDoesNotHaveIsThereInItsOrder() {
        for (int number = 1; number <= 5; number++) {
            type(number, 3);
        }
        assertThat(typed.after(3)).extracting(HostCommand::getNumber).containsExactly(4L, 5L);
    }

    @Test
    void whoTypesWithoutEndDuringAMigrationFillsNoMemory() {
        for (int number = 1; number <= 100; number++) {
            type(number, 1 << 20);
        }
        assertThat(typed.after(0)).extracting(HostCommand::getNumber).containsExactly(97L, 98L, 99L, 100L);
        type(101, 3 * TypedLately.MOST_BYTES);
        assertThat(typed.after(0)).extracting(HostCommand::getNumber).containsExactly(101L);
    }
}
