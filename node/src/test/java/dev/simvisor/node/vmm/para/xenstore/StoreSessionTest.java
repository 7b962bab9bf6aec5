package dev.simvisor.node.vmm.para.xenstore;

import static dev.simvisor.node.vmm.para.xenstore.StoreSession.NO_TRANSACTION;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.vmm.para.xenstore.NodePermissions.Access;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class StoreSessionTest {
    private final XenStore store = new XenStore();
    private final List<WatchEvent> toolstackEvents = new ArrayList<>();
    private final List<WatchEvent> guestEvents = new ArrayList<>();
    private final StoreSession toolstack = store.open(0, toolstackEvents::add);
    private final StoreSession guest = store.open(5, guestEvents::add);

    @BeforeEach
    void giveTheGuestAPlace() throws StoreRefusedException {
        toolstack.makeDirectory(NO_TRANSACTION, "/local/domain/5/data");
        toolstack.setPermissions(NO_TRANSACTION, "/local/domain/5/data", NodePermissions.ownedBy(5));
        toolstack.write(NO_TRANSACTION, "/local/domain/5/name", "five");
        toolstack.setPermissions(
                NO_TRANSACTION,
                "/local/domain/5/name",
                NodePermissions.ownedBy(0).and(5, Access.READ));
        toolstack.write(NO_TRANSACTION, "/secret", "of the host");
    }

    private static void assertRefused(StoreError error, ThrowingCallable request) {
        assertThatThrownBy(request)
                .isInstanceOfSatisfying(
                        StoreRefusedException.class,
                        refused -> assertThat(refused.error()).isEqualTo(error));
    }

    private static String text(byte[] value) {
        return new String(value, StandardCharsets.ISO_8859_1);
    }

    @Test
    void writingMakesTheNodesAbove() throws StoreRefusedException {
        guest.write(NO_TRANSACTION, "data/a/b", "value");

        assertThat(text(guest.read(NO_TRANSACTION, "/local/domain/5/data/a/b"))).isEqualTo("value");
        assertThat(guest.read(NO_TRANSACTION, "data/a")).isEmpty();
        assertThat(guest.directory(NO_TRANSACTION, "data/a")).containsExactly("b");
    }

    @Test
    void aGuestOwnsWhatItMakes() throws StoreRefusedException {
        toolstack.setPermissions(
                NO_TRANSACTION,
                "/local/domain/5/data",
                NodePermissions.ownedBy(7).and(5, Access.BOTH));
        guest.write(NO_TRANSACTION, "data/a", "");

        assertThat(guest.permissions(NO_TRANSACTION, "data/a").entries())
                .extracting(Object::toString)
                .containsExactly("n5", "b5");
    }

    @Test
    void whatAGuestMayNotReadItLearnsNothingOf() {
        assertRefused(StoreError.EACCES, () -> guest.read(NO_TRANSACTION, "/secret"));
        assertRefused(StoreError.EACCES, () -> guest.read(NO_TRANSACTION, "/no-such-thing"));
        assertRefused(StoreError.ENOENT, () -> guest.read(NO_TRANSACTION, "data/no-such-thing"));
        assertRefused(StoreError.EACCES, () -> guest.write(NO_TRANSACTION, "name", "other"));
        assertRefused(StoreError.EACCES, () -> guest.remove(NO_TRANSACTION, "/secret"));
    }

    @Test
    void pathsThatAreNoneAreInvalid() {
        for (String path : List.of("", "a//b", "a/", "a b", "a\u00e9", "/local/domain/5//", "@introduceDomain")) {
            assertRefused(StoreError.EINVAL, () -> guest.read(NO_TRANSACTION, path));
        }
        assertRefused(StoreError.EINVAL, () -> guest.read(NO_TRANSACTION, "a".repeat(2049)));
        assertRefused(StoreError.ENOENT, () -> guest.read(NO_TRANSACTION, "data/" + "a".repeat(2043)));
    }

    @Test
    void removingTakesAllBelowAndNeedsANodeAbove() throws StoreRefusedException {
        guest.write(NO_TRANSACTION, "data/a/b/c", "value");
        guest.remove(NO_TRANSACTION, "data/a");

        assertRefused(StoreError.ENOENT, () -> guest.read(NO_TRANSACTION, "data/a/b/c"));
        guest.remove(NO_TRANSACTION, "data/a");
        assertRefused(StoreError.ENOENT, () -> guest.remove(NO_TRANSACTION, "data/a/b"));
        assertRefused(StoreError.EINVAL, () -> toolstack.remove(NO_TRANSACTION, "/"));
    }

    @Test
    void aGuestMayNotGiveANodeAwayNorTakeOne() throws StoreRefusedException {
        guest.write(NO_TRANSACTION, "data/a", "");

        assertRefused(
                StoreError.EPERM, () -> guest.setPermissions(NO_TRANSACTION, "data/a", NodePermissions.ownedBy(0)));
        toolstack.setPermissions(
                NO_TRANSACTION,
                "/local/domain/5/data",
                NodePermissions.ownedBy(0).and(5, Access.BOTH));
        assertRefused(
                StoreError.EACCES, () -> guest.setPermissions(NO_TRANSACTION, "data", NodePermissions.ownedBy(5)));
    }

    @Test
    void aTransactionIsSeenWhenItIsCommittedAndNotBefore() throws StoreRefusedException {
        int number = guest.startTransaction();
        guest.write(number, "data/a", "new");

        assertThat(text(guest.read(number, "data/a"))).isEqualTo("new");
        assertRefused(StoreError.ENOENT, () -> guest.read(NO_TRANSACTION, "data/a"));
        guest.endTransaction(number, true);
        assertThat(text(guest.read(NO_TRANSACTION, "data/a"))).isEqualTo("new");
        assertRefused(StoreError.ENOENT, () -> guest.read(number, "data/a"));
    }

    @Test
    void anAbandonedTransactionLeavesNothing() throws StoreRefusedException {
        int number = guest.startTransaction();
        guest.write(number, "data/a", "new");
        guest.endTransaction(number, false);

        assertRefused(StoreError.ENOENT, () -> guest.read(NO_TRANSACTION, "data/a"));
    }

    @Test
    void aTransactionThatMeetsAnotherChangeMustBeDoneAgain() throws StoreRefusedException {
        guest.write(NO_TRANSACTION, "data/a", "old");
        int number = guest.startTransaction();
        guest.read(number, "data/a");
        guest.write(number, "data/b", "computed from a");
        toolstack.write(NO_TRANSACTION, "/local/domain/5/data/a", "changed");

        assertRefused(StoreError.EAGAIN, () -> guest.endTransaction(number, true));
        assertRefused(StoreError.ENOENT, () -> guest.read(NO_TRANSACTION, "data/b"));
    }

    @Test
    void aTransactionThatMeetsNoChangeOfWhatItUsedGoesThrough() throws StoreRefusedException {
        int number = guest.startTransaction();
        guest.write(number, "data/b", "");
        toolstack.write(NO_TRANSACTION, "/local/domain/5/name", "six");

        guest.endTransaction(number, true);
        assertThat(guest.read(NO_TRANSACTION, "data/b")).isEmpty();
    }

    @Test
    void aTransactionRemembersNoMoreThanItsQuota() throws StoreRefusedException {
        int number = guest.startTransaction();
        for (int n = 0; n < 2 * StoreSession.MOST_TRANSACTION_NODES; n++) {
            guest.write(number, "data/a", Integer.toString(n));
        }

        assertRefused(StoreError.ENOSPC, () -> {
            for (int other = 0; other <= StoreSession.MOST_TRANSACTION_NODES; other++) {
                guest.setPermissions(
                        number, "data/a", NodePermissions.ownedBy(5).and(other, NodePermissions.Access.READ));
            }
        });
    }

    @Test
    void aWatchTellsOfTheNodeAndAllBelowAsItWasSpelt() throws StoreRefusedException {
        guest.watchAndFire("data", "token");
        guest.watchAndFire("/local/domain/5/data/a", "absolute");
        guestEvents.clear();
        guest.write(NO_TRANSACTION, "data/a/b", "");
        guest.write(NO_TRANSACTION, "data/other", "");

        assertThat(guestEvents)
                .containsExactly(
                        new WatchEvent("data/a/b", "token"),
                        new WatchEvent("/local/domain/5/data/a/b", "absolute"),
                        new WatchEvent("data/other", "token"));
    }

    @Test
    void aWatchFiresOnceWhenItIsSet() throws StoreRefusedException {
        guest.watchAndFire("data/not-yet-there", "token");

        assertThat(guestEvents).containsExactly(new WatchEvent("data/not-yet-there", "token"));
    }

    @Test
    void aTransactionsChangesAreToldWhenItIsCommitted() throws StoreRefusedException {
        guest.watchAndFire("data", "token");
        guestEvents.clear();
        int number = guest.startTransaction();
        guest.write(number, "data/a", "");
        guest.write(number, "data/b", "");

        assertThat(guestEvents).isEmpty();
        guest.endTransaction(number, true);
        assertThat(guestEvents).containsExactly(new WatchEvent("data/a", "token"), new WatchEvent("data/b", "token"));
    }

    @Test
    void removingTellsWatchesBelowOfTheirOwnNode() throws StoreRefusedException {
        guest.write(NO_TRANSACTION, "data/a/b/c", "");
        guest.watchAndFire("data", "above");
        guest.watchAndFire("data/a/b", "below");
        guestEvents.clear();
        guest.remove(NO_TRANSACTION, "data/a");

        assertThat(guestEvents).containsExactly(new WatchEvent("data/a", "above"), new WatchEvent("data/a/b", "below"));
    }

    @Test
    void nobodyIsToldOfWhatItMayNotRead() throws StoreRefusedException {
        guest.watchAndFire("/", "everything");
        guestEvents.clear();
        toolstack.write(NO_TRANSACTION, "/secret", "changed");
        toolstack.write(NO_TRANSACTION, "/local/domain/5/name", "changed");

        assertThat(guestEvents).containsExactly(new WatchEvent("/local/domain/5/name", "everything"));
    }

    @Test
    void watchesHaveNamesOfTheirOwn() throws StoreRefusedException {
        guest.watchAndFire("data", "token");

        assertRefused(StoreError.EEXIST, () -> guest.watch("data", "token"));
        guest.watch("data", "another");
        assertRefused(StoreError.ENOENT, () -> guest.unwatch("data", "unknown"));
        guest.unwatch("data", "token");
        assertRefused(StoreError.ENOENT, () -> guest.unwatch("data", "token"));
    }

    @Test
    void aGuestHasQuotas() throws StoreRefusedException {
        for (int i = 0; i < StoreSession.MOST_NODES - 1; i++) {
            guest.write(NO_TRANSACTION, "data/" + (i / 100) + "/" + i, "");
            if (store.ownedBy(5) == StoreSession.MOST_NODES) {
                break;
            }
        }
        assertRefused(StoreError.ENOSPC, () -> guest.write(NO_TRANSACTION, "data/one-more", ""));
        guest.remove(NO_TRANSACTION, "data/1");
        guest.write(NO_TRANSACTION, "data/one-more", "");

        assertRefused(StoreError.ENOSPC, () -> guest.write(NO_TRANSACTION, "data/one-more", "x".repeat(2016)));
        for (int i = 0; i < StoreSession.MOST_WATCHES; i++) {
            guest.watch("data", "token " + i);
        }
        assertRefused(StoreError.E2BIG, () -> guest.watch("data", "one more"));
        for (int i = 0; i < StoreSession.MOST_TRANSACTIONS; i++) {
            guest.startTransaction();
        }
        assertRefused(StoreError.ENOSPC, guest::startTransaction);
    }

    @Test
    void theQuotaOfNodesHoldsInTransactionsToo() throws StoreRefusedException {
        int number = guest.startTransaction();
        StoreError error = null;
        for (int i = 0; error == null; i++) {
            try {
                guest.write(number, "data/" + (i / 100) + "/" + i, "");
            } catch (StoreRefusedException refused) {
                error = refused.error();
            }
        }
        assertThat(error).isEqualTo(StoreError.ENOSPC);
        guest.endTransaction(number, true);
        assertThat(store.ownedBy(5)).isLessThanOrEqualTo(StoreSession.MOST_NODES);
    }
}
