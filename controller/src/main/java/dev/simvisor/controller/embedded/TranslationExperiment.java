package dev.simvisor.controller.embedded;

import dev.simvisor.controller.boot.BootRefused;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.node.vmm.deprivileged.CalloutRecorder;
import dev.simvisor.node.vmm.deprivileged.TranslatedBlock;
import java.util.ArrayList;
import java.util.List;

/** Boots a guest in mode translate in this process, to look at what becomes of its kernel's code. */
public final class TranslationExperiment {
    private static final long SLICE_NANOS = 1_000_000;

    private TranslationExperiment() {}

    /** A block of the kernel's. */
    public record Block(List<Line> lines) {}

    /**
     * An instruction and what is executed in its place.
     *
     * @param callsOut whether that is a callout to the VMM
     */
    public record Line(CodeLine guest, boolean callsOut, String translation) {
        static Line of(TranslatedBlock.Line line) {
            CodeLine guest = CodeLine.of(line.guest());
            return new Line(guest, line.callsOut(), line.callsOut() ? "callout: " + guest.text() : guest.text());
        }
    }

    /**
     * The first blocks of a guest's boot that call out.
     *
     * @param most how many
     * @param nanos of virtual time in which to look for them
     */
    public static List<Block> firstCallouts(VmRequest request, int most, long nanos) throws BootRefused {
        List<CalloutRecorder> recorders = new ArrayList<>();
        try (LocalVm vm = LocalVm.booted(request, cpu -> {
            CalloutRecorder recorder = new CalloutRecorder(cpu, most);
            recorders.add(recorder);
            return recorder;
        })) {
            CalloutRecorder recorder = recorders.getFirst();
            run(vm, nanos, () -> recorder.blocks().size() == most);
            return recorder.blocks().stream().map(TranslationExperiment::block).toList();
        }
    }

    /**
     * The block at an address, once the guest has run for a while.
     *
     * @param linear its address
     * @param nanos of virtual time before the look
     * @throws BootRefused when there is no code then
     */
    public static Block at(VmRequest request, long linear, long nanos) throws BootRefused {
        try (LocalVm vm = LocalVm.booted(request)) {
            run(vm, nanos, () -> false);
            byte[] code = vm.code(linear);
            if (code.length == 0) {
                throw new BootRefused(
                        "--address %x: after %d ns the guest has no memory mapped there".formatted(linear, vm.nanos()));
            }
            return block(TranslatedBlock.of(code, linear, vm.kernelCodeSize()));
        }
    }

    /** Whether enough has been seen. */
    @FunctionalInterface
    private interface Enough {
        boolean seen();
    }

    private static void run(LocalVm vm, long nanos, Enough enough) {
        LocalVm.Outcome outcome = LocalVm.Outcome.PAUSED;
        while (outcome == LocalVm.Outcome.PAUSED && vm.nanos() < nanos && !enough.seen()) {
            outcome = vm.runUntil(Math.min(nanos, vm.nanos() + SLICE_NANOS), Long.MAX_VALUE);
        }
    }

    private static Block block(TranslatedBlock block) {
        return new Block(block.lines().stream().map(Line::of).toList());
    }
}
