package dev.simvisor.node.machine.device.apic;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * What carries interrupt messages to the local APICs of a board, from its I/O APIC and from one another (SDM Vol 3A §11.6, §11.7).
 *
 * <p>A message arrives at once, and at several destinations in the order of their processors.
 */
public final class ApicBus {
    private final List<LocalApic> processors = new ArrayList<>();

    void attach(LocalApic processor) {
        processors.add(processor);
    }

    /**
     * Sends a message to whom its destination means.
     *
     * @param sender the local APIC that sends it; null for the I/O APIC
     */
    void send(
            int destination, boolean logical, int vector, int deliveryMode, boolean level, @Nullable LocalApic sender) {
        send(processor -> processor.isDestination(destination, logical), vector, deliveryMode, level, sender);
    }

    void sendToOthers(int vector, int deliveryMode, LocalApic sender) {
        send(processor -> processor != sender, vector, deliveryMode, false, sender);
    }

    /** To all of them, or in lowest-priority mode to the one whose processor has the least to do, the first of equals. */
    private void send(
            Predicate<LocalApic> destination, int vector, int deliveryMode, boolean level, @Nullable LocalApic sender) {
        List<LocalApic> destinations = processors.stream().filter(destination).toList();
        if (deliveryMode == LocalApic.DELIVERY_LOWEST_PRIORITY) {
            destinations.stream()
                    .min(Comparator.comparingInt(LocalApic::arbitrationPriority))
                    .ifPresent(least -> least.accept(vector, deliveryMode, level));
        } else {
            for (LocalApic processor : destinations) deliver(processor, vector, deliveryMode, level, sender);
        }
    }

    /**
     * A processor does not reset itself in the midst of its instruction: INIT and start-up to oneself are not sent, nor those of the
     * I/O APIC, which nobody programs for them.
     */
    private static void deliver(
            LocalApic processor, int vector, int deliveryMode, boolean level, @Nullable LocalApic sender) {
        boolean resets = deliveryMode == LocalApic.DELIVERY_INIT || deliveryMode == LocalApic.DELIVERY_START_UP;
        if (!resets || sender != null && processor != sender) processor.accept(vector, deliveryMode, level);
    }
}
