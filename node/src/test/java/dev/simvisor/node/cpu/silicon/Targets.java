package dev.simvisor.node.cpu.silicon;

/** Linear addresses for operands: mostly plain memory, sometimes across pages or where there is none. */
final class Targets {
    private final boolean small;
    private final Pattern pattern;

    Targets(boolean small, Pattern pattern) {
        this.small = small;
        this.pattern = pattern;
    }

    long choose(int size, boolean aligned, boolean mode64) {
        int die = pattern.below(100);
        if (die < 80) return plain(size, aligned);
        if (die < 86) return SiliconLayout.DATA + SiliconLayout.PAGE - 1 - pattern.below(size);
        if (die < 90) return SiliconLayout.DATA + SiliconLayout.DATA_SIZE - pattern.below(size + 1);
        if (die < 94) return SiliconLayout.READ_ONLY + 16L * pattern.below(200);
        if (die < 97) return SiliconLayout.DATA + SiliconLayout.DATA_SIZE + pattern.below(2000);
        if (mode64 && !small) return 0x0000_8000_0000_0000L << pattern.below(16) | pattern.below(4096);
        return plain(size, aligned);
    }

    /** Within the first data page. */
    long plain(int size, boolean aligned) {
        long address = SiliconLayout.DATA + 0x40 + pattern.below(SiliconLayout.PAGE - 0x80 - size);
        if (aligned && !pattern.oneIn(6)) return address & -16;
        return pattern.oneIn(2) ? address & -8 : address;
    }

    /** What to subtract from a linear address for an offset within DS, ES and SS. */
    long base() {
        return small ? SiliconLayout.DATA : 0;
    }
}
