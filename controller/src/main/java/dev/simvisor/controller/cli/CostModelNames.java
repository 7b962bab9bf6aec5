package dev.simvisor.controller.cli;

import dev.simvisor.config.CostModel;
import java.util.ArrayList;

/** The cost models that an option may name, for its help. */
final class CostModelNames extends ArrayList<String> {
    CostModelNames() {
        super(CostModel.names());
    }
}
