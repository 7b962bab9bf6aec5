package dev.simvisor.controller.metrics;

import dev.simvisor.proto.api.PowerModelSpec;
import java.util.List;

/**
 * What power a host draws at a utilization: straight lines between measured figures, as between idle and peak of a server (Fan,
 * Weber and Barroso, Power Provisioning for a Warehouse-sized Computer, ISCA 2007) or between the loads of SPECpower_ssj2008.
 */
record PowerCurve(List<Long> milliwatts) {
    private static final double MILLIWATTS_PER_WATT = 1000;

    PowerCurve {
        milliwatts = List.copyOf(milliwatts);
        if (milliwatts.size() < 2) {
            throw new IllegalArgumentException("a curve of " + milliwatts.size() + " figures");
        }
    }

    static PowerCurve of(PowerModelSpec model) {
        return new PowerCurve(model.getMilliwattsList());
    }

    /** @param utilization from 0 to 1; what is above, as in an interval that an instruction has outlasted, counts as 1 */
    double watts(double utilization) {
        double place = Math.min(utilization, 1) * (milliwatts.size() - 1);
        int below = Math.min((int) place, milliwatts.size() - 2);
        double part = place - below;
        return (milliwatts.get(below) * (1 - part) + milliwatts.get(below + 1) * part) / MILLIWATTS_PER_WATT;
    }
}
