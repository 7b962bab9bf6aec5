package dev.simvisor.node.vmm.para.xenstore;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A message of the wire protocol (Xen, {@code io/xs_wire.h}: {@code xsd_sockmsg} and what follows it).
 *
 * @param type a {@link MessageType}'s number, or any other that a guest made up
 * @param request the requester's number, which the answer has too
 * @param transaction the transaction's number, or 0
 */
record Message(int type, int request, int transaction, byte[] payload) {
    static final int HEADER_BYTES = 16;

    /** XENSTORE_PAYLOAD_MAX. */
    static final int MOST_PAYLOAD = 4096;

    byte[] bytes() {
        return ByteBuffer.allocate(HEADER_BYTES + payload.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(type)
                .putInt(request)
                .putInt(transaction)
                .putInt(payload.length)
                .put(payload)
                .array();
    }

    /** The answer of that type to this message. */
    Message answer(MessageType answerType, byte[] answer) {
        return new Message(answerType.number(), request, transaction, answer);
    }
}
