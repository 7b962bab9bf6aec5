package dev.simvisor.node.cpu.x87;

import dev.simvisor.node.cpu.softfloat.BinaryFormat;
import dev.simvisor.node.cpu.softfloat.DoubleArithmetic;
import dev.simvisor.node.cpu.softfloat.FloatEnvironment;
import dev.simvisor.node.cpu.softfloat.Ordering;
import dev.simvisor.node.cpu.softfloat.SingleArithmetic;

/** Replays a {@link FloatVector} with our arithmetic, and says what the outcome was in the vector's own terms. */
final class FloatVectorReplay {
    static final int LAST_X87 = 42;
    private static final int C0 = 0x100;
    private static final int C1 = 0x200;
    private static final int C2 = 0x400;
    private static final int C3 = 0x4000;
    private static final long UNTOUCHED = 0xcccc_cccc_cccc_ccccL;

    private final Transcendental transcendental = new Transcendental();
    private final Trigonometry trigonometry = new Trigonometry();
    private final FloatEnvironment env = new FloatEnvironment();
    private int status;
    private long result;
    private int resultHead;
    private long second;
    private int secondHead;

    /** The vector as we compute it. */
    FloatVector replay(FloatVector v) {
        status = 0;
        if (v.operation() <= LAST_X87) {
            env.loadControlWord(v.control());
            result = v.a();
            resultHead = v.aHead();
            second = v.b();
            secondHead = v.bHead();
            x87(v);
        } else {
            env.loadMxcsr(v.control());
            result = v.a();
            second = v.a();
            resultHead = 0;
            secondHead = 0;
            sse(v);
        }
        return new FloatVector(
                v.operation(),
                status,
                v.control(),
                v.a(),
                v.b(),
                result,
                second,
                v.aHead(),
                v.bHead(),
                resultHead,
                secondHead);
    }

    /** Whether the two outcomes agree in all that is architecturally defined. */
    static boolean agrees(FloatVector silicon, FloatVector ours) {
        int defined = silicon.operation() > LAST_X87 ? 0x77f : 0x3f | C0 | C1 | C2 | C3;
        return (silicon.status() & defined) == (ours.status() & defined)
                && silicon.result() == ours.result()
                && silicon.second() == ours.second()
                && silicon.resultHead() == ours.resultHead()
                && silicon.secondHead() == ours.secondHead();
    }

    /** Whether the exact comparison does not apply: the operation is transcendental. */
    static boolean isTranscendental(int operation) {
        return operation >= 32 && operation <= 39;
    }

    /** By how many units in the last place the two results differ; a large number when they are of another kind. */
    static long distance(FloatVector silicon, FloatVector ours) {
        return Math.max(
                distance(silicon.resultHead(), silicon.result(), ours.resultHead(), ours.result()),
                distance(silicon.secondHead(), silicon.second(), ours.secondHead(), ours.second()));
    }

    private static long distance(int aHead, long a, int bHead, long b) {
        long difference = Math.abs(a - b);
        if (aHead != bHead) {
            boolean neighbours = Math.abs(aHead - bHead) == 1;
            return neighbours ? Math.min(difference == Long.MIN_VALUE ? 1 : Math.abs((a ^ b) + 1), 99) : 99;
        }
        return Math.min(difference, 99) < 0 ? 99 : Math.min(difference, 99);
    }

    private void x87(FloatVector v) {
        int op = v.operation();
        if (op <= 5 || op == 10 || (op >= 32 && op <= 35)) {
            arithmetic(v);
        } else if (op <= 7) {
            conditions(ExtendedArithmetic.compare(env, v.aHead(), v.a(), v.bHead(), v.b(), op == 7));
            finish();
        } else if (op <= 9) {
            remainder(v);
        } else if (op == 11) {
            extract(v);
        } else if (op == 12) {
            status = Examination.conditions(v.aHead(), v.a());
        } else if (op <= 18 || op >= 40) {
            store(v);
        } else if (op <= 24) {
            load(v);
        } else if (op <= 31) {
            ExtendedConstant.values()[op - 25].load(env);
            push(v);
        } else {
            angles(v);
        }
    }

    private void arithmetic(FloatVector v) {
        switch (v.operation()) {
            case 0 -> ExtendedArithmetic.add(env, v.aHead(), v.a(), v.bHead(), v.b());
            case 1 -> ExtendedArithmetic.subtract(env, v.aHead(), v.a(), v.bHead(), v.b());
            case 2 -> ExtendedArithmetic.multiply(env, v.aHead(), v.a(), v.bHead(), v.b());
            case 3 -> ExtendedArithmetic.divide(env, v.aHead(), v.a(), v.bHead(), v.b());
            case 4 -> ExtendedArithmetic.squareRoot(env, v.aHead(), v.a());
            case 5 -> ExtendedArithmetic.roundToInteger(env, v.aHead(), v.a());
            case 10 -> ExtendedScaling.scale(env, v.aHead(), v.a(), v.bHead(), v.b());
            case 32 -> transcendental.exponentialLessOne(env, v.aHead(), v.a());
            case 33 -> transcendental.logarithm(env, v.aHead(), v.a(), v.bHead(), v.b());
            case 34 -> transcendental.logarithmPlusOne(env, v.aHead(), v.a(), v.bHead(), v.b());
            case 35 -> transcendental.arcTangent(env, v.aHead(), v.a(), v.bHead(), v.b());
            default -> throw new IllegalArgumentException("operation " + v.operation());
        }
        if (v.operation() >= 33 && !env.stopped()) {
            second = v.second();
            secondHead = v.secondHead();
        }
        takeResult();
        finish();
    }

    private void takeResult() {
        if (!env.stopped()) {
            result = env.resultSignificand();
            resultHead = env.resultSignExponent();
        }
    }

    private void finish() {
        status |= env.roundedUp() ? C1 : 0;
        status |= env.takeRaised();
    }

    private void conditions(Ordering order) {
        status |= switch (order) {
            case LESS -> C0;
            case EQUAL -> C3;
            case GREATER -> 0;
            case UNORDERED -> C0 | C2 | C3;
        };
    }

    private void remainder(FloatVector v) {
        int quotient = v.operation() == 8
                ? ExtendedRemainder.truncating(env, v.aHead(), v.a(), v.bHead(), v.b())
                : ExtendedRemainder.nearest(env, v.aHead(), v.a(), v.bHead(), v.b());
        takeResult();
        status |= env.takeRaised();
        status |= (quotient & 4) != 0 ? C0 : 0;
        status |= (quotient & 2) != 0 ? C3 : 0;
        status |= (quotient & 1) != 0 ? C1 : 0;
        status |= quotient == ExtendedRemainder.INCOMPLETE ? C2 : 0;
    }

    private void extract(FloatVector v) {
        ExtendedScaling.extractExponent(env, v.aHead(), v.a());
        if (env.stopped()) {
            finish();
            return;
        }
        second = env.resultSignificand();
        secondHead = env.resultSignExponent();
        ExtendedScaling.extractSignificand(env, v.aHead(), v.a());
        takeResult();
        finish();
    }

    private void store(FloatVector v) {
        result = UNTOUCHED;
        resultHead = (int) UNTOUCHED & 0xffff;
        int op = v.operation();
        int bytes = switch (op) {
            case 13, 16, 41 -> 4;
            case 15, 40 -> 2;
            case 18 -> 10;
            default -> 8;
        };
        long value = switch (op) {
            case 13 -> ExtendedConversion.store(env, BinaryFormat.SINGLE, v.aHead(), v.a());
            case 14 -> ExtendedConversion.store(env, BinaryFormat.DOUBLE, v.aHead(), v.a());
            case 18 -> {
                PackedDecimal.store(env, v.aHead(), v.a());
                yield env.resultSignificand();
            }
            default ->
                ExtendedConversion.storeInteger(
                        env, v.aHead(), v.a(), bytes * 8, op >= 40 ? FloatEnvironment.TOWARD_ZERO : env.rounding());
        };
        if ((env.unmasked() & ~FloatEnvironment.PRECISION) == 0) {
            long mask = bytes >= 8 ? -1 : (1L << bytes * 8) - 1;
            result = value & mask | UNTOUCHED & ~mask;
            resultHead = op == 18 ? env.resultSignExponent() : resultHead;
        }
        second = v.second();
        secondHead = v.secondHead();
        finish();
    }

    private void load(FloatVector v) {
        switch (v.operation()) {
            case 19 -> ExtendedConversion.load(env, BinaryFormat.SINGLE, v.b() & 0xffff_ffffL);
            case 20 -> ExtendedConversion.load(env, BinaryFormat.DOUBLE, v.b());
            case 21 -> ExtendedConversion.loadInteger(env, (short) v.b());
            case 22 -> ExtendedConversion.loadInteger(env, (int) v.b());
            case 23 -> ExtendedConversion.loadInteger(env, v.b());
            default -> PackedDecimal.load(env, v.b(), v.bHead());
        }
        push(v);
    }

    private void push(FloatVector v) {
        if ((env.unmasked() & FloatEnvironment.INVALID) == 0) {
            second = v.a();
            secondHead = v.aHead();
            result = env.resultSignificand();
            resultHead = env.resultSignExponent();
        } else {
            second = v.second();
            secondHead = v.secondHead();
        }
        finish();
    }

    private void angles(FloatVector v) {
        boolean inRange = switch (v.operation()) {
            case 36 -> trigonometry.tangent(env, v.aHead(), v.a());
            case 38 -> trigonometry.cosine(env, v.aHead(), v.a());
            default -> trigonometry.sine(env, v.aHead(), v.a());
        };
        if (!inRange) {
            status = C2;
            return;
        }
        takeResult();
        boolean pushes = v.operation() == 36 || v.operation() == 39;
        if (pushes && !env.stopped()) {
            second = result;
            secondHead = resultHead;
            if (v.operation() == 39) {
                trigonometry.cosine(env, v.aHead(), v.a());
                takeResult();
            } else if (!Extended.isNan(resultHead, result)) {
                result = Extended.INTEGER_BIT;
                resultHead = Extended.BIAS;
            }
        }
        finish();
    }

    private void sse(FloatVector v) {
        int op = v.operation();
        boolean isSingle = op < 96;
        int a = (int) v.a();
        int b = (int) v.b();
        long value;
        if (isSingle) {
            value = v.a() & 0xffff_ffff_0000_0000L | single(op - 64, a, b, v.b()) & 0xffff_ffffL;
            if (op == 81) {
                value = SingleArithmetic.toDouble(env, b);
            }
        } else {
            value = binary64(op - 96, v.a(), v.b());
            if (op == 113) {
                value = v.a() & 0xffff_ffff_0000_0000L | DoubleArithmetic.toSingle(env, v.b()) & 0xffff_ffffL;
            }
        }
        boolean faulted = env.unmasked() != 0;
        int index = isSingle ? op - 64 : op - 96;
        boolean toInteger = index >= 20;
        if (!faulted && toInteger) {
            second = toInteger(index, isSingle, b, v.b());
            faulted = env.unmasked() != 0;
            second = faulted ? v.a() : (index & 1) == 0 ? second & 0xffff_ffffL : second;
        } else if (!faulted && index != 15 && index != 16) {
            result = value;
        }
        if (faulted && env.stopped()) {
            env.raise(0);
        }
        int before = v.control() & 0x3f;
        status = before | env.takeRaised() | (faulted ? 0x40 : 0) | (faulted ? 0 : status);
    }

    private int single(int index, int a, int b, long wide) {
        return switch (index) {
            case 0 -> SingleArithmetic.add(env, a, b);
            case 1 -> SingleArithmetic.subtract(env, a, b);
            case 2 -> SingleArithmetic.multiply(env, a, b);
            case 3 -> SingleArithmetic.divide(env, a, b);
            case 4 -> SingleArithmetic.squareRoot(env, b);
            case 5 -> SingleArithmetic.minimum(env, a, b);
            case 6 -> SingleArithmetic.maximum(env, a, b);
            case 15, 16 -> order(SingleArithmetic.order(env, a, b, index == 15));
            case 18 -> SingleArithmetic.fromInteger(env, (int) wide);
            case 19 -> SingleArithmetic.fromInteger(env, wide);
            default -> index < 15 ? SingleArithmetic.compare(env, a, b, index - 7) : 0;
        };
    }

    private long binary64(int index, long a, long b) {
        return switch (index) {
            case 0 -> DoubleArithmetic.add(env, a, b);
            case 1 -> DoubleArithmetic.subtract(env, a, b);
            case 2 -> DoubleArithmetic.multiply(env, a, b);
            case 3 -> DoubleArithmetic.divide(env, a, b);
            case 4 -> DoubleArithmetic.squareRoot(env, b);
            case 5 -> DoubleArithmetic.minimum(env, a, b);
            case 6 -> DoubleArithmetic.maximum(env, a, b);
            case 15, 16 -> order(DoubleArithmetic.order(env, a, b, index == 15));
            case 18 -> DoubleArithmetic.fromInteger(env, (int) b);
            case 19 -> DoubleArithmetic.fromInteger(env, b);
            default -> index < 15 ? DoubleArithmetic.compare(env, a, b, index - 7) : 0;
        };
    }

    private int order(Ordering order) {
        status |= switch (order) {
            case LESS -> 0x400;
            case EQUAL -> 0x100;
            case GREATER -> 0;
            case UNORDERED -> 0x700;
        };
        return 0;
    }

    private long toInteger(int index, boolean isSingle, int single, long wide) {
        int bits = (index & 1) == 0 ? 32 : 64;
        if (isSingle) {
            return index < 22
                    ? SingleArithmetic.toInteger(env, single, bits)
                    : SingleArithmetic.truncate(env, single, bits);
        }
        return index < 22 ? DoubleArithmetic.toInteger(env, wide, bits) : DoubleArithmetic.truncate(env, wide, bits);
    }
}
