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
        public int patience() {
            return 0;
        }

        @Override
        public void hot(Block block, BlockCache blocks) {}
    };

    /** After how many executions a block is hot. */
    int threshold();

    /** How long a new region is left alone, while HotSpot compiles it: see {@link Region#isReady}. */
    int patience();

    /** A block is about to be executed for the threshold-th time. May set {@link Block#region}. */
    void hot(Block block, BlockCache blocks);
}
