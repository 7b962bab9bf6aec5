package dev.simvisor.node.machine.device.power;

import dev.simvisor.proto.state.KeyboardControllerState;

/**
 * The 8042 keyboard controller of a machine without keyboard or mouse: it answers its self tests, keeps its command byte
 * and output port, and pulses the processor's reset (IBM PC/AT Technical Reference, "Keyboard Controller").
 */
public final class KeyboardController {
    // Register offsets
    public static final int DATA = 0; // port 60h
    public static final int STATUS_OR_COMMAND = 1; // port 64h

    private static final int STATUS_OUTPUT_FULL = 0x01;
    private static final int STATUS_SYSTEM = 0x04;
    private static final int STATUS_UNLOCKED = 0x10;

    private static final int READ_COMMAND_BYTE = 0x20;
    private static final int WRITE_COMMAND_BYTE = 0x60;
    private static final int DISABLE_AUXILIARY = 0xA7;
    private static final int ENABLE_AUXILIARY = 0xA8;
    private static final int TEST_AUXILIARY = 0xA9;
    private static final int SELF_TEST = 0xAA;
    private static final int TEST_KEYBOARD = 0xAB;
    private static final int DISABLE_KEYBOARD = 0xAD;
    private static final int ENABLE_KEYBOARD = 0xAE;
    private static final int READ_OUTPUT_PORT = 0xD0;
    private static final int WRITE_OUTPUT_PORT = 0xD1;
    private static final int WRITE_AUXILIARY_LOOP = 0xD3;
    private static final int PULSE_OUTPUT_PORT = 0xF0; // low four bits: lines to pulse, active low

    private static final int SELF_TEST_PASSED = 0x55;
    private static final int INTERFACE_GOOD = 0x00;
    private static final int CLOCK_STUCK_HIGH = 0x02;
    private static final int OUTPUT_PORT_NO_RESET = 0x01;
    private static final int OUTPUT_PORT_A20 = 0x02;
    private static final int NO_COMMAND = -1;
    private static final int EMPTY = -1;

    private final Runnable reset;
    private final int interfaceTest;
    private int commandByte = 0x30; // keyboard and auxiliary device disabled
    private int outputPort = OUTPUT_PORT_NO_RESET | OUTPUT_PORT_A20;
    private int pendingCommand = NO_COMMAND;
    private int outputBuffer = EMPTY;

    /**
     * @param reset the processor's reset line is pulsed
     */
    public KeyboardController(Runnable reset) {
        this(reset, INTERFACE_GOOD);
    }

    private KeyboardController(Runnable reset, int interfaceTest) {
        this.reset = reset;
        this.interfaceTest = interfaceTest;
    }

    /**
     * A controller that finds out, when its interfaces are tested, that nothing pulls their clock lines: firmware then does not
     * wait for a keyboard, which takes it a second.
     *
     * @param reset the processor's reset line is pulsed
     */
    public static KeyboardController withNothingAttached(Runnable reset) {
        return new KeyboardController(reset, CLOCK_STUCK_HIGH);
    }

    public int read(int register) {
        if (register == DATA) {
            int value = outputBuffer == EMPTY ? 0 : outputBuffer;
            outputBuffer = EMPTY;
            return value;
        }
        return STATUS_SYSTEM | STATUS_UNLOCKED | (outputBuffer == EMPTY ? 0 : STATUS_OUTPUT_FULL);
    }

    public void write(int register, int value) {
        if (register == DATA) {
            writeData(value);
        } else {
            command(value);
        }
    }

    private void writeData(int value) {
        switch (pendingCommand) {
            case WRITE_COMMAND_BYTE -> commandByte = value;
            case WRITE_OUTPUT_PORT -> writeOutputPort(value);
            case WRITE_AUXILIARY_LOOP -> answer(value);
            default -> {} // to a keyboard that is not there
        }
        pendingCommand = NO_COMMAND;
    }

    private void command(int command) {
        pendingCommand = NO_COMMAND;
        switch (command) {
            case READ_COMMAND_BYTE -> answer(commandByte);
            case WRITE_COMMAND_BYTE, WRITE_OUTPUT_PORT, WRITE_AUXILIARY_LOOP -> pendingCommand = command;
            case DISABLE_AUXILIARY -> commandByte |= 0x20;
            case ENABLE_AUXILIARY -> commandByte &= ~0x20;
            case DISABLE_KEYBOARD -> commandByte |= 0x10;
            case ENABLE_KEYBOARD -> commandByte &= ~0x10;
            case SELF_TEST -> answer(SELF_TEST_PASSED);
            case TEST_AUXILIARY, TEST_KEYBOARD -> answer(interfaceTest);
            case READ_OUTPUT_PORT -> answer(outputPort);
            default -> {
                if ((command & PULSE_OUTPUT_PORT) == PULSE_OUTPUT_PORT && (command & 1) == 0) {
                    reset.run();
                }
            }
        }
    }

    /** A20 is always open on this machine: bit 1 is kept and has no other effect. */
    private void writeOutputPort(int value) {
        outputPort = value;
        if ((value & OUTPUT_PORT_NO_RESET) == 0) {
            reset.run();
        }
    }

    /** There is one byte of buffer: an answer that was not read is lost to the next. */
    private void answer(int value) {
        outputBuffer = value;
    }

    public KeyboardControllerState save() {
        return KeyboardControllerState.newBuilder()
                .setCommandByte(commandByte)
                .setOutputPort(outputPort)
                .setPendingCommand(pendingCommand)
                .setOutputBuffer(outputBuffer)
                .build();
    }

    public void restore(KeyboardControllerState state) {
        commandByte = state.getCommandByte();
        outputPort = state.getOutputPort();
        pendingCommand = state.getPendingCommand();
        outputBuffer = state.getOutputBuffer();
    }
}
