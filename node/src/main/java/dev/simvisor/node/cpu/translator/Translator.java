package dev.simvisor.node.cpu.translator;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.disassemble.SymbolTable;
import dev.simvisor.node.cpu.interpreter.Block;
import dev.simvisor.node.cpu.interpreter.BlockCache;
import dev.simvisor.node.cpu.interpreter.HandlerTable;
import dev.simvisor.node.cpu.interpreter.HotCode;
import dev.simvisor.node.cpu.interpreter.Region;
import java.lang.classfile.ClassFile;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

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
    /** Characters of a symbol that a class has in its name: the guest's file decides how long it is. */
    private static final int LONGEST_SYMBOL = 100;

    /** Executions of a block before the library is asked for it. */
    private static final int FIRST_LOOK = 250;
    /** So many times the executions until then pass before it is asked again. */
    private static final int LOOKS_APART = 3;

    private final Cpu cpu;
    private final TranslatorSettings settings;
    private final RegionLibrary library;
    private final SymbolTable symbols;
    private final HandlerTable handlers = HandlerTable.shared();
    private final List<TranslatedRegion> regions = new ArrayList<>();
    private final TranslatorStatistics statistics = new TranslatorStatistics();

    Translator(Cpu cpu, TranslatorSettings settings, RegionLibrary library, SymbolTable symbols) {
        this.cpu = cpu;
        this.settings = settings;
        this.library = library;
        this.symbols = symbols;
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
    public int firstLook() {
        return Math.min(FIRST_LOOK, settings.threshold());
    }

    @Override
    public int patience() {
        return settings.patience();
    }

    @Override
    public void look(Block block, BlockCache blocks) {
        if (!translatable(block)) {
            block.postpone(settings.threshold());
        } else if (!isTakenFromLibrary(block, blocks)) {
            int left = settings.threshold() - block.executions;
            if (left > 0) block.postpone(Math.min(left, LOOKS_APART * block.executions));
            else hot(block, blocks);
        }
    }

    /** Whether the library has a region that begins at the block, or now has the block in a larger one than before. */
    private boolean isTakenFromLibrary(Block block, BlockCache blocks) {
        Region present = block.translated();
        int size = present == null ? 0 : present.layout().instructions().length;
        for (RegionClass known : library.at(new RegionLibrary.Place(cpu.rip, block.key))) {
            if (known.shape().instructions() <= size) continue;
            RegionPlan plan = RegionPlan.like(known.shape(), cpu, blocks, block, cpu.rip);
            if (plan != null && isTaken(known, plan, new RegionCompiler(plan, handlers), blocks)) return true;
        }
        return false;
    }

    private void hot(Block block, BlockCache blocks) {
        Region whole = block.translated();
        if (whole != null && !block.wantsEntrance()) {
            block.wantEntrance();
            block.postpone(PATIENCE_WITHOUT_ENTRANCE * settings.threshold());
            return;
        }
        block.postpone(settings.threshold());
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
            if (isTranslated(RegionPlan.around(cpu, blocks, block, origin, most), blocks)) return;
        }
    }

    /** Makes a region as planned, if HotSpot would compile its method. */
    private boolean isTranslated(RegionPlan plan, BlockCache blocks) {
        RegionCompiler compiler = new RegionCompiler(plan, handlers);
        RegionLibrary.Place place = new RegionLibrary.Place(plan.origin(), plan.key());
        RegionClass.Shape shape = plan.shape();
        Optional<RegionClass> known = library.find(place, shape);
        if (known.isPresent() && isTaken(known.get(), plan, compiler, blocks)) return true;
        String name = name(plan.origin());
        byte[] bytecode = compiler.bytecode(name);
        if (length(bytecode) >= LARGEST_METHOD) return false;
        RegionClass made = RegionClass.load(shape, name, bytecode);
        library.add(place, made);
        Region region = put(made, plan, compiler, blocks);
        if (settings.patience() > 0) region.askForCompilation(cpu);
        statistics.translated(plan.instructions(), bytecode.length);
        return true;
    }

    /** Of a region's class: where it begins, and what its guest calls that, as far and in such characters as a class may. */
    private String name(long origin) {
        String address = "Region_" + Long.toHexString(origin);
        return symbols.at(origin)
                .map(place -> address + "_" + inClassName(place.symbol()))
                .orElse(address);
    }

    private static String inClassName(String symbol) {
        String start = symbol.substring(0, Math.min(symbol.length(), LONGEST_SYMBOL));
        return start.replaceAll("[^A-Za-z0-9_$]", "_");
    }

    /** Makes a region of a class that is there, if it is the one that the plan would give. */
    private boolean isTaken(RegionClass known, RegionPlan plan, RegionCompiler compiler, BlockCache blocks) {
        if (!known.isThatOf(compiler)) return false;
        put(known, plan, compiler, blocks);
        statistics.taken();
        return true;
    }

    private Region put(RegionClass made, RegionPlan plan, RegionCompiler compiler, BlockCache blocks) {
        if (regions.size() >= settings.mostRegions()) makeRoom(blocks);
        Region region = made.region(compiler.layout());
        for (RegionPlan.Node node : plan.nodes()) node.block().become(region);
        open(region, plan);
        regions.add(new TranslatedRegion(region, plan.origin(), made.bytecode()));
        return region;
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
}
