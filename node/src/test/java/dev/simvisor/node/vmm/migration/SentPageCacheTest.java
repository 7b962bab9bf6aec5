package dev.simvisor.node.vmm.migration;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.GuestMachine;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SentPageCacheTest {
    private static final int PAGE = GuestMachine.PAGE_BYTES;

    private static byte[] page(int content) {
        byte[] page = new byte[PAGE];
        page[100] = (byte) content;
        return page;
    }

    @Test
    void remembersWhatWasSentLast() {
        SentPageCache cache = new SentPageCache(2 * PAGE);
        cache.beginRound();
        byte[] twoPages = new byte[2 * PAGE];
        twoPages[PAGE + 100] = 1;
        cache.sent(7, twoPages, PAGE);
        assertThat(cache.contents(7)).isEqualTo(page(1));

        cache.beginRound();
        cache.sent(7, page(2), 0);
        assertThat(cache.contents(7)).isEqualTo(page(2));
        assertThat(cache.contents(8)).isNull();
        assertThat(cache.hasForgotten(8)).isFalse();
    }

    @Test
    void zeroPagesTakeNoPlace() {
        SentPageCache cache = new SentPageCache(0);
        cache.beginRound();
        cache.sentZeros(7);
        assertThat(cache.contents(7)).isEqualTo(new byte[PAGE]);

        cache.beginRound();
        cache.sent(7, page(1), 0);
        assertThat(cache.contents(7)).isNull();
        assertThat(cache.hasForgotten(7)).isTrue();
    }

    @Test
    void pageMakesPlaceOnlyWhenTwoRoundsHaveNotSentIt() {
        SentPageCache cache = new SentPageCache(2 * PAGE);
        cache.beginRound();
        cache.sent(1, page(1), 0);
        cache.sent(2, page(2), 0);
        cache.sent(3, page(3), 0);
        assertThat(cache.contents(3)).isNull();

        cache.beginRound();
        cache.sent(2, page(4), 0);
        cache.sent(3, page(5), 0);
        assertThat(cache.hasForgotten(3)).isTrue();

        cache.beginRound();
        cache.sent(3, page(6), 0);
        cache.sent(4, page(7), 0);
        assertThat(cache.hasForgotten(1)).isTrue();
        assertThat(cache.contents(2)).isEqualTo(page(4));
        assertThat(cache.contents(3)).isEqualTo(page(6));
        assertThat(cache.contents(4)).isNull();
    }

    /** A delta against anything but what the target has would corrupt the guest. */
    @Test
    void whatItRemembersIsAlwaysWhatTheTargetHas() {
        Random random = new Random(3);
        SentPageCache cache = new SentPageCache(8 * PAGE);
        Map<Integer, byte[]> target = new HashMap<>();
        int remembered = 0;
        for (int round = 0; round < 500; round++) {
            cache.beginRound();
            for (int gfn = 0; gfn < 24; gfn++) {
                byte[] known = cache.contents(gfn);
                if (known != null) {
                    assertThat(known).isEqualTo(target.get(gfn));
                    remembered++;
                }
                int content = random.nextInt(6);
                if (content == 0) {
                    cache.sentZeros(gfn);
                    target.put(gfn, new byte[PAGE]);
                } else if (content > 3) {
                    byte[] page = page(random.nextInt(1, 256));
                    cache.sent(gfn, page, 0);
                    target.put(gfn, page);
                }
            }
        }
        assertThat(remembered).isGreaterThan(2000);
    }
}
