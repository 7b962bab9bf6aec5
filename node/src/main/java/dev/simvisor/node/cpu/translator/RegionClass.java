package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.interpreter.Region;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Arrays;
import java.util.List;

/** A region's class, and what is needed to tell whether it is that of the same code in another guest. */
final class RegionClass {
    /**
     * A block's part in a region.
     *
     * @param distance from the region's origin, in bytes
     * @param count of its instructions that belong to the region
     * @param length of the whole block, in bytes
     * @param called whether a call within the region leads to it
     * @param walks whether its accesses handle misses of the TLB in place
     * @param targets distances of what has followed an indirect branch at its end
     */
    record Part(long distance, int count, int length, boolean called, boolean walks, List<Long> targets) {}

    /**
     * What a plan has chosen, but for the code.
     *
     * @param parts in the order in which they are emitted
     * @param entrances numbers of the parts that the region can be entered at
     */
    record Shape(List<Part> parts, List<Integer> entrances) {
        int instructions() {
            return parts.stream().mapToInt(Part::count).sum();
        }
    }

    private final Shape shape;
    private final String name;
    private final byte[] bytecode;
    private final MethodHandle constructor;
    private final Region.Warmth warmth = new Region.Warmth();

    private RegionClass(Shape shape, String name, byte[] bytecode, MethodHandle constructor) {
        this.shape = shape;
        this.name = name;
        this.bytecode = bytecode;
        this.constructor = constructor;
    }

    /** Loads bytecode that was compiled under a name. */
    static RegionClass load(Shape shape, String name, byte[] bytecode) {
        try {
            MethodHandles.Lookup region = MethodHandles.lookup().defineHiddenClass(bytecode, false);
            MethodHandle constructor = region.findConstructor(
                    region.lookupClass(), MethodType.methodType(void.class, Region.Layout.class, Region.Warmth.class));
            return new RegionClass(shape, name, bytecode, constructor);
        } catch (IllegalAccessException | NoSuchMethodException | LinkageError e) {
            throw new IllegalStateException("a translated region does not link", e);
        }
    }

    Shape shape() {
        return shape;
    }

    byte[] bytecode() {
        return bytecode;
    }

    /** Whether what is compiled would be this class: that its shape is the same says nothing of its instructions. */
    boolean isThatOf(RegionCompiler compiler) {
        return Arrays.equals(compiler.bytecode(name), bytecode);
    }

    /** A region of this class. */
    Region region(Region.Layout layout) {
        try {
            return (Region) constructor.invoke(layout, warmth);
        } catch (Throwable e) {
            throw new IllegalStateException("a translated region cannot be made", e);
        }
    }
}
