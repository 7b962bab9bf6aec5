package dev.simvisor.controller.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class WorkCatalogueTest {
    @Test
    void everythingIsEachLoadInBothWidthsAndTheBoots() throws BenchmarkException {
        List<String> all = names(WorkCatalogue.EVERYTHING);

        assertThat(all).doesNotHaveDuplicates().contains("sieve/32", "sieve/64", "forks/32", "forks/64");
        assertThat(all).endsWith("debian-12-amd64", "debian-12-i386", "debian-13-amd64");
    }

    @Test
    void aLoadMeansBothWidthsAndALineMeansItself() throws BenchmarkException {
        assertThat(names("fib/64, sieve")).containsExactly("sieve/32", "sieve/64", "fib/64");
    }

    @Test
    void aGroupMeansAllOfIt() throws BenchmarkException {
        assertThat(WorkCatalogue.select("boot,kernel-heavy"))
                .extracting(Work::group)
                .containsOnly(Work.Group.KERNEL, Work.Group.BOOT);
    }

    @Test
    void loadsOfTheBuiltInGuestHaveItsNameBeforeTheirs() throws BenchmarkException {
        assertThat(names("built-in")).contains("builtin/syscalls", "builtin/forkwait");
        assertThat(names("sieve")).doesNotContain("builtin/sieve");
    }

    @Test
    void otherMeasurementsAreNotTimed() throws BenchmarkException {
        assertThat(WorkCatalogue.select("memory")).isEmpty();
        assertThat(WorkCatalogue.selects("memory", WorkCatalogue.MEMORY)).isTrue();
        assertThat(WorkCatalogue.selects("memory", WorkCatalogue.TEN_VMS)).isFalse();
        assertThat(WorkCatalogue.selects("all", WorkCatalogue.TEN_VMS)).isTrue();
    }

    @Test
    void anUnknownNameIsRefusedInOneLine() {
        assertThatThrownBy(() -> WorkCatalogue.select("sieve,seive"))
                .hasMessageStartingWith("nothing to time is called 'seive': expected all, or of boot, ")
                .hasMessageNotContaining("\n");
    }

    private static List<String> names(String list) throws BenchmarkException {
        return WorkCatalogue.select(list).stream().map(Work::name).toList();
    }
}
