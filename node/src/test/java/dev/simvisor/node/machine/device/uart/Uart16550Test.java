package dev.simvisor.node.machine.device.uart;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Facts of the 16550D data sheet. */
class Uart16550Test {
    private final StringBuilder sent = new StringBuilder();
    private boolean interrupt;
    private int edges;
    private final Uart16550 uart = new Uart16550(value -> sent.append((char) value), this::interrupt);

    @BeforeEach
    void assertRequestToSend() {
        uart.write(4, 0x02);
    }

    private void interrupt(boolean asserted) {
        if (asserted && !interrupt) {
            edges++;
        }
        interrupt = asserted;
    }

    @Test
    void bytesAreSentAtOnce() {
        uart.write(0, 'h');
        uart.write(0, 'i');
        assertThat(sent).hasToString("hi");
        assertThat(uart.read(5)).isEqualTo(0x60);
    }

    @Test
    void enablingTheTransmitterInterruptRaisesItAndReadingItsIdentificationDropsIt() {
        uart.write(1, 0x02);
        assertThat(interrupt).isTrue();
        assertThat(uart.read(2)).isEqualTo(0x02);
        assertThat(interrupt).isFalse();
        assertThat(uart.read(2)).isEqualTo(0x01);
    }

    @Test
    void everyByteSentMakesAnotherEdge() {
        uart.write(1, 0x02);
        uart.write(0, 'a');
        uart.write(0, 'b');
        assertThat(edges).isEqualTo(3);
    }

    @Test
    void inputInterruptsAtTheTriggerLevelOrByTimeout() {
        uart.write(2, 0x41); // FIFOs, trigger at 4 bytes
        uart.write(1, 0x01);
        uart.receive("abc".getBytes(StandardCharsets.US_ASCII));
        assertThat(uart.read(2)).isEqualTo(0xCC);
        uart.receive("d".getBytes(StandardCharsets.US_ASCII));
        assertThat(uart.read(2)).isEqualTo(0xC4);
        assertThat(uart.read(5) & 1).isEqualTo(1);
        for (char expected : "abcd".toCharArray()) {
            assertThat(uart.read(0)).isEqualTo(expected);
        }
        assertThat(interrupt).isFalse();
        assertThat(uart.read(5) & 1).isZero();
    }

    @Test
    void inputBeyondTheFifoWaitsAndIsNotLost() {
        uart.write(2, 0x01);
        byte[] many = new byte[100];
        for (int i = 0; i < many.length; i++) {
            many[i] = (byte) i;
        }
        uart.receive(many);
        for (int i = 0; i < many.length; i++) {
            assertThat(uart.read(0)).isEqualTo(i);
        }
        assertThat(uart.unreadInput()).isZero();
    }

    @Test
    void loopbackReturnsBytesAndModemLines() {
        uart.write(4, 0x10 | 0x0A); // RTS and OUT2
        assertThat(uart.read(6) & 0xF0).isEqualTo(0x90); // CTS and DCD
        uart.write(0, 'x');
        assertThat(sent).isEmpty();
        assertThat(uart.read(0)).isEqualTo('x');
    }

    @Test
    void aSecondByteInLoopbackWithoutFifosOverruns() {
        uart.write(4, 0x10);
        uart.write(0, 'x');
        uart.write(0, 'y');
        assertThat(uart.read(5) & 0x02).isEqualTo(0x02);
        assertThat(uart.read(5) & 0x02).isZero();
        assertThat(uart.read(0)).isEqualTo('x');
    }

    @Test
    void theDivisorIsBehindItsLatchBit() {
        uart.write(3, 0x83);
        uart.write(0, 0x34);
        uart.write(1, 0x12);
        assertThat(uart.read(0)).isEqualTo(0x34);
        assertThat(uart.read(1)).isEqualTo(0x12);
        uart.write(3, 0x03);
        assertThat(uart.read(1)).isZero();
        assertThat(sent).isEmpty();
    }

    @Test
    void stateIsKept() {
        uart.write(2, 0x01);
        uart.write(1, 0x01);
        uart.write(7, 0x5A);
        uart.receive("twenty bytes of input".getBytes(StandardCharsets.US_ASCII));
        Uart16550 restored = new Uart16550(value -> {}, asserted -> {});
        restored.restore(uart.save());
        assertThat(restored.save()).isEqualTo(uart.save());
        assertThat(restored.read(0)).isEqualTo('t');
        assertThat(restored.read(7)).isEqualTo(0x5A);
    }

    @Test
    void theFarEndSendsOnlyWhileRequestToSendIsAsserted() {
        uart.write(4, 0x00);
        uart.receive("hello".getBytes(StandardCharsets.US_ASCII));
        uart.write(2, 0x07); // the guest sets the port up: FIFOs on and cleared
        assertThat(uart.read(5) & 1).isZero();
        uart.write(4, 0x0B);
        for (char expected : "hello".toCharArray()) {
            assertThat(uart.read(0)).isEqualTo(expected);
        }
    }
}
