package dev.simvisor.controller.experiment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.simvisor.config.Action;
import dev.simvisor.config.ArrivalProcess;
import dev.simvisor.config.ArrivalProcess.Source;
import dev.simvisor.config.Distribution;
import dev.simvisor.config.Experiment;
import dev.simvisor.config.Topology;
import dev.simvisor.config.VirtualDuration;
import dev.simvisor.config.VmType;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class ArrivalPlanTest {
    private static final VmType TYPE = Objects.requireNonNull(VmType.load().get("builtin"));
    private static final Distribution POISSON = new Distribution.Exponential(at("100ms"));
    private static final Distribution RANGE = new Distribution.Uniform(at("1s"), at("3s"));

    private static VirtualDuration at(String text) {
        return VirtualDuration.parse(text);
    }

    private static ArrivalProcess process(String name, Distribution interarrival, Distribution lifetime) {
        return process(
                name,
                new Source.Drawn(TYPE, interarrival, Optional.of(lifetime), at("0s"), at("10s"), Optional.empty()));
    }

    private static ArrivalProcess process(String name, Source source) {
        return new ArrivalProcess(name, source, Optional.empty(), VirtualDuration.ZERO);
    }

    private static List<PlannedArrival> plan(long seed, ArrivalProcess... processes) throws ExperimentFailed {
        return ArrivalPlan.of(new Experiment(
                new Topology(seed, List.of()),
                List.of(),
                List.of(new Action.End(at("10s"))),
                List.of(processes),
                Optional.empty()));
    }

    private static List<PlannedArrival> of(String process, List<PlannedArrival> arrivals) {
        return arrivals.stream()
                .filter(arrival -> arrival.process().equals(process))
                .toList();
    }

    @Test
    void anotherProcessChangesNothingOfTheFirst() throws Exception {
        List<PlannedArrival> alone = plan(1, process("a", POISSON, RANGE));
        List<PlannedArrival> both = plan(1, process("b", POISSON, RANGE), process("a", POISSON, RANGE));

        assertThat(of("a", both)).isEqualTo(alone).hasSizeBetween(70, 130);
        assertThat(of("b", both)).extracting(PlannedArrival::atNanos).doesNotContainAnyElementsOf(times(alone));
        assertThat(both).isSortedAccordingTo((x, y) -> Long.compare(x.atNanos(), y.atNanos()));
        assertThat(alone).extracting(PlannedArrival::vm).startsWith("a-1", "a-2", "a-3");
    }

    @Test
    void otherLifetimesLeaveTheTimesAlone() throws Exception {
        List<PlannedArrival> some = plan(1, process("a", POISSON, RANGE));
        List<PlannedArrival> others = plan(1, process("a", POISSON, new Distribution.Fixed(at("2s"))));

        assertThat(times(others)).isEqualTo(times(some));
        assertThat(others).extracting(PlannedArrival::lifetimeNanos).containsOnly(OptionalLong.of(2_000_000_000));
        assertThat(some)
                .allSatisfy(arrival ->
                        assertThat(arrival.lifetimeNanos().orElseThrow()).isBetween(1_000_000_000L, 3_000_000_000L));
    }

    @Test
    void theSeedDecides() throws Exception {
        assertThat(times(plan(1, process("a", POISSON, RANGE))))
                .isEqualTo(times(plan(1, process("a", POISSON, RANGE))))
                .isNotEqualTo(times(plan(2, process("a", POISSON, RANGE))));
    }

    /** These figures must never change: they would change every study. */
    @Test
    void drawsAreTheSameOnEveryJdk() {
        RandomStream stream = new RandomStream(1, "job/interarrival");

        assertThat(LongStream.generate(() -> stream.nextNanos(POISSON)).limit(3))
                .containsExactly(237_275_546L, 53_717_168L, 54_129_947L);
        assertThat(stream.nextNanos(RANGE)).isEqualTo(1_143_564_547L);
    }

    @Test
    void meansAreThoseAskedFor() {
        RandomStream stream = new RandomStream(7, "x");

        assertThat(LongStream.generate(() -> stream.nextNanos(POISSON))
                        .limit(100_000)
                        .average()
                        .orElseThrow())
                .isCloseTo(100e6, within(1e6));
        assertThat(LongStream.generate(() -> stream.nextNanos(RANGE))
                        .limit(100_000)
                        .average()
                        .orElseThrow())
                .isCloseTo(2e9, within(1e7));
    }

    @Test
    void processBeginsAndEndsWhenItIsTold() throws Exception {
        Distribution second = new Distribution.Fixed(at("1s"));
        Source fromThree = new Source.Drawn(TYPE, second, Optional.empty(), at("3s"), at("6s"), Optional.empty());
        Source two = new Source.Drawn(TYPE, second, Optional.empty(), at("0s"), at("10s"), Optional.of(2));

        assertThat(times(plan(1, process("a", fromThree)))).containsExactly(4_000_000_000L, 5_000_000_000L);
        assertThat(times(plan(1, process("a", two)))).containsExactly(1_000_000_000L, 2_000_000_000L);
        assertThat(plan(1, process("a", two)))
                .extracting(PlannedArrival::lifetimeNanos)
                .containsOnly(OptionalLong.empty());
    }

    @Test
    void traceEndsWithTheScenario() throws Exception {
        Source trace = new Source.Trace(List.of(
                new Source.Trace.Entry(at("0s"), TYPE, Optional.of(at("1s"))),
                new Source.Trace.Entry(at("9s"), TYPE, Optional.empty()),
                new Source.Trace.Entry(at("10s"), TYPE, Optional.empty())));

        assertThat(plan(1, process("a", trace)))
                .extracting(arrival -> arrival.vm() + " " + arrival.atNanos() + " " + arrival.lifetimeNanos())
                .containsExactly("a-1 0 OptionalLong[1000000000]", "a-2 9000000000 OptionalLong.empty");
    }

    /** Of a mean of a nanosecond most draws are rounded down to none, which would be a VM for ever. */
    @Test
    void lifetimeThatComesToNothingIsStillOne() throws Exception {
        ArrivalProcess brief = process("brief", POISSON, new Distribution.Exponential(new VirtualDuration(1)));
        Source trace =
                new Source.Trace(List.of(new Source.Trace.Entry(at("0s"), TYPE, Optional.of(VirtualDuration.ZERO))));

        assertThat(plan(1, brief, process("trace", trace)))
                .hasSizeGreaterThan(10)
                .allSatisfy(arrival ->
                        assertThat(arrival.lifetimeNanos().orElseThrow()).isPositive());
    }

    @Test
    void arrivalsWithoutEndAreRefused() {
        ArrivalProcess flood = process("flood", new Distribution.Fixed(at("1us")), RANGE);

        assertThatThrownBy(() -> plan(1, flood))
                .isInstanceOf(ExperimentFailed.class)
                .hasMessage("arrivals flood: more than 100000 VMs come until 10s: expected longer times between them, a"
                        + " count or an earlier end");
    }

    private static List<Long> times(List<PlannedArrival> arrivals) {
        return arrivals.stream().map(PlannedArrival::atNanos).toList();
    }
}
