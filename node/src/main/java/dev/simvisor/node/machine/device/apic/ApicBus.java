package dev.simvisor.node.machine.device.apic;

import java.util.ArrayList;
import java.util.List;
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
     * Sends a message to whom its destination means: to all of them, or in lowest-priority mode to the one whose processor has
     * the least to do, the first of equals.
     *
     * @param sender the local APIC that sends it; null for the I/O APIC
     */
    void send(
            int destination, boolean logical, int vector, int deliveryMode, boolean level, @Nullable LocalApic sender) {
        LocalApic least = null;
        for (LocalApic processor : processors) {
            if (!processor.isDestination(destination, logical)) continue;
            if (deliveryMode != LocalApic.DELIVERY_LOWEST_PRIORITY) {
                deliver(processor, vector, deliveryMode, level, sender);
            } else if (least == null || processor.arbitrationPriority() < least.arbitrationPriority()) {
                least = processor;
            }
        }
        if (least != null) deliver(least, vector, deliveryMode, level, sender);
    }

    void sendToOthers(int vector, int deliveryMode, LocalApic sender) {
        for (LocalApic processor : processors) {
            if (processor != sender) deliver(processor, vector, deliveryMode, false, sender);
        }
    }

    /** INIT and start-up to oneself are not sent: a processor does not reset itself in the midst of its instruction. */
    private static void deliver(
            LocalApic processor, int vector, int deliveryMode, boolean level, @Nullable LocalApic sender) {
        boolean resets = deliveryMode == LocalApic.DELIVERY_INIT || deliveryMode == LocalApic.DELIVERY_START_UP;
        if (processor != sender || !resets) processor.accept(vector, deliveryMode, level);
    }
}
