package dev.simvisor.node.vmm.para.xenstore;

import static dev.simvisor.node.vmm.para.xenstore.StoreSession.NO_TRANSACTION;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.para.ring.ArrayPage;
import dev.simvisor.node.vmm.para.ring.MalformedRingException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class StoreConnectionTest {
    private static final int DOMAIN = 1;

    private final XenStore store = new XenStore();
    private final StoreSession toolstack = store.open(0, event -> {});
    private final ArrayPage page = new ArrayPage();
    private int notifications;
    private final StoreConnection connection = new StoreConnection(store, DOMAIN, page, () -> notifications++);

    private final RingClient guest = new RingClient(page, connection::serve);

    StoreConnectionTest() throws StoreRefusedException {
        toolstack.makeDirectory(NO_TRANSACTION, "/local/domain/1");
        toolstack.setPermissions(NO_TRANSACTION, "/local/domain/1", NodePermissions.ownedBy(DOMAIN));
    }

    @Test
    void requestsAreAnsweredWithTheirNumbers() throws MalformedRingException {
        assertThat(guest.ask(11, 0, "a\0value")).containsExactly("WRITE 77 0 OK|");
        assertThat(guest.ask(2, 0, "a\0")).containsExactly("READ 77 0 value");
        assertThat(guest.ask(1, 0, "/local/domain/1\0")).containsExactly("DIRECTORY 77 0 a|");
        assertThat(guest.ask(3, 0, "a\0")).containsExactly("GET_PERMS 77 0 n1|");
        assertThat(guest.ask(14, 0, "a\0n1\0r0\0")).containsExactly("SET_PERMS 77 0 OK|");
        assertThat(guest.ask(3, 0, "a\0")).containsExactly("GET_PERMS 77 0 n1|r0|");
        assertThat(guest.ask(12, 0, "b\0")).containsExactly("MKDIR 77 0 OK|");
        assertThat(guest.ask(13, 0, "b\0")).containsExactly("RM 77 0 OK|");
        assertThat(guest.ask(10, 0, "4\0")).containsExactly("GET_DOMAIN_PATH 77 0 /local/domain/4|");
        assertThat(notifications).isPositive();
    }

    @Test
    void aWatchIsAcknowledgedAndThenFires() throws MalformedRingException {
        assertThat(guest.ask(4, 0, "a\0token\0")).containsExactly("WATCH 77 0 OK|", "WATCH_EVENT 0 0 a|token|");
        assertThat(guest.ask(11, 0, "a/b\0value"))
                .containsExactlyInAnyOrder("WRITE 77 0 OK|", "WATCH_EVENT 0 0 a/b|token|");
        assertThat(guest.ask(5, 0, "a\0token\0")).containsExactly("UNWATCH 77 0 OK|");
        assertThat(guest.ask(11, 0, "a/b\0other")).containsExactly("WRITE 77 0 OK|");
    }

    @Test
    void transactionsGoOverTheRing() throws MalformedRingException {
        assertThat(guest.ask(6, 0, "\0")).containsExactly("TRANSACTION_START 77 0 1|");
        assertThat(guest.ask(11, 1, "a\0value")).containsExactly("WRITE 77 1 OK|");
        assertThat(guest.ask(6, 1, "\0")).containsExactly("ERROR 77 1 EBUSY|");
        assertThat(guest.ask(2, 0, "a\0")).containsExactly("ERROR 77 0 ENOENT|");
        assertThat(guest.ask(7, 1, "X\0")).containsExactly("ERROR 77 1 EINVAL|");
        assertThat(guest.ask(7, 1, "T\0")).containsExactly("TRANSACTION_END 77 1 OK|");
        assertThat(guest.ask(7, 1, "T\0")).containsExactly("ERROR 77 1 ENOENT|");
        assertThat(guest.ask(2, 0, "a\0")).containsExactly("READ 77 0 value");
    }

    @Test
    void whatIsNotForGuestsIsRefused() throws MalformedRingException {
        for (int type : List.of(0, 8, 9, 18, 19)) {
            assertThat(guest.ask(type, 0, "1\0")).containsExactly("ERROR 77 0 EACCES|");
        }
        for (int type : List.of(15, 16, 20, 23, 0xFFFF, -1)) {
            assertThat(guest.ask(type, 0, "1\0")).containsExactly("ERROR 77 0 ENOSYS|");
        }
    }

    @Test
    void malformedPayloadsAreInvalid() throws MalformedRingException {
        for (int type : List.of(1, 2, 3, 4, 5, 7, 11, 12, 13, 14, 22)) {
            assertThat(guest.ask(type, 0, "")).containsExactly("ERROR 77 0 EINVAL|");
            assertThat(guest.ask(type, 0, "not-ended")).containsExactly("ERROR 77 0 EINVAL|");
        }
        assertThat(guest.ask(14, 0, "a\0x1\0")).containsExactly("ERROR 77 0 EINVAL|");
        assertThat(guest.ask(14, 0, "a\0n99999\0")).containsExactly("ERROR 77 0 EINVAL|");
        assertThat(guest.ask(2, 99, "a\0")).containsExactly("ERROR 77 99 ENOENT|");
    }

    @Test
    void longDirectoriesAreReadInParts() throws MalformedRingException, StoreRefusedException {
        List<String> names = new ArrayList<>();
        for (int i = 0; i < 900; i++) {
            toolstack.write(NO_TRANSACTION, "/local/domain/1/long/name-" + i, "");
            names.add("name-" + i);
        }
        assertThat(guest.ask(1, 0, "long\0")).containsExactly("ERROR 77 0 E2BIG|");
        StringBuilder listed = new StringBuilder();
        String part = "";
        while (!part.endsWith("||")) {
            String answer = guest.ask(22, 0, "long\0" + listed.length() + "\0").getFirst();
            part = answer.substring(answer.indexOf('|') + 1);
            listed.append(part);
        }
        assertThat(listed.toString().replaceAll("\\|\\|$", "").split("\\|")).containsExactlyElementsOf(names);
    }

    @Test
    void aPayloadThatIsTooLongEndsTheConnection() throws MalformedRingException {
        byte[] header = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(2)
                .putInt(1)
                .putInt(0)
                .putInt(4097)
                .array();
        guest.requests().put(header, 0, 16);
        connection.serve();

        assertThat(connection.isClosed()).isTrue();
        assertThat(page.readInt(2072)).isEqualTo(3); // XENSTORE_ERROR_PROTO
    }

    @Test
    void indicesThatCannotBeEndTheConnection() {
        page.writeInt(2052, 1025);
        connection.serve();

        assertThat(connection.isClosed()).isTrue();
        assertThat(page.readInt(2072)).isEqualTo(2); // XENSTORE_ERROR_RINGIDX
    }

    @Test
    void aGuestThatReadsNoAnswersGetsNoMore() throws MalformedRingException {
        byte[] request = new Message(11, 1, 0, "a\0value".getBytes(StandardCharsets.ISO_8859_1)).bytes();
        int taken = 0;
        int sent = request.length;
        while (sent == request.length) {
            sent = guest.requests().put(request, 0, request.length);
            connection.serve();
            taken++;
        }
        assertThat(taken).isLessThan(200);
        assertThat(guest.received()).hasSizeGreaterThan(50).allMatch(answer -> answer.equals("WRITE 1 0 OK|"));
    }

    @Test
    void noisePutsNothingWrong() throws MalformedRingException {
        long seed = 4;
        Random random = new Random(seed);
        String alphabet = "a/b\0n1r0T@-|";
        for (int i = 0; i < 20_000; i++) {
            StringBuilder payload = new StringBuilder();
            for (int length = random.nextInt(24); length > 0; length--) {
                payload.append(alphabet.charAt(random.nextInt(alphabet.length())));
            }
            List<String> answers = guest.ask(random.nextInt(24), random.nextInt(3), payload.toString());
            assertThat(answers).as("request %d of seed %d", i, seed).anyMatch(answer -> answer.contains(" 77 "));
        }
        assertThat(connection.isClosed()).isFalse();
        assertThat(guest.ask(11, 0, "zz\0value")).contains("WRITE 77 0 OK|");
    }
}
