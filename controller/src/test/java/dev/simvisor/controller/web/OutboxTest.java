package dev.simvisor.controller.web;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.web.Outbox.Batch;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutboxTest {
    private final Outbox<String> outbox = new Outbox<>(5, String::length, String::length);

    @Test
    void whatWaitsIsTakenTogether() throws Exception {
        outbox.put("ab");
        outbox.put("cde");

        assertThat(outbox.take()).isEqualTo(new Batch<>(0, List.of("ab", "cde")));
    }

    @Test
    void whatIsTooMuchIsDroppedInFavourOfWhatIsNewer() throws Exception {
        outbox.put("ab");
        outbox.put("cd");
        outbox.put("ef");

        assertThat(outbox.take()).isEqualTo(new Batch<>(4, List.of("ef")));
        outbox.put("gh");
        assertThat(outbox.take()).isEqualTo(new Batch<>(0, List.of("gh")));
    }

    @Test
    void closedOneGivesWhatItHasAndThenNothing() throws Exception {
        outbox.put("ab");
        outbox.close();
        outbox.put("cd");

        assertThat(outbox.take().items()).containsExactly("ab");
        assertThat(outbox.take().items()).isEmpty();
    }
}
