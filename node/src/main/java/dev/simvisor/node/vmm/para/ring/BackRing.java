package dev.simvisor.node.vmm.para.ring;

/**
 * The back end of a ring of requests and responses, both in the same slots (Xen, {@code io/ring.h}).
 *
 * <p>Own indices are kept apart from the page, where the front end could change them. {@link #take} copies a request
 * out, once; {@link #respond} puts a response into a slot whose request was taken; {@link #push} shows responses to the
 * front end.
 */
public final class BackRing {
    // struct sring
    private static final int REQUEST_PRODUCED = 0;
    private static final int REQUEST_EVENT = 4;
    private static final int RESPONSE_PRODUCED = 8;
    private static final int RESPONSE_EVENT = 12;
    private static final int SLOTS = 64;

    private final SharedPage page;
    private final int slotSize;
    private final int slots;
    private int requestsTaken;
    private int responsesPut;
    private int responsesPushed;

    /**
     * Attaches to a ring that the front end has set up, at what it says has been answered already.
     *
     * @param slotSize of the larger of request and response, in bytes
     */
    public BackRing(SharedPage page, int slotSize) throws MalformedRingException {
        this.page = page;
        this.slotSize = slotSize;
        this.slots = Integer.highestOneBit((SharedPage.SIZE - SLOTS) / slotSize);
        int answered = page.readInt(RESPONSE_PRODUCED);
        requestsTaken = answered;
        responsesPut = answered;
        responsesPushed = answered;
        waiting();
    }

    /** How many requests the ring has room for. */
    public int slots() {
        return slots;
    }

    /** How many requests wait to be taken. */
    public int waiting() throws MalformedRingException {
        int produced = page.readInt(REQUEST_PRODUCED);
        // The front end may only use slots whose responses have been pushed.
        if (Integer.compareUnsigned(produced - responsesPushed, slots) > 0
                || Integer.compareUnsigned(produced - responsesPushed, requestsTaken - responsesPushed) < 0) {
            throw new MalformedRingException("request producer %08x is outside the ring: %d slots from %08x"
                    .formatted(produced, slots, responsesPushed));
        }
        return produced - requestsTaken;
    }

    /** Copies the next request into {@code target} if there is one. */
    public boolean take(byte[] target) throws MalformedRingException {
        if (waiting() == 0) {
            return false;
        }
        page.read(slot(requestsTaken++), target, 0, Math.min(target.length, slotSize));
        return true;
    }

    /** Puts a response after those put before. There are never more of them than requests taken. */
    public void respond(byte[] response) {
        if (responsesPut == requestsTaken) {
            throw new IllegalStateException("a response without a request");
        }
        page.write(slot(responsesPut++), response, 0, Math.min(response.length, slotSize));
    }

    /** Shows the front end what was put, and says whether it asked for an event at that. */
    public boolean push() {
        int before = responsesPushed;
        responsesPushed = responsesPut;
        page.writeInt(RESPONSE_PRODUCED, responsesPushed);
        int wanted = page.readInt(RESPONSE_EVENT);
        return Integer.compareUnsigned(responsesPushed - wanted, responsesPushed - before) < 0;
    }

    /** Asks the front end for an event at the next request, and says how many came before it could know. */
    public int askForEvent() throws MalformedRingException {
        page.writeInt(REQUEST_EVENT, requestsTaken + 1);
        return waiting();
    }

    private int slot(int index) {
        return SLOTS + (index & (slots - 1)) * slotSize;
    }

    /** How far it is, in words. */
    public String indices() {
        return requestsTaken + "/" + responsesPut + "/" + responsesPushed;
    }
}
