package dev.simvisor.controller.boot;

import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValueFactory;
import dev.simvisor.controller.embedded.LocalVm;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.SortedMap;

/**
 * What a run amounted to.
 *
 * @param end how it ended, in a word
 * @param instructions executed by the guest
 * @param resets how often the guest has reset the machine, and started again
 * @param virtualCycles what instructions, events and exits took, and those in which the guest idled
 * @param wall what took how long
 * @param exits to the VMM, by kind; mode bare has none
 * @param exitDetails by kind, what exits were about
 * @param exitCycles what exits took
 * @param slipped critical instructions that went wrong unnoticed, by mnemonic; mode trap alone has any
 * @param translator what the translator did; nothing with another engine
 */
public record BootStatistics(
        String end,
        int status,
        long instructions,
        long resets,
        long virtualCycles,
        long virtualNanos,
        WallPhases wall,
        SortedMap<String, Long> exits,
        SortedMap<String, SortedMap<String, Long>> exitDetails,
        long exitCycles,
        SortedMap<String, Long> slipped,
        SortedMap<String, Long> translator) {
    private static final double NANOS_PER_SECOND = 1e9;

    /** The statistics of a VM that has come to its end. */
    public static BootStatistics of(LocalVm vm, BootEnd end, WallPhases wall) {
        return new BootStatistics(
                end.word(),
                vm.slipped().status(end),
                vm.instructions(),
                vm.resets(),
                vm.cycles(),
                vm.nanos(),
                wall,
                vm.exits(),
                vm.exitDetails(),
                vm.exitCycles(),
                vm.slipped().counts(),
                vm.translatorFigures());
    }

    /** One JSON object. */
    public String toJson() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("end", end);
        fields.put("status", status);
        fields.put("instructions", instructions);
        fields.put("resets", resets);
        fields.put("virtualCycles", virtualCycles);
        fields.put("virtualNanos", virtualNanos);
        long wallNanos = wall.run().toNanos();
        fields.put("wallNanos", wallNanos);
        fields.put("instructionsPerWallSecond", Math.round(instructions * NANOS_PER_SECOND / Math.max(1, wallNanos)));
        fields.put("wallSeconds", wall.seconds());
        fields.put("exits", exits);
        fields.put("exitDetails", exitDetails);
        fields.put("exitCycles", exitCycles);
        fields.put("slipped", slipped);
        if (!translator.isEmpty()) fields.put("translator", translator);
        return ConfigValueFactory.fromMap(fields)
                .render(ConfigRenderOptions.concise().setFormatted(true));
    }
}
