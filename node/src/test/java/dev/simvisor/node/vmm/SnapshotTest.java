package dev.simvisor.node.vmm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.proto.api.VmSpec;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.assertj.core.api.Condition;
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
    void whatIsNoFileIsNotReplacedByASnapshot() throws Exception {
        Path folder = Files.createDirectory(directory.resolve("folder"));
        Path socket = directory.resolve("socket");
        try (ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.bind(UnixDomainSocketAddress.of(socket));

            for (Path kept : List.of(folder, socket)) {
                assertThatThrownBy(() -> Snapshot.write(running(), kept))
                        .isInstanceOf(FileSystemException.class)
                        .hasMessageStartingWith(kept.toString());
                assertThat(kept).exists().isNot(new Condition<>(path -> Files.isRegularFile(path), "a regular file"));
            }
        }
        assertThat(directory.toFile().list()).hasSize(2);
    }

    @Test
    void deviceIsNoSnapshot() {
        assertThatThrownBy(() -> restore(Path.of("/dev/null")))
                .isInstanceOf(StateRefused.class)
                .hasMessageContaining("not a regular file");
    }

    @Test
    void twoVmsThatAreSavedToOneFileAtOnceLeaveOneOfThemWhole() throws Exception {
        Path file = directory.resolve("toy.vm");
        List<Callable<String>> writers = List.of(writer("one", file), writer("two", file));
        List<String> hashes = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            for (Future<String> written : threads.invokeAll(writers)) {
                hashes.add(written.get());
            }
        }

        assertThat(hashes).contains(restore(file).stateHash());
        assertThat(directory.toFile().list()).containsExactly("toy.vm");
    }

    private static Callable<String> writer(String name, Path file) {
        VmSpec spec = SPEC.toBuilder().setName(name).build();
        VirtualMachine vm = VirtualMachine.started(spec, 1, new ToyMachine(spec).boot(), 0, GIGAHERTZ);
        vm.runTo(123_456_789);
        return () -> {
            String hash = "";
            for (int i = 0; i < 50; i++) {
                hash = Snapshot.write(vm, file);
            }
            return hash;
        };
    }

    @Test
    void failedWriteLeavesNothingBehind() {
        Path file = directory.resolve("missing").resolve("toy.vm");

        assertThatThrownBy(() -> Snapshot.write(running(), file)).isInstanceOf(IOException.class);
        assertThat(directory).isEmptyDirectory();
    }
}
