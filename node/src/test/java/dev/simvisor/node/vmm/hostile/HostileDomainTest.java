package dev.simvisor.node.vmm.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.memory.FrameAudit;
import dev.simvisor.node.vmm.para.memory.MachineAddressMap;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/**
 * A paravirtual guest made to do harm does none but to itself: whatever it asks for it gets what the ABI has for it, every frame
 * that its page tables reach is its own and used as they say, no other domain is touched, and the host gets all back.
 *
 * <p>{@code -Dhostile.seed=N} runs one other seed, {@code -Dhostile.calls=1000000} so many hypercalls of it.
 */
class HostileDomainTest {
    private static final long SEED = Long.getLong("hostile.seed", 1);
    private static final int CALLS = Integer.getInteger("hostile.calls", 3000);
    private static final int CALLS_PER_FRAGMENT = 40;
    private static final int MISUSES_PER_FRAGMENT = 20;
    private static final int FRAGMENTS_PER_AUDIT = Integer.getInteger("hostile.audit", 4);
    private static final int NEIGHBOUR_FRAMES = 1024;
    private static final long NEIGHBOUR_INSTRUCTIONS = 1_000_000;
    private static final long HOST_FRAMES = 16_384;
    private static final long MOST_ERROR = 4095;

    @Test
    void aDomainThatKeepsToNothingHarmsOnlyItself() throws Exception {
        System.out.println("hostile domain: " + CALLS + " hypercalls of seed " + SEED);
        MachineAddressMap map = new MachineAddressMap();
        try (MachineMemory host = new MachineMemory(HOST_FRAMES);
                ParavirtualMachine neighbour = HostileDomain.machine(host, map, NEIGHBOUR_FRAMES, 1)) {
            neighbour.runUntil(Long.MAX_VALUE, NEIGHBOUR_INSTRUCTIONS);
            String before = neighbour.stateHash();
            long reserved = host.reservedFrames();
            int done = 0;
            long life = 0;
            for (; done < CALLS; life++) {
                done += attack(SEED * 1_000_000 + life, host, map, neighbour.domain(), CALLS - done);
                assertThat(host.reservedFrames()).as("life " + life).isEqualTo(reserved);
            }
            System.out.println("hostile domain: " + life + " lives, " + connections + " devices connected");
            assertThat(connections).isPositive();
            assertThat(neighbour.stateHash()).isEqualTo(before);
            neighbour.runUntil(Long.MAX_VALUE, 2 * NEIGHBOUR_INSTRUCTIONS);
            assertThat(neighbour.domain().shutdownReason()).isNull();
        }
    }

    /** How often a back end took a front end for one, in all lives. */
    private int connections;

    /** One domain until it ends, or has made so many calls; returns how many. */
    private int attack(long seed, MachineMemory host, MachineAddressMap map, Domain neighbour, int most)
            throws Exception {
        SplittableRandom random = new SplittableRandom(seed);
        int done = 0;
        try (HostileDomain hostile = new HostileDomain(random, host, map)) {
            FrameAudit audit = new FrameAudit(hostile.domain());
            HostileHypercalls hypercalls = new HostileHypercalls(random, hostile, neighbour);
            HostileDevices devices = new HostileDevices(random, hostile, hypercalls);
            hostile.start();
            for (int fragment = 0; hostile.isAlive() && done < most; fragment++) {
                String where = "seed " + seed + ", fragment " + fragment;
                for (int n = 0; n < CALLS_PER_FRAGMENT; n++, done++) check(hostile, hypercalls.next(), where);
                if (hostile.domain().shutdownReason() != null) break;
                try {
                    for (int n = 0; n < MISUSES_PER_FRAGMENT; n++) devices.misuse();
                    hostile.run(hypercalls);
                } catch (RuntimeException | Error escaped) {
                    throw new AssertionError(where, escaped);
                }
                if (fragment % FRAGMENTS_PER_AUDIT == 0) audit.check(where);
            }
            audit.check("seed " + seed + ", at its end");
            assertThat(hostile.areRingsHeld()).as("seed " + seed).isTrue();
            connections += devices.connections();
        }
        return done;
    }

    private static void check(HostileDomain hostile, HostileHypercalls.Call call, String where) {
        long result;
        try {
            result = hostile.call(call.number(), call.arguments());
        } catch (RuntimeException | Error escaped) {
            throw new AssertionError(where + ": " + text(call), escaped);
        }
        // One returns what was in RAX when the kernel was interrupted, the other what the guest has put into a
        // register.
        if (call.number() == HostileHypercalls.IRET || call.number() == HostileHypercalls.GET_DEBUG_REGISTER) return;
        boolean error = result < 0 && result >= -MOST_ERROR;
        assertThat(error || !call.refused() && result >= 0)
                .as("%s: %s gives %d", where, text(call), result)
                .isTrue();
    }

    private static String text(HostileHypercalls.Call call) {
        StringBuilder text = new StringBuilder("hypercall " + call.number());
        for (long argument : call.arguments()) text.append(' ').append(Long.toHexString(argument));
        return text.toString();
    }
}
