package dev.simvisor.node.machine.device.apic;

import java.util.ArrayList;
import java.util.List;

/** A processor that remembers what its local APIC told it. */
final class RecordedPins implements LocalApic.Pins {
    private final List<String> signals = new ArrayList<>();

    /** What came since the last call, in order. */
    List<String> taken() {
        List<String> taken = List.copyOf(signals);
        signals.clear();
        return taken;
    }

    @Override
    public void nonMaskableInterrupt() {
        signals.add("NMI");
    }

    @Override
    public void initialize() {
        signals.add("INIT");
    }

    @Override
    public void startUp(int vector) {
        signals.add("start-up " + vector);
    }

    @Override
    public void interruptRequested() {
        signals.add("interrupt");
    }
}
