package dev.simvisor.controller.experiment;

import dev.simvisor.config.Distribution;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/**
 * Random numbers for one purpose, which its name tells: what others draw, or whether there are any, changes nothing of them.
 *
 * <p>The generator is L64X128MixRandom (Steele and Vigna, LXM: Better Splittable Pseudorandom Number Generators (and Almost as
 * Fast), OOPSLA 2021), seeded with the first eight bytes of the SHA-256 of the run's seed in decimal, a slash and the name, in
 * UTF-8. Distributions are made of its numbers here, by inversion, so that they do not change with the JDK.
 */
final class RandomStream {
    private static final String ALGORITHM = "L64X128MixRandom";
    /** Bits of a double's significand. */
    private static final int UNIT_BITS = 53;

    private static final double UNIT = 0x1.0p-53;

    private final RandomGenerator random;

    RandomStream(long seed, String name) {
        this.random = RandomGeneratorFactory.of(ALGORITHM).create(seedOf(seed, name));
    }

    private static long seedOf(long seed, String name) {
        try {
            byte[] text = (seed + "/" + name).getBytes(StandardCharsets.UTF_8);
            return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(text))
                    .getLong();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every Java platform has it
        }
    }

    /** A span of that distribution, in nanoseconds, rounded down. */
    long nextNanos(Distribution distribution) {
        return switch (distribution) {
            case Distribution.Fixed(var value) -> value.nanos();
            case Distribution.Uniform(var least, var most) ->
                least.nanos() + (long) (nextUnit() * (most.nanos() - least.nanos() + 1));
            case Distribution.Exponential(var mean) -> (long) (-mean.nanos() * StrictMath.log(1 - nextUnit()));
        };
    }

    /** From 0 to, not including, 1. */
    private double nextUnit() {
        return (random.nextLong() >>> (Long.SIZE - UNIT_BITS)) * UNIT;
    }
}
