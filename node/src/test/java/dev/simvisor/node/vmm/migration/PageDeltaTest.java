package dev.simvisor.node.vmm.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.GuestMachine;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PageDeltaTest {
    private static final int PAGE = GuestMachine.PAGE_BYTES;

    private static byte[] delta(byte[] before, byte[] after) {
        byte[] delta = PageDelta.between(before, after, 0, SentPages.MOST_DELTA_BYTES);
        assertThat(delta).isNotNull();
        return delta;
    }

    @Test
    void deltaMakesOneContentOfTheOther() throws Exception {
        Random random = new Random(7);
        int tooLong = 0;
        for (int i = 0; i < 2000; i++) {
            byte[] before = new byte[PAGE];
            random.nextBytes(before);
            byte[] after = before.clone();
            int changes = random.nextInt(1 << random.nextInt(12));
            for (int change = 0; change < changes; change++) {
                int from = random.nextInt(PAGE);
                int to = Math.min(PAGE, from + 1 + random.nextInt(1 << random.nextInt(7)));
                for (int at = from; at < to; at++) {
                    after[at] = (byte) random.nextInt(8);
                }
            }
            byte[] delta = PageDelta.between(before, after, 0, SentPages.MOST_DELTA_BYTES);
            if (delta == null) {
                tooLong++;
            } else {
                assertThat(delta.length).isLessThanOrEqualTo(SentPages.MOST_DELTA_BYTES);
                PageDelta.apply(before, delta);
                assertThat(before).isEqualTo(after);
            }
        }
        assertThat(tooLong).isBetween(1, 1000);
    }

    @Test
    void bytesAreThoseOfTheFormat() {
        byte[] before = new byte[PAGE];
        byte[] after = new byte[PAGE];
        after[3] = 0x11;
        after[4] = 0x22;
        after[7] = 0x33; // two unchanged bytes before it are not worth a change of its own
        after[4000] = 0x44;

        // 3 stay, 5 come; 4000 - 8 = 0xf98 stay, 1 comes
        assertThat(HexFormat.ofDelimiter(" ").formatHex(delta(before, after)))
                .isEqualTo("03 05 11 22 00 00 33 98 1f 01 44");
    }

    @Test
    void pageThatIsAsItWasHasAnEmptyDelta() {
        assertThat(delta(new byte[PAGE], new byte[PAGE])).isEmpty();
    }

    @Test
    void deltaThatWouldBeNoShorterThanThePageIsNone() {
        byte[] after = new byte[PAGE];
        new Random(1).nextBytes(after);

        assertThat(PageDelta.between(new byte[PAGE], after, 0, SentPages.MOST_DELTA_BYTES))
                .isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "00, its end within a change",
        "80, its end within a change",
        "00 02 11, its end within a change",
        "00 00, a change of no bytes",
        "ff 1f 02 11 22, a change beyond the end of the page",
        "ff 7f 01 11, a change beyond the end of the page",
        "80 80 00 01 11, a number of more than 2 bytes",
    })
    void whatDoesNotFitTheFormatIsRefused(String delta, String message) {
        assertThatThrownBy(() -> PageDelta.apply(
                        new byte[PAGE], HexFormat.ofDelimiter(" ").parseHex(delta)))
                .isInstanceOf(PageDelta.Malformed.class)
                .hasMessage(message);
    }

    @Test
    void anyBytesAreEitherAppliedOrRefused() {
        Random random = new Random(11);
        for (int i = 0; i < 20_000; i++) {
            byte[] delta = new byte[random.nextInt(40)];
            random.nextBytes(delta);
            try {
                PageDelta.apply(new byte[PAGE], delta);
            } catch (PageDelta.Malformed refused) {
                assertThat(refused.getMessage()).isNotEmpty();
            }
        }
    }
}
