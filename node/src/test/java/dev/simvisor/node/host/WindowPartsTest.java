package dev.simvisor.node.host;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.simvisor.proto.node.EthernetFrame;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.VmConsole;
import dev.simvisor.proto.node.VmProgress;
import dev.simvisor.proto.node.WindowDone;
import java.util.List;
import org.junit.jupiter.api.Test;

class WindowPartsTest {
    private static final int FRAME_BYTES = 8 << 20;

    private static WindowDone.Builder done() {
        return WindowDone.newBuilder()
                .setHost("h")
                .setWindow(7)
                .setNextDueNanos(5)
                .addSent(HostMessage.newBuilder().setSentNanos(3))
                .addProgress(VmProgress.newBuilder().setVm("a"));
    }

    private static VmConsole said(long offset, int bytes) {
        return VmConsole.newBuilder()
                .setVm("a")
                .setOffset(offset)
                .setBytes(ByteString.copyFrom(new byte[bytes]))
                .build();
    }

    @Test
    void answerOfAFewLinesIsOneMessage() {
        WindowDone small = done().addConsoles(said(0, 10)).build();
        assertThat(WindowParts.of(small)).containsExactly(small);
    }

    @Test
    void guestThatFloodsItsConsoleMakesNoMessageThatNoFrameHolds() {
        WindowDone.Builder flooded = done().addConsoles(said(0, 20 << 20));
        long offset = 20 << 20;
        for (int line = 0; line < 100_000; line++) {
            flooded.addConsoles(said(offset, 90));
            offset += 90;
        }
        List<WindowDone> parts = WindowParts.of(flooded.build());

        assertThat(parts).allSatisfy(part -> {
            assertThat(part.getSerializedSize()).isLessThan(FRAME_BYTES);
            assertThat(part.getHost()).isEqualTo("h");
            assertThat(part.getWindow()).isEqualTo(7);
        });
        assertThat(parts.getLast().toBuilder().clearConsoles().build()).isEqualTo(done().build());
        assertThat(parts.subList(0, parts.size() - 1))
                .isNotEmpty()
                .allMatch(part -> part.getMore() && part.getSentCount() == 0);
        long next = 0;
        for (WindowDone part : parts) {
            for (VmConsole piece : part.getConsolesList()) {
                assertThat(piece.getOffset()).isEqualTo(next);
                next += piece.getBytes().size();
            }
        }
        assertThat(next).isEqualTo(offset);
    }

    @Test
    void guestThatFloodsTheEthernetMakesNoneEither() {
        WindowDone.Builder flooded = done().addConsoles(said(0, 3 << 20));
        for (int n = 0; n < 10_000; n++) {
            flooded.addFrames(EthernetFrame.newBuilder().setNumber(n).setBytes(ByteString.copyFrom(new byte[1518])));
        }
        List<WindowDone> parts = WindowParts.of(flooded.build());

        assertThat(parts).hasSizeGreaterThan(3).allMatch(part -> part.getSerializedSize() < FRAME_BYTES);
        assertThat(parts.stream().flatMap(part -> part.getFramesList().stream()))
                .containsExactlyElementsOf(flooded.getFramesList());
        assertThat(parts.getLast().getSentCount()).isEqualTo(1);
    }
}
