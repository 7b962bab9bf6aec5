package dev.simvisor.controller.cli;

/** What TCP leaves for port numbers (RFC 9293 §3.1: 16 bits). */
final class PortNumber {
    static final int MOST = 65_535;

    private PortNumber() {}
}
