package dev.simvisor.controller.benchmark;

import dev.simvisor.config.VirtualizationMode;
import dev.simvisor.controller.benchmark.Work.Boot;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What many VMs in one JVM take and get done, each figure from JVMs of their own.
 *
 * @param jvm what they are like
 * @param folder for files
 */
record ManyVms(OwnJvm jvm, Path folder) {
    private static final int TEN = 10;
    private static final String LINUX = "debian-12-amd64";

    /** Loads of many kinds, for each VM. */
    private static final String LOADS = "run=sieve:50,crc:100,sort:10,hash:50,fib:50,interpret:300,text:100,doubles:20,"
            + "dispatch:300,copy:100,syscalls:200,interrupts:50,switches:10,faults:100,forks:200";

    /** Prints what a list chooses, as {@link WorkCatalogue#selects} understands it. */
    void measure(String list, Path sources) throws BenchmarkException, IOException, InterruptedException {
        if (WorkCatalogue.selects(list, WorkCatalogue.MEMORY)) {
            System.out.print(jvm.run(VmMemory.class, VmMemory.OPTIONS, List.of()));
        }
        if (WorkCatalogue.selects(list, WorkCatalogue.TEN_VMS)) {
            BenchmarkGuest loads = LoadGuests.build(sources, folder).guest(64, LOADS);
            compareTenWithOne("loads of many kinds", loads, LoadGuests.DONE);
        }
        if (WorkCatalogue.selects(list, WorkCatalogue.TEN_LINUX_VMS)) {
            compareTenWithOne(
                    LINUX + " to its shell", BenchmarkGuest.linux(LINUX, VirtualizationMode.BARE, folder), Boot.PROMPT);
        }
    }

    private void compareTenWithOne(String what, BenchmarkGuest guest, String text)
            throws BenchmarkException, IOException, InterruptedException {
        double one = instructionsPerSecond(1, guest, text);
        double ten = instructionsPerSecond(TEN, guest, text);
        System.out.printf(
                Locale.ROOT,
                "%s, %d cores: one VM %.1f Minstr/s, %d in one JVM together %.1f Minstr/s, %.2f times as many%n",
                what,
                Runtime.getRuntime().availableProcessors(),
                one / 1e6,
                TEN,
                ten / 1e6,
                ten / one);
    }

    private double instructionsPerSecond(int vms, BenchmarkGuest guest, String text)
            throws BenchmarkException, IOException, InterruptedException {
        List<String> arguments = new ArrayList<>();
        arguments.addAll(List.of(Integer.toString(vms), guest.kernel().toString(), guest.commandLine()));
        arguments.addAll(List.of(Integer.toString(guest.memoryMib()), text));
        guest.initrd().ifPresent(initrd -> arguments.add(initrd.toString()));
        String rate = jvm.run(VmThroughput.class, List.of(), arguments);
        return Double.parseDouble(rate.strip());
    }
}
