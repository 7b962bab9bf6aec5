package dev.simvisor.controller.embedded;

import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.node.cpu.disassemble.SymbolTable;
import dev.simvisor.node.cpu.translator.RegionListing;
import dev.simvisor.node.cpu.translator.TranslatedRegion;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/** Boots a guest in this process, to look at what the translator makes of its hottest code. */
public final class HotCodeExperiment {
    private static final long SLICE_NANOS = 10_000_000;

    private HotCodeExperiment() {}

    /**
     * A region of the guest's code.
     *
     * @param address in hexadecimal
     * @param symbol what is known of the address
     * @param executed instructions of the guest's, by this region
     * @param share of all that the guest executed, 0 to 1
     * @param classFileBytes of its code
     */
    public record HotRegion(
            String address,
            Optional<String> symbol,
            long executed,
            double share,
            long entries,
            int classFileBytes,
            List<Line> lines) {}

    /** An instruction of the guest's, and the bytecode that is executed for it. */
    public record Line(String address, String guest, List<String> bytecode) {}

    /**
     * The regions that executed most.
     *
     * @param most how many
     * @param nanos of virtual time before the look
     */
    public static List<HotRegion> hottest(VmRequest request, int most, long nanos) throws BootRefused {
        SymbolTable symbols = SymbolFile.of(request);
        List<TranslatingEngine> engines = new ArrayList<>();
        try (LocalVm vm = LocalVm.booted(request, cpu -> {
            TranslatingEngine engine = new TranslatingEngine(cpu, symbols);
            engines.add(engine);
            return engine;
        })) {
            LocalVm.Outcome outcome = LocalVm.Outcome.PAUSED;
            while (outcome == LocalVm.Outcome.PAUSED && vm.nanos() < nanos) {
                outcome = vm.runUntil(Math.min(nanos, vm.nanos() + SLICE_NANOS), Long.MAX_VALUE);
            }
            long all = Math.max(1, vm.instructions());
            return engines.stream()
                    .flatMap(engine -> engine.hottest().stream())
                    .sorted(Comparator.comparingLong((TranslatedRegion translated) ->
                                    translated.region().executed())
                            .reversed())
                    .limit(most)
                    .map(translated -> region(translated, symbols, all))
                    .toList();
        }
    }

    private static HotRegion region(TranslatedRegion translated, SymbolTable symbols, long all) {
        List<Line> lines = RegionListing.of(translated).stream()
                .map(line -> new Line(Long.toHexString(line.address()), line.guest(), line.bytecode()))
                .toList();
        long executed = translated.region().executed();
        return new HotRegion(
                Long.toHexString(translated.address()),
                symbols.at(translated.address()).map(SymbolTable.Place::text),
                executed,
                (double) executed / all,
                translated.region().entries(),
                translated.classFile().length,
                lines);
    }
}
