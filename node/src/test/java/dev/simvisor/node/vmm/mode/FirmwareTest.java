package dev.simvisor.node.vmm.mode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.CpuModel;
import dev.simvisor.node.cpu.Engine;
import dev.simvisor.node.cpu.interpreter.Interpreter;
import dev.simvisor.node.cpu.translator.TranslatingEngine;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.MachineConfiguration;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.Image;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.memory.GuestMemory;
import dev.simvisor.node.machine.memory.MachineMemory;
import dev.simvisor.node.vmm.exit.HostCosts;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Firmware from the processor's reset on: a ROM that tells by port E9h, COM1 and the debug exit what it found. */
class FirmwareTest {
    private static final int MEMORY = 2 << 20;
    private static final long FOREVER = 1_000_000_000;
    private static final int ROM = 64 << 10;
    private static final int RESET_VECTOR = ROM - 16;
    private static final int DATA = 0xFE;
    private static final int FOUND_ALL_RIGHT = 0x21 << 1 | 1;

    /** jmp F000:0000, to the copy below 1 MiB. */
    private static final String RESET = "ea000000f0";

    /** From 0 in the ROM's last 64 KiB. */
    private static final String[] PROGRAM = {
        "b052 e6e9", // mov al,'R'; out E9h,al
        "baf803 b053 ee", // mov dx,3F8h; mov al,'S'; out dx,al
        "2ec606fe0055 2e803efe00c3 7518", // in the low copy: mov byte cs:[DATA],55h; cmp byte cs:[DATA],C3h; jne 30h
        "2e660f0116f800 66b801000000 0f22c0 66ea3400ffff0800", // lgdt; mov cr0,1; jmp 8:FFFF0034h
        "b001 e6f4", // 30h: mov al,1; out F4h,al
        "b810000000 8ed8 8ec0 8ed0", // 34h, 32 bits: ds = es = ss = 10h
        "c605fe00ffff55 803dfe00ffffc3 0f8582000000", // the same in the high one: mov; cmp; jne D5h
        "803dfe000f00c3 7579", // cmp byte [F00FEh],C3h; jne D5h
        "b858000080 66baf80c ef 66bafd0c b030 ee", // PAM0 of the host bridge = 30h: read and write memory
        "be0000ffff bf00000f00 b900400000 fc f3a5", // the copy that all firmware makes of itself
        "66c705fe000f0040c3", // code where there was none: inc eax; ret
        "31c0 bc00100000 bbfe000f00 ffd3", // xor eax,eax; mov esp,1000h; mov ebx,F00FEh; call ebx
        "c605fe000f0048 ffd3 85c0 7532", // and other code: dec eax; call ebx; test eax,eax; jne D5h
        "803dfe00ffffc3 7529", // the ROM has not changed
        "b010 ee c605fe000f0099 803dfe000f0048 7516", // PAM0 = 10h: a write has no effect any more
        "31c0 be0000ffff 0306 83c604 75f9", // xor eax,eax; mov esi,FFFF0000h; again: add eax,[esi]; add esi,4; jnz
        // again
        "b04b e6e9 b021 e6f4", // mov al,'K'; out E9h,al; mov al,21h; out F4h,al
        "b001 e6f4", // D5h: mov al,1; out F4h,al
        "00000000000000", // to E0h
        "0000000000000000 ffff0000009bcf00 ffff00000093cf00", // the GDT: null, flat code, flat data
        "1700e000ffff", // F8h: its limit and address
        "c3", // FEh: DATA
    };

    private final MachineMemory host = MachineMemory.ofBytes(256L << 20);

    @AfterEach
    void closeHost() {
        host.close();
    }

    static Stream<BoardMode> modes() {
        return BoardMode.available().stream();
    }

    private static byte[] rom() {
        byte[] program = HexFormat.of().parseHex(String.join("", PROGRAM).replace(" ", ""));
        byte[] rom = Arrays.copyOf(program, ROM);
        byte[] reset = HexFormat.of().parseHex(RESET);
        System.arraycopy(reset, 0, rom, RESET_VECTOR, reset.length);
        return rom;
    }

    private Machine machine(BoardMode mode, Function<Cpu, Engine> engine, int firmwareBytes) {
        MachineConfiguration configuration = MachineConfiguration.of(MEMORY, CpuModel.BASELINE)
                .withDebugExit()
                .withFirmware(firmwareBytes);
        return new Machine(configuration, host, mode.engine(engine, HostCosts.NONE, mode.ledger(HostCosts.NONE)));
    }

    private Machine booted(BoardMode mode, Function<Cpu, Engine> engine, byte[] rom) throws InvalidImageException {
        Machine machine = machine(mode, engine, rom.length);
        machine.boot(new BootSource.Firmware(new Image("rom", rom)));
        return machine;
    }

    @ParameterizedTest
    @MethodSource("modes")
    void theProcessorStartsInTheRomAndFindsThatItCannotBeWrittenUnlessTheBridgeLetsIt(BoardMode mode) throws Exception {
        Machine machine = booted(mode, TranslatingEngine::new, rom());
        StringBuilder debug = new StringBuilder();
        StringBuilder serial = new StringBuilder();
        machine.debugConsoleTo(value -> debug.append((char) value));
        machine.consoleTo(value -> serial.append((char) value));

        assertThat(machine.runUntil(FOREVER)).isEqualTo(new RunOutcome.DebugExit(FOUND_ALL_RIGHT));

        assertThat(debug).hasToString("RK");
        assertThat(serial).hasToString("S");
    }

    @ParameterizedTest
    @MethodSource("modes")
    void everyModeAndEngineLeavesTheSameState(BoardMode mode) throws Exception {
        Machine reference = booted(BareMode.INSTANCE, Interpreter::new, rom());
        reference.runUntil(FOREVER);
        Machine interpreted = booted(mode, Interpreter::new, rom());
        interpreted.runUntil(FOREVER);
        Machine translated = booted(mode, TranslatingEngine::new, rom());
        translated.runUntil(FOREVER);

        assertThat(interpreted.stateHash()).isEqualTo(reference.stateHash());
        assertThat(translated.stateHash()).isEqualTo(reference.stateHash());
    }

    /** Before and after each of the two writes to the bridge, and in the midst of the copy. */
    @ParameterizedTest
    @ValueSource(longs = {1, 5, 12, 24, 25, 10_000, 16_430, 16_450, 16_455, 30_000})
    void aMachineThatMovedGoesOnAsIfItHadNot(long instructions) throws Exception {
        Machine stayed = booted(BareMode.INSTANCE, TranslatingEngine::new, rom());
        stayed.runUntil(FOREVER);
        Machine source = booted(BareMode.INSTANCE, TranslatingEngine::new, rom());
        source.runUntil(FOREVER, instructions);
        Machine target = machine(HardwareMode.INSTANCE, TranslatingEngine::new, ROM);
        copyPages(source, target);
        target.restore(source.save());
        assertThat(target.stateHash()).isEqualTo(source.stateHash());

        assertThat(target.runUntil(FOREVER)).isEqualTo(new RunOutcome.DebugExit(FOUND_ALL_RIGHT));

        assertThat(target.stateHash()).isEqualTo(stayed.stateHash());
    }

    @Test
    void firmwareFindsItsConfigurationAndADebugConsole() throws Exception {
        byte[] rom = new byte[ROM];
        // mov dx,510h; xor ax,ax; out dx,ax; inc dx; mov cx,4; mov bx,402h; again: in al,dx; xchg dx,bx; out dx,al;
        // xchg dx,bx; loop again; mov al,21h; out F4h,al
        byte[] code = HexFormat.of().parseHex("ba100531c0ef42b90400bb0204ec87d3ee87d3e2f8b021e6f4");
        System.arraycopy(code, 0, rom, 0, code.length);
        byte[] reset = HexFormat.of().parseHex(RESET);
        System.arraycopy(reset, 0, rom, RESET_VECTOR, reset.length);
        Machine machine = booted(BareMode.INSTANCE, TranslatingEngine::new, rom);
        StringBuilder debug = new StringBuilder();
        machine.debugConsoleTo(value -> debug.append((char) value));

        assertThat(machine.runUntil(FOREVER)).isEqualTo(new RunOutcome.DebugExit(FOUND_ALL_RIGHT));

        assertThat(debug).hasToString("QEMU");
    }

    @Test
    void theImageIsPartOfTheHash() throws Exception {
        byte[] other = rom();
        other[ROM / 2] = 1;
        assertThat(booted(BareMode.INSTANCE, Interpreter::new, other).stateHash())
                .isNotEqualTo(booted(BareMode.INSTANCE, Interpreter::new, rom()).stateHash());
    }

    @Test
    void aLargeImageShowsItsLast128KibibytesBelowOneMebibyte() throws Exception {
        byte[] large = new byte[256 << 10];
        for (int page = 0; page < large.length >> 12; page++) large[page << 12] = (byte) (page + 1);
        GuestMemory memory = booted(BareMode.INSTANCE, Interpreter::new, large).memory();

        assertThat(memory.read(0xFFFC_0000L, 1)).isEqualTo(1);
        assertThat(memory.read(0xFFFF_F000L, 1)).isEqualTo(64);
        assertThat(memory.read(0xF_F000L, 1)).isEqualTo(64);
        assertThat(memory.read(0xE_0000L, 1)).isEqualTo(33);
        assertThat(memory.read(0xD_F000L, 1)).isZero();
        assertThat(memory.isMemory(0xF_FFBF)).isFalse();
    }

    @Test
    void aDevicesWritesLeaveTheRomAsItIs() throws Exception {
        GuestMemory memory = booted(BareMode.INSTANCE, Interpreter::new, rom()).memory();

        assertThat(memory.write(0xFFFF_0000L + DATA, new byte[] {1})).isTrue();

        assertThat(memory.read(0xFFFF_0000L + DATA, 1)).isEqualTo(0xC3);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 100, 4095, (16 << 20) + 4096})
    void anImageThatNoRomHoldsIsRefused(int bytes) {
        assertThatThrownBy(() -> booted(BareMode.INSTANCE, Interpreter::new, new byte[bytes]))
                .isInstanceOf(InvalidImageException.class)
                .hasMessage("rom: " + bytes
                        + " bytes: expected a firmware image, a multiple of 4 KiB from 4 KiB up to 16 MiB");
    }

    @Test
    void stateOfAMachineWithOtherFirmwareIsRefused() throws Exception {
        Machine machine = booted(BareMode.INSTANCE, Interpreter::new, rom());
        Machine without = machine(BareMode.INSTANCE, Interpreter::new, 0);
        assertThatThrownBy(() -> without.restore(machine.save()))
                .isInstanceOf(UnusableStateException.class)
                .hasMessage("saved state is of a machine with 65536 bytes of firmware, this one has 0");
    }

    private static void copyPages(Machine source, Machine target) {
        byte[] page = new byte[MachineMemory.FRAME_SIZE];
        for (int gfn = 0; gfn < source.memory().endFrame(); gfn++) {
            if (!source.memory().isMemory(gfn) || source.memory().isZero(gfn)) continue;
            source.memory().readPage(gfn, page, 0);
            target.memory().writePage(gfn, page, 0);
        }
    }
}
