package dev.simvisor.controller.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.simvisor.proto.node.HostCommand;
import dev.simvisor.proto.node.HostMessage;
import dev.simvisor.proto.node.RunWindow;
import dev.simvisor.proto.node.TypeOnConsole;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class WindowsTest {
    private static final Windows.Ahead NO_FURTHER = new Windows.Ahead(100, 100, 100);

    private static HostCommand typed(long number, int bytes) {
        return HostCommand.newBuilder()
                .setNumber(number)
                .setType(TypeOnConsole.newBuilder().setBytes(ByteString.copyFrom(new byte[bytes])))
                .build();
    }

    @Test
    void hostThatAloneHasSomethingToDoIsToldUntilWhen() {
        Windows windows = new Windows();
        for (String host : List.of("a", "b")) windows.add(host, host + "'s node");
        windows.due("a", 10);
        windows.due("b", 450);
        Windows.Ahead ahead = new Windows.Ahead(100, 700, 1000);
        assertThat(windows.grant(1, 0, 100, ahead))
                .singleElement()
                .returns("a", RunWindow::getHost)
                .returns(100L, RunWindow::getLookaheadNanos)
                .returns(700L, RunWindow::getPlannedNanos)
                .returns(450L, RunWindow::getAloneUntilNanos);
        windows.message("b", 0, message("a", 300));
        assertThat(windows.grant(2, 0, 100, ahead)).singleElement().returns(300L, RunWindow::getAloneUntilNanos);
        windows.due("b", 90);
        assertThat(windows.grant(3, 0, 100, ahead)).hasSize(2).allMatch(grant -> grant.getAloneUntilNanos() == 0);
    }

    @Test
    void hostsOfOneNodeThatAloneHaveSomethingToDoGoOnTogether() {
        Windows windows = new Windows();
        for (String host : List.of("a", "b", "c", "idle")) windows.add(host, "n");
        windows.add("elsewhere", "m");
        windows.due("a", 10);
        windows.due("b", 20);
        windows.due("c", 600);
        windows.due("idle", 1000);
        windows.due("elsewhere", 900);
        windows.message("c", 0, message("c", 800));
        Windows.Ahead ahead = new Windows.Ahead(100, 2000, 1000);
        List<RunWindow> grants = windows.grant(1, 0, 100, ahead);
        assertThat(grants).extracting(RunWindow::getHost).containsExactly("a", "b", "c");
        assertThat(grants).extracting(RunWindow::getIdle).containsExactly(false, false, true);
        assertThat(grants).allMatch(grant -> grant.getHosts() == 3 && grant.getAloneUntilNanos() == 800);
        windows.due("elsewhere", 90);
        assertThat(windows.grant(2, 0, 100, ahead))
                .extracting(RunWindow::getHost)
                .containsExactly("a", "b", "elsewhere");
    }

    private static HostMessage message(String to, long arrivalNanos) {
        return HostMessage.newBuilder().setTo(to).setArrivalNanos(arrivalNanos).build();
    }

    @Test
    void clientsThatSendMuchAtOnceMakeNoWindowThatNoFrameHolds() {
        Windows windows = new Windows();
        windows.add("h", "n");
        for (int number = 1; number <= 9; number++) {
            windows.command("h", typed(number, number % 2 == 0 ? 10 : 3 << 20));
        }
        windows.command("h", typed(10, Windows.MOST_COMMAND_BYTES + 1));

        List<Long> granted = new ArrayList<>();
        while (windows.nextNanos(0) == 0) {
            List<RunWindow> window = windows.grant(1, 0, 100, NO_FURTHER);
            assertThat(window).hasSize(1);
            assertThat(window.getFirst().getSerializedSize()).isLessThan(8 << 20);
            window.getFirst().getCommandsList().forEach(command -> granted.add(command.getNumber()));
        }
        assertThat(granted).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L);
    }
}
