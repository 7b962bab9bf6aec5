package dev.simvisor.node.cpu.silicon;

/** Where everything is that a case may touch; {@code runner.c} has the same numbers. */
final class SiliconLayout {
    static final int PAGE = 4096;

    /** One executable page; the page above is absent. */
    static final long CODE = 0x1000_0000L;

    /** Two pages; the page above is absent. */
    static final long DATA = 0x2000_0000L;

    static final int DATA_SIZE = 2 * PAGE;

    /** One page that can only be read. */
    static final long READ_ONLY = 0x2000_3000L;

    static final long FS_BASE = 0x2000_0400L;
    static final long GS_BASE = 0x2000_0800L;

    // Linux's global descriptor table.
    static final int USER_CODE_32 = 0x23;
    static final int USER_DATA = 0x2B;
    static final int USER_CODE_64 = 0x33;
    // The local descriptor table that the runner makes.
    static final int SMALL_CODE_16 = 0x07;
    static final int SMALL_DATA_16 = 0x0F;
    static final int SMALL_DATA_32 = 0x17;
    static final int SMALL_LIMIT = 0x1FFF;

    private SiliconLayout() {}

    /** Initial contents of DATA and READ_ONLY. */
    static byte[] memory() {
        byte[] memory = new byte[DATA_SIZE + PAGE];
        Pattern pattern = new Pattern(4711);
        for (int i = 0; i < memory.length; i++) memory[i] = (byte) pattern.next();
        return memory;
    }
}
