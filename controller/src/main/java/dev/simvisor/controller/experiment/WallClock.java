package dev.simvisor.controller.experiment;

import dev.simvisor.proto.api.Boot;
import dev.simvisor.proto.api.Event;
import dev.simvisor.proto.api.LinuxBoot;
import dev.simvisor.proto.api.MigrationReport;
import dev.simvisor.proto.api.MultibootBoot;
import dev.simvisor.proto.api.RoundReport;
import dev.simvisor.proto.api.Vm;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.api.VmState;

/** Takes out of reports what the wall's clock measured and where things ran, which may differ from run to run. */
final class WallClock {
    private WallClock() {}

    static MigrationReport removedFrom(MigrationReport report) {
        MigrationReport.Builder virtual = report.toBuilder().clearWall();
        virtual.getRoundsBuilderList().forEach(RoundReport.Builder::clearWallNanos);
        return virtual.build();
    }

    /** Of files the names alone, of a VM that died with its host not the cycle that this had last told of, which depends on windows. */
    private static Vm removedFrom(Vm vm) {
        Vm.Builder placeless = vm.toBuilder();
        if (vm.getState() == VmState.VM_LOST) {
            placeless.clearVirtualCycles();
        }
        VmSpec.Builder spec = placeless.getSpecBuilder();
        for (int n = 0; n < spec.getDisksCount(); n++) {
            spec.setDisks(n, name(spec.getDisks(n)));
        }
        if (spec.hasBoot()) {
            removeFolders(spec.getBootBuilder());
        }
        return placeless.build();
    }

    private static void removeFolders(Boot.Builder boot) {
        switch (boot.getImageCase()) {
            case LINUX -> {
                LinuxBoot.Builder linux = boot.getLinuxBuilder();
                linux.setKernel(name(linux.getKernel())).setInitrd(name(linux.getInitrd()));
            }
            case MULTIBOOT -> {
                MultibootBoot.Builder multiboot = boot.getMultibootBuilder();
                multiboot.setKernel(name(multiboot.getKernel()));
                for (int n = 0; n < multiboot.getModulesCount(); n++) {
                    multiboot.setModules(n, name(multiboot.getModules(n)));
                }
            }
            case FIRMWARE ->
                boot.getFirmwareBuilder().setImage(name(boot.getFirmware().getImage()));
            case BUILT_IN, IMAGE_NOT_SET -> {}
        }
    }

    private static String name(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
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
            case VM -> event.toBuilder().setVm(removedFrom(event.getVm())).build();
            case NODE, REFUSAL, WHAT_NOT_SET -> event;
        };
    }
}
