package dev.simvisor.controller.gdb;

import static org.assertj.core.api.Assertions.assertThat;

import dev.simvisor.controller.boot.BootEnd;
import dev.simvisor.controller.boot.BootRun;
import dev.simvisor.controller.boot.BuiltInGuest;
import dev.simvisor.controller.boot.Debugger;
import dev.simvisor.controller.boot.SerialLine;
import dev.simvisor.controller.boot.StreamLine;
import dev.simvisor.controller.boot.VmRequest;
import dev.simvisor.controller.embedded.LocalVm;
import java.io.IOException;
import java.io.OutputStream;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a debugger can do with the built-in guest, which begins with CLI, CLD, MOV ESP at 10000Ch. */
class GdbDebuggerTest {
    private static final String ENTRY = "10000c";
    private static final String SECOND = "10000d";
    private static final String THIRD = "10000e";
    /** Of EIP. */
    private static final String POINTER = "p8";

    private static final long INSTRUCTIONS = 200_000;

    private LocalVm vm;
    private GdbServer server;
    private RemoteClient client;
    private CompletableFuture<BootEnd> end;

    @BeforeEach
    void boot() throws Exception {
        start("bare", INSTRUCTIONS);
    }

    private void start(String mode, long most) throws Exception {
        start(BuiltInGuest.inMode(mode), most);
    }

    private void start(VmRequest request, long most) throws Exception {
        vm = LocalVm.booted(request);
        server = GdbServer.listening(0);
        GdbDebugger debugger = new GdbDebugger(vm, vm.debugTarget(request), server);
        end = CompletableFuture.supplyAsync(() -> run(vm, debugger, most));
        client = new RemoteClient(server.port());
    }

    private static BootEnd run(LocalVm vm, Debugger debugger, long most) {
        BootRun.Limits limits = new BootRun.Limits(most, Long.MAX_VALUE);
        try (SerialLine line = StreamLine.to(OutputStream.nullOutputStream())) {
            return new BootRun(vm, line, limits, false, debugger).run();
        } catch (IOException | InterruptedException failed) {
            throw new AssertionError(failed);
        }
    }

    @AfterEach
    void stop() throws Exception {
        client.close();
        end.get(1, TimeUnit.MINUTES);
        server.close();
        vm.close();
    }

    private static String undebugged(String mode) throws Exception {
        try (LocalVm free = LocalVm.booted(BuiltInGuest.inMode(mode))) {
            run(free, Debugger.NONE, INSTRUCTIONS);
            return "stateHash " + free.stateHash();
        }
    }

    /** A register's bytes, the lowest first. */
    private static String bytes(String address) {
        return "%08x".formatted(Integer.reverseBytes(Integer.parseInt(address, 16)));
    }

    private void step(int instructions) throws IOException {
        for (int n = 0; n < instructions; n++) client.ask("s");
    }

    /** In place of the guest: INC EAX, MOV [10a000h], EAX and a jump to the start. */
    private void loadCounter() throws IOException {
        client.ask("M" + ENTRY + ",8:40a300a01000ebf8");
    }

    @Test
    void theGuestWaitsBeforeItsFirstInstruction() throws Exception {
        assertThat(client.ask("?")).isEqualTo("T05thread:1;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(ENTRY));
        assertThat(client.monitor("info")).startsWith("0 instructions, 0 ns");
    }

    @Test
    void aStepIsOneInstruction() throws Exception {
        assertThat(client.ask("vCont;s:1;c")).isEqualTo("T05thread:1;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(SECOND));
        assertThat(client.ask("s")).isEqualTo("T05thread:1;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(THIRD));
        assertThat(client.monitor("info")).startsWith("2 instructions, 2 ns");
    }

    /** In place of the guest: an INIT and a start-up message for 8000H to the second processor, and both run in circles. */
    @Test
    void processorsAreThreads() throws Exception {
        stop();
        start(BuiltInGuest.inMode("bare", 2), INSTRUCTIONS);
        assertThat(client.ask("qfThreadInfo")).isEqualTo("m1,2");
        assertThat(client.askForText("qThreadExtraInfo,2")).isEqualTo("processor 1: idle");
        client.ask("M" + ENTRY + ",27:bf0000e0fe"
                + "c7871003000000000001c7870003000000450000c7870003000008460000f390ebfc");
        client.ask("M8000,4:f390ebfc");
        client.ask("Z0,8000,1");

        assertThat(client.ask("c")).isEqualTo("T05thread:2;swbreak:;");
        assertThat(client.ask("qC")).isEqualTo("QC2");
        assertThat(client.ask(POINTER)).isEqualTo(bytes("0"));
        assertThat(client.askForText("qThreadExtraInfo,2")).isEqualTo("processor 1: running");
        assertThat(client.ask("Hg1")).isEqualTo("OK");
        assertThat(client.ask(POINTER)).isEqualTo(bytes("10002f"));
        assertThat(client.ask("Hg3")).isEqualTo("E16");
        assertThat(client.ask("vCont;s:1;c")).isEqualTo("T05thread:1;");
        assertThat(client.ask("Hc2")).isEqualTo("OK");
        assertThat(client.ask("s")).isEqualTo("T05thread:2;");
        assertThat(client.ask("z0,8000,1")).isEqualTo("OK");
        assertThat(client.ask("c")).isEqualTo("W01");
    }

    @ParameterizedTest
    @CsvSource({"0,swbreak", "1,hwbreak"})
    void theGuestStopsAtABreakpoint(int type, String cause) throws Exception {
        assertThat(client.ask("Z" + type + "," + THIRD + ",1")).isEqualTo("OK");
        assertThat(client.ask("c")).isEqualTo("T05thread:1;" + cause + ":;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(THIRD));
        assertThat(client.ask("z" + type + "," + THIRD + ",1")).isEqualTo("OK");
        assertThat(client.ask("c")).isEqualTo("W01");
    }

    /** MOV DWORD PTR [10a000h], 1 in place of the first instructions. */
    @Test
    void theGuestStopsAfterAStoreToWhatIsWatched() throws Exception {
        assertThat(client.ask("M" + ENTRY + ",a:c70500a0100001000000")).isEqualTo("OK");
        assertThat(client.ask("Z2,10a002,1")).isEqualTo("OK");
        assertThat(client.ask("c")).isEqualTo("T05thread:1;watch:10a002;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes("100016"));
        assertThat(client.ask("m10a000,4")).isEqualTo("01000000");
    }

    @Test
    void aRunningGuestIsInterrupted() throws Exception {
        client.tell("k");
        stop();
        start("bare", Long.MAX_VALUE);
        // A jump to itself.
        assertThat(client.ask("X" + ENTRY + ",2:" + (char) 0xEB + (char) 0xFE)).isEqualTo("OK");
        client.tell("c");
        client.raw("\3");
        assertThat(client.awaitPacket()).isEqualTo("T02thread:1;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(ENTRY));
        client.tell("k");
    }

    @Test
    void registersAreReadAndSet() throws Exception {
        assertThat(client.ask("P0=78563412")).isEqualTo("OK");
        assertThat(client.ask("p0")).isEqualTo("78563412");
        String all = client.ask("g");
        assertThat(all).startsWith("78563412");
        assertThat(client.ask("G" + "01000000" + all.substring(8))).isEqualTo("OK");
        assertThat(client.ask("g")).isEqualTo("01000000" + all.substring(8));
    }

    /** Number 10 is CS. */
    @Test
    void aSegmentRegisterIsNotSet() throws Exception {
        assertThat(client.ask("Pa=08000000")).isEqualTo("E16");
        assertThat(client.ask("pa")).isEqualTo("10000000");
    }

    @Test
    void memoryIsReadAsFarAsThereIsSome() throws Exception {
        assertThat(client.ask("m" + ENTRY + ",3")).isEqualTo("fafcbc");
        assertThat(client.ask("m3fffffe,10")).isEqualTo("0000");
        assertThat(client.ask("m4000000,10")).isEqualTo("E0e");
        assertThat(client.ask("M3ffffff,2:0102")).isEqualTo("E0e");
        assertThat(client.ask("m3ffffff,1")).isEqualTo("00");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "m",
                "mzz,1",
                "m1",
                "p",
                "pffff",
                "P0=1",
                "P0",
                "G00",
                "M0,1:",
                "X0,1",
                "qRcmd,zz",
                "Z0",
                "z2,zz,1",
                "T7"
            })
    void whatIsMalformedIsRefused(String packet) throws Exception {
        assertThat(client.ask(packet)).isEqualTo("E16");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "!", "vMustReplyEmpty", "vFile:open:", "qTStatus", "QPassSignals:1", "Z9,1,1", "Z", "bx"})
    void whatIsUnknownHasAnEmptyAnswer(String packet) throws Exception {
        assertThat(client.ask(packet)).isEmpty();
    }

    @Test
    void aPacketWithAWrongChecksumIsAskedForAgain() throws Exception {
        client.raw("$?#00");
        assertThat((char) client.next()).isEqualTo('-');
        assertThat(client.ask("?")).isEqualTo("T05thread:1;");
        client.raw("-");
        assertThat(client.awaitPacket()).isEqualTo("T05thread:1;");
    }

    @Test
    void nothingIsAcknowledgedAfterThatIsAgreed() throws Exception {
        assertThat(client.ask("QStartNoAckMode")).isEqualTo("OK");
        client.raw(RemoteClient.framed("?"));
        assertThat(client.awaitPacket()).isEqualTo("T05thread:1;");
    }

    @Test
    void theDescriptionComesInParts() throws Exception {
        String whole = client.ask("qXfer:features:read:target.xml:0,2000");
        assertThat(whole).startsWith("l<?xml").contains("<architecture>i386</architecture>", "name=\"eip\"");
        String first = client.ask("qXfer:features:read:target.xml:0,100");
        String rest = client.ask("qXfer:features:read:target.xml:100,2000");
        assertThat(first.charAt(0)).isEqualTo('m');
        assertThat(first.substring(1) + rest.substring(1)).isEqualTo(whole.substring(1));
    }

    @Test
    void aKilledGuestEnds() throws Exception {
        client.tell("k");
        assertThat(end.get(1, TimeUnit.MINUTES)).isEqualTo(new BootEnd.Quit());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "translate", "hardware"})
    void aGuestThatWasHeldEndsWhereOthersDo(String mode) throws Exception {
        stop();
        start(mode, INSTRUCTIONS);
        assertThat(client.ask("Z0," + THIRD + ",1")).isEqualTo("OK");
        assertThat(client.ask("c")).startsWith("T05");
        // Wherever it is after so many steps, it may come by again.
        for (int n = 0; n < 100; n++) assertThat(client.ask("s")).startsWith("T05");
        String here = client.ask(POINTER);
        client.ask("Z1,%x,1".formatted(Integer.reverseBytes(Integer.parseUnsignedInt(here, 16))));
        client.ask("Z4,108000,8");
        String reply = client.ask("c");
        for (int n = 0; n < 500 && reply.startsWith("T05"); n++) reply = client.ask("c");
        if (reply.startsWith("T05")) assertThat(client.ask("D")).isEqualTo("OK");
        assertThat(end.get(1, TimeUnit.MINUTES)).isEqualTo(new BootEnd.InstructionLimit(INSTRUCTIONS));
        assertThat("stateHash " + vm.stateHash()).isEqualTo(undebugged(mode));
    }

    @Test
    void theGuestGoesOnWhenTheDebuggerHasGone() throws Exception {
        client.ask("Z0," + THIRD + ",1");
        client.close();
        assertThat(end.get(1, TimeUnit.MINUTES)).isEqualTo(new BootEnd.InstructionLimit(INSTRUCTIONS));
    }

    @Test
    void whatIsNoPacketOfTheProtocolEndsTheConnectionAlone() throws Exception {
        client.raw("$" + "x".repeat(PacketConnection.LARGEST_PACKET + 2));
        assertThat(end.get(1, TimeUnit.MINUTES)).isEqualTo(new BootEnd.InstructionLimit(INSTRUCTIONS));
    }

    @Test
    void aGuestThatBrokeDownIsLookedAtOnceMore() throws Exception {
        // UD2 without an IDT: a triple fault.
        assertThat(client.ask("M" + ENTRY + ",2:0f0b")).isEqualTo("OK");
        assertThat(client.ask("c")).startsWith("O");
        assertThat(client.awaitPacket()).isEqualTo("T0bthread:1;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(ENTRY));
        assertThat(client.ask("c")).isEqualTo("W01");
        assertThat(end.get(1, TimeUnit.MINUTES)).isEqualTo(new BootEnd.TripleFault());
    }

    @ParameterizedTest
    @ValueSource(strings = {"bare", "translate", "hardware"})
    void stepsAreTakenBack(String mode) throws Exception {
        stop();
        start(mode, INSTRUCTIONS);
        step(50);
        String hash = client.monitor("hash");
        step(3);
        for (int n = 0; n < 3; n++) assertThat(client.ask("bs")).isEqualTo("T05thread:1;");
        assertThat(client.monitor("info")).startsWith("50 instructions");
        assertThat(client.monitor("hash")).isEqualTo(hash);
        assertThat(client.ask("c")).isEqualTo("W01");
        end.get(1, TimeUnit.MINUTES);
        assertThat("stateHash " + vm.stateHash()).isEqualTo(undebugged(mode));
    }

    @Test
    void theWayBackEndsWhereTheGuestBegan() throws Exception {
        assertThat(client.ask("bs")).isEqualTo("T05thread:1;replaylog:begin;");
        step(5);
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;replaylog:begin;");
        assertThat(client.monitor("info")).startsWith("0 instructions");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(ENTRY));
    }

    @Test
    void theGuestGoesBackToABreakpoint() throws Exception {
        step(1000);
        client.ask("Z0," + SECOND + ",1");
        client.ask("Z1," + THIRD + ",1");
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;hwbreak:;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(THIRD));
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;swbreak:;");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(SECOND));
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;replaylog:begin;");
        assertThat(client.ask("c")).isEqualTo("T05thread:1;swbreak:;");
    }

    @Test
    void theGuestGoesBackToBeforeTheLastStoreToWhatIsWatched() throws Exception {
        loadCounter();
        step(30);
        assertThat(client.monitor("info")).startsWith("30 instructions");
        client.ask("Z2,10a000,4");
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;watch:10a000;");
        assertThat(client.monitor("info")).startsWith("28 instructions");
        assertThat(client.ask(POINTER)).isEqualTo(bytes(SECOND));
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;watch:10a000;");
        assertThat(client.monitor("info")).startsWith("25 instructions");
    }

    @Test
    void aBreakpointBehindAWatchedStoreIsNotPassedOnTheWayBack() throws Exception {
        loadCounter();
        step(30);
        client.ask("Z2,10a000,4");
        client.ask("Z0,100012,1");
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;swbreak:;");
        assertThat(client.monitor("info")).startsWith("29 instructions");
        assertThat(client.ask("bc")).isEqualTo("T05thread:1;watch:10a000;");
        assertThat(client.monitor("info")).startsWith("28 instructions");
    }

    @Test
    void aWatchThatIsSetTwiceIsTakenBackAtOnce() throws Exception {
        loadCounter();
        client.ask("Z2,10a000,4");
        client.ask("Z2,10a000,4");
        assertThat(client.ask("c")).isEqualTo("T05thread:1;watch:10a000;");
        client.ask("z2,10a000,4");
        assertThat(client.ask("c")).isEqualTo("W01");
    }

    @Test
    void whatADebuggerChangesIsNotTakenBack() throws Exception {
        step(5);
        client.ask("P0=78563412");
        assertThat(client.ask("bs")).isEqualTo("T05thread:1;replaylog:begin;");
        client.ask("s");
        assertThat(client.ask("bs")).isEqualTo("T05thread:1;");
        assertThat(client.ask("p0")).isEqualTo("78563412");
    }

    @Test
    void aGuestThatBrokeDownIsTakenBack() throws Exception {
        // NOP, UD2.
        client.ask("M" + ENTRY + ",3:900f0b");
        for (int n = 0; n < 3; n++) {
            assertThat(client.ask("c")).startsWith("O");
            assertThat(client.awaitPacket()).isEqualTo("T0bthread:1;");
            assertThat(client.ask("bs")).isEqualTo("T05thread:1;");
            assertThat(client.ask("bs")).isEqualTo("T05thread:1;");
            assertThat(client.ask(POINTER)).isEqualTo(bytes(ENTRY));
        }
    }
}
