package dev.simvisor.node.machine.device.uart;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.device.InterruptLine;
import dev.simvisor.proto.state.UartState;
import java.util.ArrayDeque;
import java.util.function.IntConsumer;

/**
 * A 16550 serial port (National Semiconductor PC16550D data sheet).
 *
 * <p>The line has no speed of its own: a byte written is sent at once, and bytes from the far end wait in an input queue
 * without a limit until the receiver FIFO has room, so neither side loses any. The far end heeds the handshake: it sends while
 * the guest asserts RTS, because systems clear the FIFO while they probe and set up the port, and assert RTS when they listen.
 * The divisor is kept and otherwise ignored.
 */
public final class Uart16550 {
    // Register offsets; the data sheet's table of addresses, §8.0
    private static final int DATA = 0; // RBR read, THR write; divisor low with DLAB
    private static final int INTERRUPT_ENABLE = 1; // IER; divisor high with DLAB
    private static final int IDENTIFICATION_OR_FIFO = 2; // IIR read, FCR write
    private static final int LINE_CONTROL = 3;
    private static final int MODEM_CONTROL = 4;
    private static final int LINE_STATUS = 5;
    private static final int MODEM_STATUS = 6;
    private static final int SCRATCH = 7;

    private static final int IER_RECEIVED = 0x01;
    private static final int IER_TRANSMITTER_EMPTY = 0x02;
    private static final int IER_LINE_STATUS = 0x04;
    private static final int IER_MODEM_STATUS = 0x08;

    private static final int IIR_NONE = 0x01;
    private static final int IIR_LINE_STATUS = 0x06;
    private static final int IIR_RECEIVED = 0x04;
    private static final int IIR_RECEIVE_TIMEOUT = 0x0C;
    private static final int IIR_TRANSMITTER_EMPTY = 0x02;
    private static final int IIR_MODEM_STATUS = 0x00;
    private static final int IIR_FIFOS_ENABLED = 0xC0;

    private static final int FCR_ENABLE = 0x01;
    private static final int FCR_CLEAR_RECEIVER = 0x02;
    private static final int LCR_DIVISOR_LATCH = 0x80;
    private static final int MCR_REQUEST_TO_SEND = 0x02;
    private static final int MCR_LOOPBACK = 0x10;
    private static final int LSR_DATA_READY = 0x01;
    private static final int LSR_OVERRUN = 0x02;
    private static final int LSR_TRANSMITTER_EMPTY = 0x60; // holding register and shift register
    private static final int MSR_RING = 0x40;

    /** Modem status inputs when a terminal is attached: CTS, DSR and DCD. */
    private static final int TERMINAL_PRESENT = 0xB0;

    private static final int FIFO_SIZE = 16;
    private static final int[] TRIGGER_LEVELS = {1, 4, 8, 14};

    private final IntConsumer output;
    private final InterruptLine interrupt;
    private final ArrayDeque<Byte> input = new ArrayDeque<>();
    private final ArrayDeque<Byte> receiverFifo = new ArrayDeque<>();
    private int interruptEnable;
    private int fifoControl;
    private int lineControl;
    private int modemControl;
    private int modemStatus = TERMINAL_PRESENT;
    private int scratch;
    private int divisor = 12; // 9600 baud
    private boolean overrun;
    private boolean transmitterEmptyPending;

    /**
     * @param output takes each byte sent, 0 to 255
     * @param interrupt the INTR pin
     */
    public Uart16550(IntConsumer output, InterruptLine interrupt) {
        this.output = output;
        this.interrupt = interrupt;
    }

    /** Queues bytes that the far end sends. */
    public void receive(byte[] bytes) {
        for (byte value : bytes) {
            input.add(value);
        }
        fillReceiver();
        driveInterrupt();
    }

    /** Bytes sent by the far end that the guest has not taken yet. */
    public int unreadInput() {
        return input.size() + receiverFifo.size();
    }

    // ---- registers ----

    public int read(int register) {
        int value = switch (register) {
            case DATA -> divisorSelected() ? divisor & 0xFF : takeReceived();
            case INTERRUPT_ENABLE -> divisorSelected() ? divisor >> 8 : interruptEnable;
            case IDENTIFICATION_OR_FIFO -> identifyInterrupt();
            case LINE_CONTROL -> lineControl;
            case MODEM_CONTROL -> modemControl;
            case LINE_STATUS -> takeLineStatus();
            case MODEM_STATUS -> takeModemStatus();
            case SCRATCH -> scratch;
            default -> throw new IllegalArgumentException("UART register " + register);
        };
        driveInterrupt();
        return value;
    }

    public void write(int register, int value) {
        switch (register) {
            case DATA -> writeData(value);
            case INTERRUPT_ENABLE -> writeInterruptEnable(value);
            case IDENTIFICATION_OR_FIFO -> writeFifoControl(value);
            case LINE_CONTROL -> lineControl = value;
            case MODEM_CONTROL -> writeModemControl(value & 0x1F);
            case SCRATCH -> scratch = value;
            default -> {} // line and modem status are read-only
        }
        driveInterrupt();
    }

    private boolean divisorSelected() {
        return (lineControl & LCR_DIVISOR_LATCH) != 0;
    }

    private boolean fifosEnabled() {
        return (fifoControl & FCR_ENABLE) != 0;
    }

    private boolean loopback() {
        return (modemControl & MCR_LOOPBACK) != 0;
    }

    private void writeData(int value) {
        if (divisorSelected()) {
            divisor = (divisor & 0xFF00) | value;
            return;
        }
        transmitterEmptyPending = false;
        driveInterrupt();
        if (loopback()) {
            receiveInLoop((byte) value);
        } else {
            output.accept(value);
        }
        transmitterEmptyPending = true; // sent at once, so the holding register is empty again
    }

    private void writeInterruptEnable(int value) {
        if (divisorSelected()) {
            divisor = (divisor & 0xFF) | value << 8;
            return;
        }
        boolean newlyEnabled = (value & ~interruptEnable & IER_TRANSMITTER_EMPTY) != 0;
        interruptEnable = value & 0x0F;
        if (newlyEnabled) {
            transmitterEmptyPending = true; // enabling the interrupt with THR empty raises it, §8.6.1
        }
    }

    private void writeFifoControl(int value) {
        boolean switched = ((value ^ fifoControl) & FCR_ENABLE) != 0;
        if (switched || (value & FCR_CLEAR_RECEIVER) != 0) {
            receiverFifo.clear();
        }
        fifoControl = value & (FCR_ENABLE | 0xC0);
        fillReceiver();
    }

    private void writeModemControl(int value) {
        modemControl = value;
        int inputs = loopback() ? loopedModemStatus() : TERMINAL_PRESENT;
        int changed = (modemStatus ^ inputs) & 0xF0;
        int deltas = changed >> 4;
        if ((changed & MSR_RING) != 0 && (inputs & MSR_RING) != 0) {
            deltas &= ~(MSR_RING >> 4); // TERI marks the trailing edge only
        }
        modemStatus = inputs | (modemStatus & 0x0F) | deltas;
        fillReceiver();
    }

    /** DTR, RTS, OUT1 and OUT2 come back as DSR, CTS, RI and DCD (§8.6.5). */
    private int loopedModemStatus() {
        return (modemControl & 0x0C) << 4 | (modemControl & 0x02) << 3 | (modemControl & 0x01) << 5;
    }

    // ---- receiver ----

    private void receiveInLoop(byte value) {
        if (receiverFifo.size() >= receiverSize()) {
            overrun = true;
        } else {
            receiverFifo.add(value);
        }
    }

    private int receiverSize() {
        return fifosEnabled() ? FIFO_SIZE : 1;
    }

    private boolean farEndMaySend() {
        return (modemControl & (MCR_REQUEST_TO_SEND | MCR_LOOPBACK)) == MCR_REQUEST_TO_SEND;
    }

    private void fillReceiver() {
        while (farEndMaySend() && !input.isEmpty() && receiverFifo.size() < receiverSize()) {
            receiverFifo.add(input.remove());
        }
    }

    private int takeReceived() {
        int value = receiverFifo.isEmpty() ? 0 : receiverFifo.remove() & 0xFF;
        fillReceiver();
        return value;
    }

    // ---- status and interrupts ----

    private int takeLineStatus() {
        int status =
                LSR_TRANSMITTER_EMPTY | (receiverFifo.isEmpty() ? 0 : LSR_DATA_READY) | (overrun ? LSR_OVERRUN : 0);
        overrun = false;
        return status;
    }

    private int takeModemStatus() {
        int status = modemStatus;
        modemStatus &= 0xF0;
        return status;
    }

    private int identifyInterrupt() {
        int source = pendingInterrupt();
        if (source == IIR_TRANSMITTER_EMPTY) {
            transmitterEmptyPending = false; // reading the IIR with this source resets it, table III
        }
        return source | (fifosEnabled() ? IIR_FIFOS_ENABLED : 0);
    }

    /** The pending interrupt of the highest priority (table III). */
    private int pendingInterrupt() {
        if (overrun && enabled(IER_LINE_STATUS)) {
            return IIR_LINE_STATUS;
        }
        if (!receiverFifo.isEmpty() && enabled(IER_RECEIVED)) {
            boolean triggered = !fifosEnabled() || receiverFifo.size() >= TRIGGER_LEVELS[fifoControl >> 6];
            return triggered ? IIR_RECEIVED : IIR_RECEIVE_TIMEOUT;
        }
        if (transmitterEmptyPending && enabled(IER_TRANSMITTER_EMPTY)) {
            return IIR_TRANSMITTER_EMPTY;
        }
        if ((modemStatus & 0x0F) != 0 && enabled(IER_MODEM_STATUS)) {
            return IIR_MODEM_STATUS;
        }
        return IIR_NONE;
    }

    private boolean enabled(int source) {
        return (interruptEnable & source) != 0;
    }

    private void driveInterrupt() {
        interrupt.set(pendingInterrupt() != IIR_NONE);
    }

    // ---- state ----

    public UartState save() {
        return UartState.newBuilder()
                .setInterruptEnable(interruptEnable)
                .setFifoControl(fifoControl)
                .setLineControl(lineControl)
                .setModemControl(modemControl)
                .setModemStatus(modemStatus)
                .setScratch(scratch)
                .setDivisor(divisor)
                .setOverrun(overrun)
                .setTransmitterEmptyPending(transmitterEmptyPending)
                .setReceiverFifo(bytes(receiverFifo))
                .setInput(bytes(input))
                .build();
    }

    public void restore(UartState state) {
        interruptEnable = state.getInterruptEnable();
        fifoControl = state.getFifoControl();
        lineControl = state.getLineControl();
        modemControl = state.getModemControl();
        modemStatus = state.getModemStatus();
        scratch = state.getScratch();
        divisor = state.getDivisor();
        overrun = state.getOverrun();
        transmitterEmptyPending = state.getTransmitterEmptyPending();
        refill(receiverFifo, state.getReceiverFifo());
        refill(input, state.getInput());
    }

    private static ByteString bytes(ArrayDeque<Byte> queue) {
        byte[] bytes = new byte[queue.size()];
        int i = 0;
        for (byte value : queue) {
            bytes[i++] = value;
        }
        return ByteString.copyFrom(bytes);
    }

    private static void refill(ArrayDeque<Byte> queue, ByteString bytes) {
        queue.clear();
        for (byte value : bytes.toByteArray()) {
            queue.add(value);
        }
    }
}
