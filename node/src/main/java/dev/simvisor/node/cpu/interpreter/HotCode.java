package dev.simvisor.node.cpu.interpreter;

/** Who is told of blocks that prove hot, and may give them a {@link Region}. */
public interface HotCode {
    /** Leaves everything to the interpreter. */
    HotCode IGNORED = new HotCode() {
        @Override
        public int threshold() {
            return Integer.MAX_VALUE;
        }

        @Override
        public int firstLook() {
            return Integer.MAX_VALUE;
        }

        @Override
        public int patience() {
            return 0;
        }

        @Override
        public void look(Block block, BlockCache blocks) {}
    };

    /** After how many executions a block is hot. */
    int threshold();

    /** After how many executions a block is looked at first, for whether there is a region for it already. */
    int firstLook();

    /** How long a new region is left alone, while HotSpot compiles it: see {@link Region#isReady}. */
    int patience();

    /**
     * A block, the one at rIP, was executed so often that it is to be looked at. May set {@link Block#region}; otherwise says when
     * to look again, by {@link Block#postpone}.
     */
    void look(Block block, BlockCache blocks);
}
