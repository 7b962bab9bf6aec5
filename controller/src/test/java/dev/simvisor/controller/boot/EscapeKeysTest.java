package dev.simvisor.controller.boot;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class EscapeKeysTest {
    private final EscapeKeys terminal = EscapeKeys.ofTerminal();

    @Test
    void everyOtherKeyIsTheGuests() {
        assertThat(typed("ls\r\003\004\032")).isEqualTo("ls\r\003\004\032");
        assertThat(terminal.quitRequested()).isFalse();
    }

    @Test
    void controlAAndXEndTheVmEvenWhenTypedApart() {
        assertThat(typed("a\001")).isEqualTo("a");
        assertThat(terminal.quitRequested()).isFalse();

        assertThat(typed("x")).isEmpty();
        assertThat(terminal.quitRequested()).isTrue();
    }

    @Test
    void controlATwiceIsOneForTheGuest() {
        assertThat(typed("\001\001b")).isEqualTo("\001b");
    }

    @Test
    void anUnknownKeyAfterControlAGoesToTheGuestWithIt() {
        assertThat(typed("\001k")).isEqualTo("\001k");
    }

    @Test
    void aStreamIsAllTheGuests() {
        EscapeKeys stream = EscapeKeys.none();
        byte[] bytes = {1, 'x', (byte) 0x80};

        assertThat(stream.filter(bytes, 3)).isEqualTo(bytes);
        assertThat(stream.quitRequested()).isFalse();
    }

    private String typed(String keys) {
        byte[] bytes = keys.getBytes(StandardCharsets.ISO_8859_1);
        return new String(terminal.filter(bytes, bytes.length), StandardCharsets.ISO_8859_1);
    }
}
