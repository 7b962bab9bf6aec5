package dev.simvisor.node.vmm.para.ring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class BackRingTest {
    private static final int REQUESTS = 0;
    private static final int REQUEST_EVENT = 4;
    private static final int RESPONSES = 8;
    private static final int RESPONSE_EVENT = 12;
    private static final int SLOT_BYTES = 112;

    private final ArrayPage page = new ArrayPage();
    private final byte[] request = new byte[SLOT_BYTES];

    @Test
    void aRingHasAPowerOfTwoOfSlots() throws MalformedRingException {
        assertThat(new BackRing(page, SLOT_BYTES).slots()).isEqualTo(32);
        assertThat(new BackRing(page, 12).slots()).isEqualTo(256);
        assertThat(new BackRing(page, 8).slots()).isEqualTo(256);
    }

    @Test
    void requestsAreTakenInOrderAndAnsweredInTheirSlots() throws MalformedRingException {
        page.writeInt(RESPONSE_EVENT, 1);
        BackRing ring = new BackRing(page, SLOT_BYTES);
        page.writeInt(64, 11);
        page.writeInt(64 + SLOT_BYTES, 22);
        page.writeInt(REQUESTS, 2);

        assertThat(ring.take(request)).isTrue();
        assertThat(request[0]).isEqualTo((byte) 11);
        assertThat(ring.take(request)).isTrue();
        assertThat(request[0]).isEqualTo((byte) 22);
        assertThat(ring.take(request)).isFalse();
        ring.respond(new byte[] {33, 0, 0, 0});
        assertThat(page.readInt(RESPONSES)).isZero();
        assertThat(ring.push()).isTrue();
        assertThat(page.readInt(RESPONSES)).isEqualTo(1);
        assertThat(page.readInt(64)).isEqualTo(33);
    }

    @Test
    void anEventIsDueOnlyWhenTheFrontEndAskedForOne() throws MalformedRingException {
        page.writeInt(RESPONSE_EVENT, 2);
        BackRing ring = new BackRing(page, SLOT_BYTES);
        page.writeInt(REQUESTS, 3);
        ring.take(request);
        ring.respond(request);
        assertThat(ring.push()).isFalse();
        ring.take(request);
        ring.respond(request);
        assertThat(ring.push()).isTrue();
        ring.take(request);
        ring.respond(request);
        assertThat(ring.push()).isFalse();
        assertThat(ring.askForEvent()).isZero();
        assertThat(page.readInt(REQUEST_EVENT)).isEqualTo(4);
    }

    @Test
    void indicesGoAround() throws MalformedRingException {
        page.writeInt(REQUESTS, -2);
        page.writeInt(RESPONSES, -2);
        BackRing ring = new BackRing(page, SLOT_BYTES);
        page.writeInt(REQUESTS, 2);

        for (int i = 0; i < 4; i++) {
            assertThat(ring.take(request)).isTrue();
            ring.respond(request);
        }
        assertThat(ring.take(request)).isFalse();
        ring.push();
        assertThat(page.readInt(RESPONSES)).isEqualTo(2);
    }

    @Test
    void moreRequestsThanSlotsAreNotUnderstood() throws MalformedRingException {
        BackRing ring = new BackRing(page, SLOT_BYTES);
        page.writeInt(REQUESTS, 33);
        assertThatThrownBy(ring::waiting).isInstanceOf(MalformedRingException.class);
        page.writeInt(REQUESTS, -1);
        assertThatThrownBy(() -> ring.take(request)).isInstanceOf(MalformedRingException.class);
    }

    @Test
    void requestsAreNotTakenBack() throws MalformedRingException {
        BackRing ring = new BackRing(page, SLOT_BYTES);
        page.writeInt(REQUESTS, 2);
        ring.take(request);
        ring.take(request);
        page.writeInt(REQUESTS, 1);

        assertThatThrownBy(ring::waiting).isInstanceOf(MalformedRingException.class);
    }
}
