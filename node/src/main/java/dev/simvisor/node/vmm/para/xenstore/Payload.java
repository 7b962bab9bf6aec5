package dev.simvisor.node.vmm.para.xenstore;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A request's payload: texts, each ended by a zero byte, and perhaps raw bytes after them. */
record Payload(byte[] bytes) {
    /** The one text that the payload must be. */
    String only() throws StoreRefusedException {
        List<String> texts = texts();
        if (texts.size() != 1 || bytes[bytes.length - 1] != 0) {
            throw new StoreRefusedException(StoreError.EINVAL);
        }
        return texts.getFirst();
    }

    /** The text at {@code index}, which must be there and ended. */
    String text(int index) throws StoreRefusedException {
        List<String> texts = texts();
        if (index >= texts.size()) {
            throw new StoreRefusedException(StoreError.EINVAL);
        }
        return texts.get(index);
    }

    /** All that follows the first text. */
    byte[] afterFirst() throws StoreRefusedException {
        return Arrays.copyOfRange(bytes, text(0).length() + 1, bytes.length);
    }

    /** All texts that are ended. */
    List<String> texts() {
        List<String> texts = new ArrayList<>();
        int start = 0;
        for (int at = 0; at < bytes.length; at++) {
            if (bytes[at] == 0) {
                texts.add(new String(bytes, start, at - start, StandardCharsets.ISO_8859_1));
                start = at + 1;
            }
        }
        return texts;
    }

    /** The bytes of texts, each ended by a zero byte. */
    static byte[] of(List<String> texts) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        for (String text : texts) {
            bytes.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
            bytes.write(0);
        }
        return bytes.toByteArray();
    }

    static byte[] of(String... texts) {
        return of(List.of(texts));
    }
}
