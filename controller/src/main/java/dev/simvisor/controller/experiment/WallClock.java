package dev.simvisor.controller.experiment;

import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.RoundReport;

/** Takes out of reports what the wall's clock measured and where things ran, which may differ from run to run. */
final class WallClock {
    private WallClock() {}

    static MigrationReport removedFrom(MigrationReport report) {
        MigrationReport.Builder virtual = report.toBuilder().clearWall();
        virtual.getRoundsBuilderList().forEach(RoundReport.Builder::clearWallNanos);
        return virtual.build();
    }

    static Event removedFrom(Event event) {
        return switch (event.getWhatCase()) {
            case MIGRATION ->
                event.toBuilder()
                        .setMigration(removedFrom(event.getMigration()))
                        .build();
            case HOST -> {
                Event.Builder placeless = event.toBuilder();
                placeless.getHostBuilder().clearNode().getSpecBuilder().clearNode();
                yield placeless.build();
            }
            case VM, NODE, REFUSAL, WHAT_NOT_SET -> event;
        };
    }
}
