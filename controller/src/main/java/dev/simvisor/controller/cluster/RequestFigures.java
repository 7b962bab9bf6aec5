package dev.simvisor.controller.cluster;

import dev.simvisor.config.Frequency;
import dev.simvisor.config.HostType;
import dev.simvisor.config.MigrationSettings;
import dev.simvisor.config.Power;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VmType;
import dev.simvisor.controller.cluster.Refusal.Kind;
import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.api.MigrationAlgorithm;
import dev.simvisor.proto.api.MigrationCompression;
import dev.simvisor.proto.api.MigrationParameters;
import dev.simvisor.proto.api.OnReboot;
import dev.simvisor.proto.api.PowerModelSpec;
import dev.simvisor.proto.api.VmSpec;

/**
 * Holds the figures of requests to what hosts can work with. Clients other than ours may send anything, and what is unsigned on
 * the wire is below zero in Java from the middle of its range on.
 */
final class RequestFigures {
    private RequestFigures() {}

    static void check(HostSpec spec) throws Refusal {
        long clock = spec.getClockHz();
        if (clock != 0 && (clock < Frequency.LEAST || clock > Frequency.MOST)) {
            throw refusal(
                    "host " + spec.getName() + ": ",
                    "a clock of " + Long.toUnsignedString(clock) + " Hz",
                    "0 for the default, or from " + Frequency.LEAST + " to " + Frequency.MOST);
        }
        long memory = spec.getMemoryBytes();
        if (memory < 0 || memory > HostType.MOST_MEMORY.bytes()) {
            throw refusal(
                    "host " + spec.getName() + ": ",
                    Long.toUnsignedString(memory) + " bytes of memory",
                    "at most " + HostType.MOST_MEMORY);
        }
        long sharing = spec.getPageSharingNanos();
        if (sharing != 0 && sharing < VirtualDuration.SHORTEST_INTERVAL.nanos()) {
            throw refusal(
                    "host " + spec.getName() + ": ",
                    "page sharing every " + sharing + " ns",
                    "0 for none, or at least " + VirtualDuration.SHORTEST_INTERVAL.nanos());
        }
        PowerModelSpec power = spec.getPower();
        if (spec.hasPower()
                && (power.getMilliwattsCount() < 2
                        || power.getMilliwattsList().stream()
                                .anyMatch(milliwatts -> milliwatts < 0 || milliwatts > Power.MOST_MILLIWATTS))) {
            throw refusal(
                    "host " + spec.getName() + ": ",
                    "power of " + power.getMilliwattsCount() + " figures",
                    "two or more, none above " + Power.MOST_MILLIWATTS + " mW");
        }
    }

    static void check(VmSpec spec) throws Refusal {
        String vm = "VM " + spec.getName() + ": ";
        if (spec.getWeight() < 0 || spec.getWeight() > VmType.MOST_WEIGHT) {
            throw refusal(
                    vm, "weight " + unsigned(spec.getWeight()), "0 for the default, or up to " + VmType.MOST_WEIGHT);
        }
        if (spec.getCapPercent() < 0 || spec.getCapPercent() > VmType.MOST_CAP_PERCENT) {
            throw refusal(
                    vm,
                    "cap of " + unsigned(spec.getCapPercent()) + " percent",
                    "0 for none, or up to " + VmType.MOST_CAP_PERCENT);
        }
        if (spec.getCpus() < 0) {
            throw refusal(vm, unsigned(spec.getCpus()) + " vCPUs", "fewer");
        }
        if (spec.getOnReboot() == OnReboot.UNRECOGNIZED) {
            throw refusal(vm, "on_reboot " + spec.getOnRebootValue(), "one that this version knows");
        }
    }

    static void check(MigrationParameters parameters) throws Refusal {
        if (parameters.getAlgorithm() == MigrationAlgorithm.UNRECOGNIZED) {
            throw refusal("", "migration algorithm " + parameters.getAlgorithmValue(), "one that this version knows");
        }
        long bandwidth = parameters.getBandwidthBytesPerSecond();
        if (bandwidth < 0) {
            throw refusal("", "a bandwidth of " + Long.toUnsignedString(bandwidth) + " bytes per second", "less");
        }
        if (parameters.getDowntimeLimitNanos() < 0) {
            throw refusal("", "a downtime limit of " + parameters.getDowntimeLimitNanos() + " ns", "0 or more");
        }
        long cache = parameters.getDeltaCacheBytes();
        if (cache < 0) {
            throw refusal("", "a delta cache of " + Long.toUnsignedString(cache) + " bytes", "less");
        }
        if (parameters.getMaxRounds() < 0) {
            throw refusal("", unsigned(parameters.getMaxRounds()) + " rounds at most", "fewer");
        }
        checkCoding(parameters);
    }

    private static void checkCoding(MigrationParameters parameters) throws Refusal {
        MigrationCompression compression = parameters.getCompression();
        int channels = parameters.getChannels();
        if (compression == MigrationCompression.UNRECOGNIZED) {
            throw refusal("", "compression " + parameters.getCompressionValue(), "one that this version knows");
        }
        if (channels < 0 || channels > MigrationSettings.MOST_CHANNELS) {
            throw refusal("", unsigned(channels) + " channels", "from 1 to " + MigrationSettings.MOST_CHANNELS);
        }
        boolean coded = compression != MigrationCompression.MIGRATION_COMPRESSION_NONE || channels > 1;
        if (coded && parameters.getAlgorithm() == MigrationAlgorithm.POST_COPY) {
            throw refusal("", "post-copy, which sends pages as they are", "no compression and one channel");
        }
    }

    private static String unsigned(int figure) {
        return Integer.toUnsignedString(figure);
    }

    private static Refusal refusal(String subject, String figure, String expected) {
        return new Refusal(Kind.INVALID, subject + figure + ": expected " + expected);
    }
}
