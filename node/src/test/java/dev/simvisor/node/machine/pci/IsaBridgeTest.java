package dev.simvisor.node.machine.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.bus.Bus;
import dev.simvisor.node.machine.device.InterruptLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class IsaBridgeTest {
    private static final PowerManagement POWER = new PowerManagement(0x600);

    private final Set<Integer> raised = new TreeSet<>();
    private final Set<Integer> pins = new TreeSet<>();
    private final IsaBridge bridge = new IsaBridge(request -> keepIn(raised, request), pin -> keepIn(pins, pin));

    private static InterruptLine keepIn(Set<Integer> asserted, int number) {
        return level -> {
            if (level) asserted.add(number);
            else asserted.remove(number);
        };
    }

    @Test
    void aPinRaisesNothingUntilItIsRouted() {
        bridge.pin(1).set(true);
        assertThat(raised).isEmpty();
        assertThat(pins).containsExactly(1);
        bridge.writeConfiguration(0x61, 1, 10);
        assertThat(raised).containsExactly(10);
        bridge.writeConfiguration(0x61, 1, 11);
        assertThat(raised).containsExactly(11);
        bridge.writeConfiguration(0x61, 1, 0x8B);
        assertThat(raised).isEmpty();
    }

    @Test
    void aRequestIsRaisedWhileAnyPinRoutedToItIsAsserted() {
        bridge.writeConfiguration(0x60, 4, 0x0B0B_0A0A);
        InterruptLine first = bridge.pin(2);
        InterruptLine second = bridge.pin(3);
        first.set(true);
        second.set(true);
        first.set(false);
        assertThat(raised).containsExactly(11);
        second.set(false);
        assertThat(raised).isEmpty();
    }

    @Test
    void theTimersRequestCannotBeRoutedTo() {
        bridge.writeConfiguration(0x60, 1, 0);
        bridge.pin(0).set(true);
        assertThat(raised).isEmpty();
    }

    @Test
    void theSlotsAfterTheBridgesHaveThePinsInTurn() {
        PciBus pci = new PciBus(new Bus("memory"), bridge, POWER);
        bridge.writeConfiguration(0x60, 4, 0x0706_0503);
        List<Device> devices = new ArrayList<>();
        for (int slot = 2; slot < 7; slot++) {
            devices.add(new Device());
            pci.plug(slot, devices.getLast());
        }
        List<Integer> requests = new ArrayList<>();
        for (Device device : devices) {
            device.interrupt(true);
            requests.addAll(raised);
            device.interrupt(false);
        }
        assertThat(requests).containsExactly(5, 6, 7, 3, 5);
    }

    @Test
    void aRestoredBusRaisesWhatTheSavedOneDid() {
        PciBus saved = new PciBus(new Bus("memory"), new IsaBridge(request -> level -> {}, pin -> level -> {}), POWER);
        Device device = new Device();
        saved.plug(4, device);
        saved.write(0, 4, 0x8000_0860L);
        saved.write(4 + 3, 1, 11);
        device.interrupt(true);
        PciBus restored = new PciBus(new Bus("memory"), bridge, POWER);
        restored.plug(4, new Device());
        restored.restore(saved.save());
        assertThat(raised).containsExactly(11);
    }

    private static final class Device extends PciFunction {
        Device() {
            super("device", 0x1234, 0x5678, 0, 0);
            usesInterrupt();
        }
    }
}
