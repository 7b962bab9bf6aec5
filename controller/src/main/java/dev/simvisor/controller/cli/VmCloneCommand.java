package dev.simvisor.controller.cli;

import dev.simvisor.proto.api.CloneVmRequest;
import dev.simvisor.proto.api.Vm;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code simvisor vm clone}. */
@Command(
        name = "clone",
        description =
                "Makes a second VM that goes on from a VM's present state, memory included; the first goes on, too.",
        footer = {
            "",
            "On the first one's host the two share memory until either writes to it, page by page; in modes other than bare"
                    + " what the guest has used is copied. To another host the state is sent, and the second VM begins"
                    + " when it has arrived.",
            "",
            "A VM with disks cannot be cloned, since a disk is one VM's at a time, nor can one that is being migrated. A"
                    + " paravirtual guest suspends itself for it, as for a snapshot."
        })
final class VmCloneCommand extends VmCommand.OfOne {
    @Option(names = "--name", paramLabel = "VM", required = true, description = "Of the second VM.")
    private String clone = "";

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "",
            description = "Default: the first one's, or the placement's choice when that has no room.")
    private String host = "";

    @Option(names = "--paused", description = "Leaves the second VM paused; else it runs, even if the first is paused.")
    private boolean paused;

    @Override
    void run(ApiClient api) throws IOException {
        Vm vm = api.vms()
                .clone(CloneVmRequest.newBuilder()
                        .setVm(name())
                        .setName(clone)
                        .setHost(host)
                        .setPaused(paused)
                        .build());
        show(vm);
    }
}
