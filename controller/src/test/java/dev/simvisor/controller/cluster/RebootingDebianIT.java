package dev.simvisor.controller.cluster;

import static dev.simvisor.controller.cluster.ToyCluster.MILLI;
import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MigrationState;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An unmodified Debian reboots, whichever of two processes it is in, and while it moves from one to the other. */
class RebootingDebianIT {
    private static final String PROMPT = "/root # ";

    @ParameterizedTest
    @CsvSource({"bare,ttyS0", "para,hvc0"})
    void itStartsAgainWhereItIs(String mode, String terminal) throws Exception {
        Transcript said = new Transcript();
        try (MigratingDebian debian = MigratingDebian.atPrompt(mode, 2, terminal, 1_000_000_000L, said)) {
            move(debian, "h2");
            debian.ask("touch /gone; reboot -f", "reboot -f");
            said.await(PROMPT, 2);
            debian.ask("ls /gone; echo st\\ill", "still\r\n");
            said.await(PROMPT, 3);
            move(debian, "h1");
            debian.ask("reboot -f", "reboot -f");
            // A paravirtual guest that is just starting does not suspend itself.
            if (mode.equals("para")) said.await(PROMPT, 4);
            move(debian, "h2");
            said.await(PROMPT, 4);
            debian.ask("echo fin\\ished", "finished\r\n");
        }
        assertThat(said.text())
                .contains("No such file or directory")
                .doesNotContain("BUG", "WARNING", "Oops", "Bad page");
        assertThat(said.text().split("Linux version", -1)).hasSize(4);
    }

    private static void move(MigratingDebian debian, String target) throws Exception {
        MigrationReport report = debian.migrate(
                target,
                MigrationParameters.newBuilder()
                        .setDowntimeLimitNanos(50 * MILLI)
                        .build());
        assertThat(report.getState()).as(report.getReason()).isEqualTo(MigrationState.MIGRATION_COMPLETED);
        assertThat(report.getSourceStateHash()).isEqualTo(report.getTargetStateHash());
    }
}
