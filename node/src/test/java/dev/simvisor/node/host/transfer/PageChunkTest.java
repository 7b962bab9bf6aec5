package dev.simvisor.node.host.transfer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.github.luben.zstd.Zstd;
import com.google.protobuf.ByteString;
import dev.simvisor.node.vmm.GuestMachine;
import dev.simvisor.node.vmm.ToyMachine;
import dev.simvisor.node.vmm.migration.SentPageCache;
import dev.simvisor.node.vmm.migration.SentPages;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.Pages;
import dev.simvisor.proto.node.TransferChunk;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Chunks of pages as a source makes them and a target takes them. */
class PageChunkTest {
    private static final int PAGE = GuestMachine.PAGE_BYTES;
    private static final int PAGES = 96;

    private final ToyMachine source = machine();
    private final ToyMachine target = machine();
    private final PageReceiver receiver = new PageReceiver(target, () -> {});

    private static ToyMachine machine() {
        return new ToyMachine(VmSpec.newBuilder().setMemoryBytes(PAGES * PAGE).build());
    }

    /** Lines of text that differ by their numbers. */
    private static byte[] text(int gfn) {
        StringBuilder text = new StringBuilder();
        for (int line = 0; text.length() < PAGE; line++) {
            text.append("page ").append(gfn).append(", line ").append(line).append('\n');
        }
        return Arrays.copyOf(text.toString().getBytes(StandardCharsets.US_ASCII), PAGE);
    }

    private static byte[] noise(int gfn) {
        byte[] page = new byte[PAGE];
        new Random(gfn).nextBytes(page);
        return page;
    }

    private void textAtSource(int from, int to) {
        for (int gfn = from; gfn < to; gfn++) source.writePage(gfn, text(gfn), 0);
    }

    private PageChunk.Coded chunk(SentPageCache cache, int from, int to) {
        PageChunk chunk = new PageChunk(source, cache, true);
        for (int gfn = from; gfn < to; gfn++) chunk.add(gfn);
        return chunk.coded();
    }

    private void send(PageChunk.Coded chunk) throws TransferBroken {
        receiver.apply(TransferChunk.newBuilder().setPages(chunk.message()).build(), 0);
    }

    private void checkSame(int from, int to) {
        byte[] sent = new byte[PAGE];
        byte[] come = new byte[PAGE];
        for (int gfn = from; gfn < to; gfn++) {
            source.readPage(gfn, sent, 0);
            target.readPage(gfn, come, 0);
            assertThat(come).as("page %d", gfn).isEqualTo(sent);
        }
    }

    @Test
    void compressedPagesComeAsTheyWere() throws Exception {
        textAtSource(0, 40);
        PageChunk.Coded chunk = chunk(null, 0, 60);
        send(chunk);

        checkSame(0, 60);
        Pages message = chunk.message();
        assertThat(message.getContents().isEmpty()).isTrue();
        assertThat(message.getZeroGfnsCount()).isEqualTo(20);
        SentPages.Compression compression = chunk.sent().compression();
        assertThat(compression)
                .isEqualTo(new SentPages.Compression(
                        40, 40 * PAGE, message.getZstd().size() + SentPages.COMPRESSED_HEADER_BYTES));
        assertThat(chunk.sent().wireBytes())
                .isEqualTo(SentPages.of(40, 20).wireBytes() - 40 * PAGE + compression.after())
                .isLessThan(40 * PAGE / 4);
    }

    @Test
    void pagesThatDoNotCompressGoAsTheyAre() throws Exception {
        for (int gfn = 0; gfn < 10; gfn++) source.writePage(gfn, noise(gfn), 0);
        PageChunk.Coded chunk = chunk(null, 0, 10);
        send(chunk);

        checkSame(0, 10);
        assertThat(chunk.message().getZstd().isEmpty()).isTrue();
        assertThat(chunk.sent().compression()).isEqualTo(new SentPages.Compression(0, 10 * PAGE, 10 * PAGE));
        assertThat(chunk.sent().wireBytes()).isEqualTo(SentPages.of(10, 0).wireBytes());
    }

    @Test
    void deltasGoBesideCompressedPages() throws Exception {
        SentPageCache cache = new SentPageCache(1 << 20);
        cache.beginRound();
        textAtSource(0, 10);
        send(chunk(cache, 0, 10));
        source.writePage(3, text(4), 0);
        source.writePage(4, noise(4), 0);
        textAtSource(10, 20);
        cache.beginRound();
        PageChunk.Coded chunk = chunk(cache, 3, 20);
        send(chunk);

        checkSame(0, 20);
        assertThat(chunk.sent().compared()).isEqualTo(7);
        assertThat(chunk.sent().deltas()).isEqualTo(6);
        assertThat(chunk.sent().compression().before()).isEqualTo(11 * PAGE);
    }

    /** A version of zstd that packs otherwise changes what migrations take in virtual time. */
    @Test
    void samePagesGiveTheSameBytesWhateverWasSentBefore() throws Exception {
        textAtSource(0, 64);
        ByteString first = chunk(null, 0, 64).message().getZstd();
        chunk(null, 10, 20);

        assertThat(chunk(null, 0, 64).message().getZstd()).isEqualTo(first);
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(first.toByteArray());
        assertThat(HexFormat.of().formatHex(hash))
                .isEqualTo("bf0fc84e5963703989d88347294ff1ba8a3ee7fd6cb3867d7ee90606a29d893b");
    }

    // ---- what does not fit

    private void refuses(Pages.Builder pages, String reason) {
        TransferChunk chunk = TransferChunk.newBuilder().setPages(pages).build();
        assertThatThrownBy(() -> receiver.apply(chunk, 0))
                .isInstanceOf(TransferBroken.class)
                .hasMessageMatching(reason);
        assertThatThrownBy(receiver::await).isInstanceOf(TransferBroken.class);
        assertThat(target.all().stream()).allMatch(target::isZero);
    }

    private static Pages.Builder packed(int pages, byte[] contents) {
        Pages.Builder chunk = Pages.newBuilder().setZstd(ByteString.copyFrom(Zstd.compress(contents, 1)));
        for (int gfn = 0; gfn < pages; gfn++) chunk.addGfns(gfn);
        return chunk;
    }

    @Test
    void frameThatIsNoneIsRefused() {
        refuses(
                packed(1, text(0)).setZstd(ByteString.copyFromUtf8("no frame at all")),
                "compressed contents that are not 4096 bytes: [^\\n]+");
    }

    @Test
    void frameThatIsCutShortIsRefused() {
        ByteString frame = packed(1, noise(0)).getZstd();
        refuses(
                packed(1, text(0)).setZstd(frame.substring(0, frame.size() - 9)),
                "compressed contents that are not 4096 bytes: [^\\n]+");
    }

    @Test
    void frameOfFewerBytesThanItsPagesIsRefused() {
        refuses(packed(2, text(0)), "compressed contents of 4096 bytes: expected 8192");
    }

    @Test
    void frameOfManyMoreBytesThanItsPagesIsRefused() {
        refuses(packed(1, new byte[64 << 20]), "compressed contents that are not 4096 bytes: [^\\n]+");
    }

    @Test
    void frameWithoutPagesIsRefused() {
        refuses(packed(0, text(0)), "compressed contents that are not 0 bytes: [^\\n]+");
    }

    @Test
    void moreCompressedPagesThanAChunkHasAreRefused() {
        refuses(packed(65, new byte[65 * PAGE]), "a chunk of 65 compressed pages and 0 bytes of others");
    }

    @Test
    void contentsInBothFormsAreRefused() {
        refuses(
                packed(1, text(0)).setContents(ByteString.copyFrom(text(0))),
                "a chunk of 1 compressed pages and 4096 bytes of others");
    }

    /** So many that the length of their contents is a multiple of 4 GiB. */
    @Test
    void manyPagesWithoutContentsAreRefused() {
        Pages.Builder pages = Pages.newBuilder();
        for (int i = 0; i < 1 << 20; i++) pages.addGfns(1);
        refuses(pages, "a chunk of 1048576 pages with 0 bytes of contents");
    }
}
