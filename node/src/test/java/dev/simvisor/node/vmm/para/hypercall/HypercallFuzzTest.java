package dev.simvisor.node.vmm.para.hypercall;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.node.vmm.para.domain.SmallDomain;
import dev.simvisor.node.vmm.para.memory.FrameAudit;
import dev.simvisor.node.vmm.para.memory.FrameType;
import dev.simvisor.node.vmm.para.memory.PageTableEntry;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Wild arguments to every hypercall there is: errors of the ABI, and nothing else happens to anybody but the caller. No guest
 * runs, so that there are very many calls in little time; likely mistakes, sequences that have a meaning, devices and running
 * vCPUs are the job of {@code HostileDomainTest}, which the same audit follows.
 */
class HypercallFuzzTest {
    private static final int CALLS = 60_000;
    /** Frames with the structures that arguments point to, full of numbers that might mean something. */
    private static final int FIRST_ARGUMENT_FRAME = 40;

    private static final int ARGUMENT_FRAMES = 4;

    private static final int MOST_PIECES = 4;

    private final HypercallTable table = new HypercallTable(List.of());

    private static String hash(Domain domain) throws NoSuchAlgorithmException {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        domain.digest(digest);
        return HexFormat.of().formatHex(digest.digest());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void wildCallsDoNotReachBeyondTheirDomain(long seed) throws NoSuchAlgorithmException {
        SplittableRandom random = new SplittableRandom(seed);
        try (SmallDomain small = new SmallDomain(2)) {
            FrameAudit audit = new FrameAudit(small.domain);
            String neighbour = hash(small.neighbour);
            List<Hypercall> calls = table.all();
            for (int n = 0; n < CALLS && small.domain.shutdownReason() == null; n++) {
                scribble(small, random);
                Hypercall call = calls.get(random.nextInt(calls.size()));
                boolean ends = call instanceof Iret || call instanceof SchedOp;
                if (!ends) call(small, call, arguments(small, random));
            }
            assertThat(hash(small.neighbour)).isEqualTo(neighbour);
            audit.check("seed " + seed);
        }
    }

    /** A guest is free not to go on with a call that was broken off. */
    private void call(SmallDomain small, Hypercall call, long[] arguments) {
        for (int pieces = 0; pieces < MOST_PIECES; pieces++) {
            try {
                table.call(small.vcpu(), call.number(), arguments);
                return;
            } catch (Preempted rest) {
                // Once more, with the arguments of the rest.
            }
        }
    }

    private static long[] arguments(SmallDomain small, SplittableRandom random) {
        long[] args = new long[6];
        for (int n = 0; n < args.length; n++) args[n] = number(small, random);
        if (random.nextInt(4) != 0) args[0] = random.nextBoolean() ? random.nextInt(32) : pointer(random);
        if (random.nextInt(4) != 0) args[1] = random.nextBoolean() ? random.nextInt(8) : pointer(random);
        if (random.nextInt(4) != 0) args[3] = Domain.SELF;
        return args;
    }

    private static long pointer(SplittableRandom random) {
        return SmallDomain.linear(FIRST_ARGUMENT_FRAME) + (random.nextInt(ARGUMENT_FRAMES << 12) & ~7);
    }

    private static long number(SmallDomain small, SplittableRandom random) {
        int gfn = random.nextInt(SmallDomain.FRAMES + 8);
        return switch (random.nextInt(10)) {
            case 0 -> random.nextLong();
            case 1 -> random.nextInt(64);
            case 2 -> small.mfn(gfn);
            case 3 -> small.mfn(gfn) << 12 | random.nextInt(4096);
            case 4 -> PageTableEntry.of(small.mfn(gfn), random.nextInt(128));
            case 5 -> PageTableEntry.of(small.neighbour.memory().mfn(gfn), 7);
            case 6 -> SmallDomain.linear(gfn);
            case 7 -> -random.nextInt(64);
            case 8 -> 1L << random.nextInt(64);
            default -> pointer(random);
        };
    }

    private static void scribble(SmallDomain small, SplittableRandom random) {
        for (int n = 0; n < 4; n++) {
            int gfn = FIRST_ARGUMENT_FRAME + random.nextInt(ARGUMENT_FRAMES);
            if (small.domain.frames().type(gfn) == FrameType.WRITABLE) {
                small.domain.frames().write(gfn, random.nextInt(512), number(small, random));
            }
        }
    }
}
