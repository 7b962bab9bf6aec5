package dev.simvisor.node.vmm.para.xenstore;

import static dev.simvisor.node.vmm.para.xenstore.StoreSession.NO_TRANSACTION;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/** Reads a guest's requests, has its session do them, and sends the answers. */
final class StoreRequests {
    private static final byte[] OK = Payload.of("OK");
    private static final byte[] NOTHING = {};

    private final StoreSession session;
    private final Consumer<Message> answers;

    StoreRequests(StoreSession session, Consumer<Message> answers) {
        this.session = session;
        this.answers = answers;
    }

    /** Does what a request asks for; there is always exactly one answer. */
    void handle(Message request) {
        MessageType type = MessageType.of(request.type());
        try {
            if (type == null) {
                throw new StoreRefusedException(StoreError.ENOSYS);
            }
            byte[] answer = answer(type, request.transaction(), new Payload(request.payload()));
            if (answer.length > Message.MOST_PAYLOAD) {
                throw new StoreRefusedException(StoreError.E2BIG);
            }
            answers.accept(request.answer(type, answer));
            if (type == MessageType.WATCH) {
                fireFirst(new Payload(request.payload()));
            }
        } catch (StoreRefusedException refused) {
            answers.accept(
                    request.answer(MessageType.ERROR, Payload.of(refused.error().name())));
        }
    }

    private void fireFirst(Payload payload) throws StoreRefusedException {
        session.fire(payload.text(0), payload.text(1));
    }

    private byte[] answer(MessageType type, int transaction, Payload payload) throws StoreRefusedException {
        switch (type) {
            case READ -> {
                return session.read(transaction, payload.only());
            }
            case DIRECTORY -> {
                return Payload.of(session.directory(transaction, payload.only()));
            }
            case DIRECTORY_PART -> {
                return directoryPart(transaction, payload);
            }
            case GET_PERMS -> {
                return permissions(session.permissions(transaction, payload.only()));
            }
            case TRANSACTION_START -> {
                if (transaction != NO_TRANSACTION) {
                    checkTransaction(transaction);
                    throw new StoreRefusedException(StoreError.EBUSY);
                }
                return Payload.of(Integer.toUnsignedString(session.startTransaction()));
            }
            case GET_DOMAIN_PATH -> {
                return Payload.of(StorePath.ofDomain(NodePermissions.domain(payload.only())));
            }
            case IS_DOMAIN_INTRODUCED -> {
                return isIntroduced(NodePermissions.domain(payload.only()));
            }
            default -> {
                change(type, transaction, payload);
                return OK;
            }
        }
    }

    private void change(MessageType type, int transaction, Payload payload) throws StoreRefusedException {
        switch (type) {
            case WRITE -> session.write(transaction, payload.text(0), payload.afterFirst());
            case MKDIR -> session.makeDirectory(transaction, payload.only());
            case RM -> session.remove(transaction, payload.only());
            case SET_PERMS -> session.setPermissions(transaction, payload.text(0), permissions(payload.texts()));
            case WATCH -> session.watch(payload.text(0), payload.text(1));
            case UNWATCH -> session.unwatch(payload.text(0), payload.text(1));
            case RESET_WATCHES -> session.resetWatches();
            case TRANSACTION_END -> end(transaction, payload.only());
            // Domains are made by the VMM, and nobody but it controls the store.
            case CONTROL, INTRODUCE, RELEASE, RESUME, SET_TARGET -> throw new StoreRefusedException(StoreError.EACCES);
            default -> throw new StoreRefusedException(StoreError.ENOSYS);
        }
    }

    private void end(int transaction, String verdict) throws StoreRefusedException {
        boolean commit = verdict.equals("T");
        if (!commit && !verdict.equals("F")) {
            throw new StoreRefusedException(StoreError.EINVAL);
        }
        session.endTransaction(transaction, commit);
    }

    private void checkTransaction(int transaction) throws StoreRefusedException {
        if (!session.hasTransaction(transaction)) {
            throw new StoreRefusedException(StoreError.ENOENT);
        }
    }

    private static NodePermissions permissions(List<String> texts) throws StoreRefusedException {
        if (texts.size() < 2) {
            throw new StoreRefusedException(StoreError.EINVAL);
        }
        List<NodePermissions.Entry> entries = new ArrayList<>();
        for (String text : texts.subList(1, texts.size())) {
            entries.add(NodePermissions.Entry.parse(text));
        }
        return new NodePermissions(entries);
    }

    private static byte[] permissions(NodePermissions permissions) {
        return Payload.of(permissions.entries().stream()
                .map(NodePermissions.Entry::toString)
                .toList());
    }

    /** A client has no other domain's affairs to see, and whoever asks is introduced itself. */
    private byte[] isIntroduced(int domain) {
        return Payload.of(session.isOf(domain) || domain == XenStore.PRIVILEGED_DOMAIN ? "T" : "F");
    }

    /** The names from an offset on, as many as a message holds, after the node's generation; the last has an empty one after it. */
    private byte[] directoryPart(int transaction, Payload payload) throws StoreRefusedException {
        if (payload.texts().size() != 2) {
            throw new StoreRefusedException(StoreError.EINVAL);
        }
        String path = payload.text(0);
        byte[] names = Payload.of(session.directory(transaction, path));
        byte[] generation = Payload.of(Long.toString(session.generation(transaction, path)));
        int from = offset(payload.text(1), names.length);
        int room = Message.MOST_PAYLOAD - generation.length - 1;
        int end = names.length - from <= room ? names.length : lastWhole(names, from, room);
        byte[] rest = Arrays.copyOfRange(names, from, end);
        byte[] terminator = end == names.length ? new byte[1] : NOTHING;
        return concatenated(generation, rest, terminator);
    }

    private static int offset(String text, int length) throws StoreRefusedException {
        if (!text.matches("[0-9]{1,9}")) {
            throw new StoreRefusedException(StoreError.EINVAL);
        }
        return Math.min(Integer.parseInt(text), length);
    }

    private static int lastWhole(byte[] names, int from, int room) {
        int end = from + room;
        while (end > from && names[end - 1] != 0) {
            end--;
        }
        return end;
    }

    private static byte[] concatenated(byte[]... parts) {
        StringBuilder all = new StringBuilder();
        for (byte[] part : parts) {
            all.append(new String(part, StandardCharsets.ISO_8859_1));
        }
        return all.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
