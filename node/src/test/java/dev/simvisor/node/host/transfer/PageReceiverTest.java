package dev.simvisor.node.host.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.ToyMachine;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.Finish;
import dev.simvisor.proto.node.Pages;
import dev.simvisor.proto.node.TransferChunk;
import org.junit.jupiter.api.Test;

class PageReceiverTest {
    private static final int PAGE = GuestMachine.PAGE_BYTES;

    private final ToyMachine machine =
            new ToyMachine(VmSpec.newBuilder().setMemoryBytes(16 * PAGE).build());
    private final PageReceiver receiver = new PageReceiver(machine, () -> {});

    private static TransferChunk chunk(Pages.Builder pages) {
        return TransferChunk.newBuilder().setPages(pages).build();
    }

    private static Pages.Builder full(int gfn, byte first) {
        byte[] contents = new byte[PAGE];
        contents[0] = first;
        contents[1] = 9;
        return Pages.newBuilder().addGfns(gfn).setContents(ByteString.copyFrom(contents));
    }

    /** So many bytes stay, one follows. */
    private static Pages.Builder delta(int gfn, int unchanged, int follows) {
        byte[] delta = {(byte) unchanged, 1, (byte) follows};
        return Pages.newBuilder().addDeltaGfns(gfn).addDeltas(ByteString.copyFrom(delta));
    }

    private byte[] page(int gfn) {
        byte[] page = new byte[PAGE];
        machine.readPage(gfn, page, 0);
        return page;
    }

    private void refuses(Pages.Builder pages, String reason) {
        byte[] before = page(3);
        assertThatThrownBy(() -> receiver.apply(chunk(pages), 0))
                .isInstanceOf(TransferBroken.class)
                .hasMessage(reason);
        assertThatThrownBy(receiver::await).isInstanceOf(TransferBroken.class).hasMessage(reason);
        assertThat(page(3)).isEqualTo(before);
    }

    @Test
    void deltaChangesThePageInPlace() throws Exception {
        receiver.apply(chunk(full(3, (byte) 5)), 0);
        assertThat(receiver.apply(chunk(delta(3, 2, 7)), 0).getPages()).isEqualTo(2);

        assertThat(page(3)).startsWith(5, 9, 7, 0);
    }

    @Test
    void deltaOfAPageOfZerosStartsFromZeros() throws Exception {
        receiver.apply(chunk(Pages.newBuilder().addZeroGfns(3)), 0);
        receiver.apply(chunk(delta(3, 1, 7)), 0);

        assertThat(page(3)).startsWith(0, 7, 0);
    }

    @Test
    void deltaOfAPageThatHasNotComeIsRefused() {
        refuses(delta(3, 0, 1), "a delta of page 3, which has not come before");
    }

    @Test
    void deltaThatDoesNotFitTheFormatIsRefused() throws Exception {
        receiver.apply(chunk(full(3, (byte) 5)), 0);

        refuses(
                Pages.newBuilder().addDeltaGfns(3).addDeltas(ByteString.copyFrom(new byte[] {0, 2, 1})),
                "a delta of page 3 with its end within a change");
    }

    @Test
    void deltasWithoutTheirPagesAreRefused() throws Exception {
        receiver.apply(chunk(full(3, (byte) 5)), 0);

        refuses(delta(3, 0, 1).addDeltaGfns(4), "a chunk of 2 pages with 1 deltas");
    }

    @Test
    void withheldPagesBeyondTheMemoryAreRefused() {
        TransferChunk finish = TransferChunk.newBuilder()
                .setFinish(Finish.newBuilder().addWithheldRuns(0).addWithheldRuns(17))
                .build();

        assertThatThrownBy(() -> receiver.apply(finish, 0))
                .isInstanceOf(TransferBroken.class)
                .hasMessage("withheld are pages up to 17, of 16");
    }

    @Test
    void pageOutsideTheMemoryIsRefused() {
        refuses(full(16, (byte) 1), "page 16 is outside the VM's memory");
        assertThat(machine.isMemory(16)).isFalse();
    }
}
