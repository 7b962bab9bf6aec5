package dev.simvisor.controller.gdb;

/** What comes from a debugger. */
sealed interface Event {
    /** The connection that it came by. */
    PacketConnection connection();

    /** A debugger has connected. */
    record Connected(PacketConnection connection) implements Event {}

    /**
     * A packet whose checksum was right.
     *
     * @param text its contents, unescaped, a character for each byte
     */
    record Packet(PacketConnection connection, String text) implements Event {}

    /** The debugger wants the VM to stop. */
    record Interrupt(PacketConnection connection) implements Event {}

    /** The debugger has gone. */
    record Disconnected(PacketConnection connection) implements Event {}
}
