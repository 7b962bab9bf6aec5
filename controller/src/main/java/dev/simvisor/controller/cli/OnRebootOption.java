package dev.simvisor.controller.cli;

import dev.simvisor.config.OnReboot;
import picocli.CommandLine.Option;

/** What becomes of a VM whose guest reboots, for every command that makes one to stay (picocli mixin). */
final class OnRebootOption {
    @Option(
            names = "--on-reboot",
            paramLabel = "restart|stop",
            defaultValue = "restart",
            description =
                    "What becomes of the VM when its guest asks for a reset: it boots again what it was booted from,"
                            + " or it ends. Default: ${DEFAULT-VALUE}.")
    private OnReboot onReboot = OnReboot.RESTART;

    OnReboot choice() {
        return onReboot;
    }
}
