package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SnapshotTest {
    private static final VmSpec SPEC =
            VmSpec.newBuilder().setName("toy").setMemoryBytes(1 << 20).build();
    private static final long GIGAHERTZ = 1_000_000_000;

    @TempDir
    Path directory;

    private static VirtualMachine running() {
        VirtualMachine vm = VirtualMachine.started(SPEC, 1, new ToyMachine(SPEC).boot(), 0, GIGAHERTZ);
        vm.runTo(123_456_789);
        vm.takeConsole();
        return vm;
    }

    private static VirtualMachine restore(Path file) throws IOException, StateRefused {
        try (Snapshot snapshot = Snapshot.open(file)) {
            VirtualMachine vm = VirtualMachine.incoming(snapshot.spec(), 1, new ToyMachine(snapshot.spec()));
            snapshot.fill(vm);
            return vm;
        }
    }

    @Test
    void restoredVmHasTheSameHashAndGoesOnTheSame() throws Exception {
        Path file = directory.resolve("toy.vm");
        VirtualMachine original = running();

        String hash = Snapshot.write(original, file);
        VirtualMachine restored = restore(file);

        assertThat(restored.stateHash()).isEqualTo(hash);
        restored.resume(5_000_000_000L);
        restored.runTo(5_050_000_000L);
        original.runTo(original.nanos() + 50_000_000);
        assertThat(restored.stateHash()).isEqualTo(original.stateHash());
        assertThat(restored.takeConsole().getFirst().offset())
                .isEqualTo(original.takeConsole().getFirst().offset());
    }

    @Test
    void everyTruncationIsRefusedWithOneLineThatNamesTheFile() throws Exception {
        Path file = directory.resolve("toy.vm");
        Snapshot.write(running(), file);
        byte[] whole = Files.readAllBytes(file);
        for (int length = 0; length < whole.length; length += 1 + length / 7) {
            Files.write(file, Arrays.copyOf(whole, length));
            assertThatThrownBy(() -> restore(file))
                    .isInstanceOf(StateRefused.class)
                    .hasMessageStartingWith(file.toString())
                    .hasMessageNotContaining("\n");
        }
    }

    @Test
    void damagedBytesAreRefused() throws Exception {
        Path file = directory.resolve("toy.vm");
        Snapshot.write(running(), file);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length / 2] ^= 0x10;
        Files.write(file, bytes);

        assertThatThrownBy(() -> restore(file)).isInstanceOf(StateRefused.class).hasMessageContaining("damaged");
    }

    @Test
    void failedWriteLeavesNothingBehind() {
        Path file = directory.resolve("missing").resolve("toy.vm");

        assertThatThrownBy(() -> Snapshot.write(running(), file)).isInstanceOf(IOException.class);
        assertThat(directory).isEmptyDirectory();
    }
}
