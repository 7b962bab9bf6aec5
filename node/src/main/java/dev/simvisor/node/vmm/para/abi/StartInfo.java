package dev.simvisor.node.vmm.para.abi;

import java.nio.ByteBuffer;

/** The page that a paravirtual kernel is started with: where fields are in {@code struct start_info} of the public header xen.h. */
public final class StartInfo {
    public static final int MAGIC = 0;
    /** Frames of the domain. */
    public static final int PAGES = 32;
    /** Machine address of the shared info. */
    public static final int SHARED_INFO = 40;

    public static final int FLAGS = 48;
    public static final int STORE_FRAME = 56;
    public static final int STORE_PORT = 64;
    public static final int CONSOLE_FRAME = 72;
    public static final int CONSOLE_PORT = 80;
    public static final int PAGE_TABLES = 88;
    public static final int PAGE_TABLE_FRAMES = 96;
    public static final int FRAME_LIST = 104;
    public static final int MODULE = 112;
    public static final int MODULE_LENGTH = 120;
    public static final int COMMAND_LINE = 128;
    public static final int FIRST_LIST_FRAME = 1152;
    public static final int LIST_FRAMES = 1160;

    private StartInfo() {}

    /** Clears the fields that are filled in anew where a suspended domain goes on. */
    public static void blank(ByteBuffer page) {
        page.putLong(SHARED_INFO, 0);
        page.putInt(FLAGS, 0);
        page.putLong(STORE_FRAME, 0);
        page.putInt(STORE_PORT, 0);
        page.putLong(CONSOLE_FRAME, 0);
        page.putInt(CONSOLE_PORT, 0);
    }
}
