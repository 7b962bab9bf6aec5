package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.interpreter.Block;
import dev.simvisor.node.cpu.interpreter.BlockCache;
import dev.simvisor.node.cpu.interpreter.HandlerTable;
import dev.simvisor.node.cpu.interpreter.HotCode;
import dev.simvisor.node.cpu.interpreter.Region;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Makes regions of hot blocks. */
final class Translator implements HotCode {
    /** HotSpot compiles no method with more bytecode. */
    private static final int LARGEST_METHOD = 8000;

    /**
     * How many thresholds more often a block within a region has to be interpreted before the region is made anew for it. Some
     * do because accesses before them miss the TLB, and that passes.
     */
    private static final int PATIENCE_WITHOUT_ENTRANCE = 4;

    private static final int PAGE_SHIFT = 12;

    private final Cpu cpu;
    private final TranslatorSettings settings;
    private final HandlerTable handlers = HandlerTable.shared();
    private static final byte[] NOT_KEPT = {};

    private final List<TranslatedRegion> regions = new ArrayList<>();
    private final TranslatorStatistics statistics = new TranslatorStatistics();

    Translator(Cpu cpu, TranslatorSettings settings) {
        this.cpu = cpu;
        this.settings = settings;
    }

    /** All that were made and not forgotten, the most useful first. */
    List<TranslatedRegion> hottest() {
        List<TranslatedRegion> hottest = new ArrayList<>(regions);
        hottest.sort(Comparator.comparingLong(
                        (TranslatedRegion translated) -> translated.region().executed())
                .reversed());
        return hottest;
    }

    TranslatorStatistics statistics() {
        return statistics;
    }

    @Override
    public int threshold() {
        return settings.threshold();
    }

    @Override
    public int patience() {
        return settings.patience();
    }

    @Override
    public void hot(Block block, BlockCache blocks) {
        if (!translatable(block)) return;
        Region whole = block.translated();
        if (whole != null && !block.wantsEntrance()) {
            block.wantEntrance();
            block.postpone(PATIENCE_WITHOUT_ENTRANCE * settings.threshold());
            return;
        }
        if (regions.size() >= settings.mostRegions()) makeRoom(blocks);
        if (whole == null || !translateAnew(whole, block, blocks)) translate(block, cpu.rip, blocks);
    }

    /** Makes a region once more, so that it can be entered at the block that is at rIP, rather than another around that. */
    private boolean translateAnew(Region whole, Block block, BlockCache blocks) {
        whole.invalidate();
        long start = cpu.rip - whole.layout().distance(block);
        long origin = cpu.codeSize == 64 ? start : start & 0xFFFF_FFFFL;
        Block first = whole.layout().blocks()[0];
        if ((cpu.memory.fetchHit(origin) ^ first.physical) >>> PAGE_SHIFT != 0) return false;
        translate(first, origin, blocks);
        return true;
    }

    /** Makes a region around a block at rIP {@code origin}. */
    private void translate(Block block, long origin, BlockCache blocks) {
        for (int most = settings.mostInstructions(); most > 0; most /= 2) {
            RegionPlan plan = RegionPlan.around(cpu, blocks, block, origin, most);
            RegionCompiler compiler = new RegionCompiler(plan, handlers);
            byte[] bytecode = compiler.bytecode("Region_" + Long.toHexString(origin));
            if (length(bytecode) >= LARGEST_METHOD) continue;
            Region region = load(bytecode, compiler.layout());
            for (RegionPlan.Node node : plan.nodes()) node.block().become(region);
            open(region, plan);
            regions.add(new TranslatedRegion(region, origin, settings.keepsClassFiles() ? bytecode : NOT_KEPT));
            statistics.translated(plan.instructions(), bytecode.length);
            return;
        }
    }

    /** Where a larger region can be entered already it stays so. */
    private static void open(Region region, RegionPlan plan) {
        for (int n = 0; n < plan.entrances().size(); n++) {
            Block block = plan.nodes().get(plan.entrances().get(n)).block();
            Region other = block.entered();
            boolean larger = other != null
                    && other.layout().instructions().length > region.layout().instructions().length;
            if (larger) region.loseEntrance();
            else block.enterThrough(region, n);
        }
    }

    /** Flat 32-bit and 64-bit protected mode, and no instruction that lies in two pages. */
    private boolean translatable(Block block) {
        if (block.secondPage != Block.NO_SECOND_PAGE || block.isRefused()) return false;
        if (!cpu.protectedMode || cpu.virtual8086) return false;
        return cpu.codeSize == 64 || cpu.codeSize == 32 && cpu.flatSegments;
    }

    /** Forgets regions that are not valid any more and, if that is not enough, the half that has executed least. */
    private void makeRoom(BlockCache blocks) {
        int before = regions.size();
        regions.removeIf(translated -> !translated.region().isValid());
        if (regions.size() > settings.mostRegions() / 2) {
            List<TranslatedRegion> hottest = hottest();
            List<TranslatedRegion> least = hottest.subList(hottest.size() / 2, hottest.size());
            least.forEach(translated -> translated.region().invalidate());
            regions.removeIf(translated -> !translated.region().isValid());
        }
        statistics.forgotten(before - regions.size());
        blocks.sweep();
    }

    private static int length(byte[] bytecode) {
        int longest = 0;
        for (MethodModel method : ClassFile.of().parse(bytecode).methods()) {
            longest = Math.max(longest, ((CodeAttribute) method.code().orElseThrow()).codeLength());
        }
        return longest;
    }

    private static Region load(byte[] bytecode, Region.Layout layout) {
        try {
            MethodHandles.Lookup region = MethodHandles.lookup().defineHiddenClass(bytecode, false);
            return (Region)
                    region.findConstructor(region.lookupClass(), MethodType.methodType(void.class, Region.Layout.class))
                            .invoke(layout);
        } catch (Throwable e) {
            throw new IllegalStateException("a translated region does not link", e);
        }
    }
}
