package dev.simvisor.controller.cli;

import dev.simvisor.controller.embedded.LocalVm;
import java.util.ArrayList;

/** The CPU models that an option may name, for its help. */
final class CpuModelNames extends ArrayList<String> {
    CpuModelNames() {
        super(LocalVm.cpuModelNames());
    }
}
