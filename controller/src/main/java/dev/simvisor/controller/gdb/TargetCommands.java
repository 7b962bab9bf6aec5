package dev.simvisor.controller.gdb;

import dev.simvisor.controller.embedded.DebugTarget;
import dev.simvisor.controller.embedded.DebugTarget.Value;
import dev.simvisor.controller.embedded.LocalVm;
import dev.simvisor.controller.gdb.TargetDescription.Register;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;

/** Answers packets about the state of a stopped VM: registers, memory, and what there is to it (GDB manual, E.2 and E.4). */
final class TargetCommands {
    /** To packets that are not known. */
    static final String UNKNOWN = "";

    static final String DONE = "OK";
    static final String MALFORMED = "E16"; // EINVAL
    private static final String BAD_ADDRESS = "E0e"; // EFAULT
    private static final int LARGEST_READ = PacketConnection.LARGEST_PACKET / 2 - 16;

    private final LocalVm vm;
    private final DebugTarget target;
    private TargetDescription description;

    TargetCommands(LocalVm vm, DebugTarget target) {
        this.vm = vm;
        this.target = target;
        description = describe(target);
    }

    /** What a debugger is told of when it connects holds as long as it stays, whatever becomes of the guest. */
    void connected() {
        description = describe(target);
    }

    private static TargetDescription describe(DebugTarget target) {
        return target.isWide() ? TargetDescription.WIDE : TargetDescription.NARROW;
    }

    /** The answer to a packet. */
    String answer(String packet) {
        try {
            String rest = packet.isEmpty() ? "" : packet.substring(1);
            return switch (packet.isEmpty() ? ' ' : packet.charAt(0)) {
                case 'g' -> registers();
                case 'G' -> setRegisters(rest);
                case 'p' -> register(Integer.parseInt(rest, 16));
                case 'P' -> setRegister(fields(rest, "="));
                case 'm' -> read(fields(rest, ","));
                case 'M' -> write(fields(rest, "[,:]"));
                case 'X' -> writeBinary(rest);
                case 'H' -> select(rest);
                case 'T' -> {
                    Processors.number(rest, target);
                    yield DONE;
                }
                case 'q' -> query(packet);
                default -> UNKNOWN;
            };
        } catch (IllegalArgumentException | IndexOutOfBoundsException malformed) {
            return MALFORMED;
        }
    }

    /** Exactly two or three fields, as the separators say. */
    private static String[] fields(String text, String separators) {
        String[] fields = text.split(separators, -1);
        if (fields.length < 2 || fields.length > 3)
            throw new IllegalArgumentException("expected other fields: " + text);
        return fields;
    }

    static long hexadecimal(String digits) {
        return Long.parseUnsignedLong(digits, 16);
    }

    // ---- processors

    /** {@code Hg}: what registers and memory are asked of; {@code Hc}, what the next step is of, is for {@link GdbDebugger}. */
    private String select(String rest) {
        int processor = Processors.number(rest.substring(1), target);
        if (rest.startsWith("g")) target.select(processor);
        return DONE;
    }

    private String describe(int processor) {
        String text = "processor %d: %s".formatted(processor, target.isIdle(processor) ? "idle" : "running");
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }

    // ---- registers

    private List<Register> described() {
        return description.registers();
    }

    private String registers() {
        return described().stream().map(this::hexadecimal).collect(Collectors.joining());
    }

    private String register(int number) {
        return hexadecimal(described().get(number));
    }

    /** The bytes of a register, the lowest first. */
    private String hexadecimal(Register register) {
        Value value = target.register(register.source()).orElseThrow();
        byte[] bytes = new byte[register.bytes()];
        for (int n = 0; n < bytes.length; n++) {
            bytes[n] = (byte) (n < Long.BYTES ? value.low() >>> 8 * n : value.high() >>> 8 * (n - Long.BYTES));
        }
        return HexFormat.of().formatHex(bytes);
    }

    private String setRegister(String[] fields) {
        return set(described().get(Integer.parseInt(fields[0], 16)), fields[1]) ? DONE : MALFORMED;
    }

    /** All that can be set. */
    private String setRegisters(String digits) {
        int at = 0;
        for (Register register : described()) {
            int end = at + 2 * register.bytes();
            set(register, digits.substring(at, end));
            at = end;
        }
        return DONE;
    }

    private boolean set(Register register, String digits) {
        byte[] bytes = HexFormat.of().parseHex(digits);
        if (bytes.length != register.bytes()) return false;
        long low = 0;
        long high = 0;
        for (int n = 0; n < bytes.length; n++) {
            long value = bytes[n] & 0xFFL;
            if (n < Long.BYTES) low |= value << 8 * n;
            else high |= value << 8 * (n - Long.BYTES);
        }
        return target.setRegister(register.source(), new Value(low, high));
    }

    // ---- memory

    private String read(String[] fields) {
        int length = (int) Math.min(LARGEST_READ, hexadecimal(fields[1]));
        byte[] bytes = target.read(hexadecimal(fields[0]), Math.max(0, length));
        return bytes.length == 0 && length > 0 ? BAD_ADDRESS : HexFormat.of().formatHex(bytes);
    }

    private String write(String[] fields) {
        return write(fields[0], fields[1], HexFormat.of().parseHex(fields[2]));
    }

    /** The data may hold any byte, separators too. */
    private String writeBinary(String rest) {
        int colon = rest.indexOf(':');
        String[] fields = fields(rest.substring(0, colon), ",");
        return write(fields[0], fields[1], rest.substring(colon + 1).getBytes(StandardCharsets.ISO_8859_1));
    }

    private String write(String address, String length, byte[] bytes) {
        if (hexadecimal(length) != bytes.length) return MALFORMED;
        return target.write(hexadecimal(address), bytes) ? DONE : BAD_ADDRESS;
    }

    // ---- queries

    private String query(String packet) {
        String[] parts = packet.split("[:,;]", 2);
        String argument = parts.length > 1 ? parts[1] : "";
        return switch (parts[0]) {
            case "qSupported" -> supported();
            case "qXfer" -> transfer(argument);
            case "qAttached" -> "1";
            case "qC" -> "QC" + Processors.thread(target.current());
            case "qfThreadInfo" -> "m" + Processors.threads(target);
            case "qThreadExtraInfo" -> describe(Processors.number(argument, target));
            case "qsThreadInfo" -> "l";
            case "qSymbol" -> DONE;
            case "qRcmd" -> monitor(new String(HexFormat.of().parseHex(argument), StandardCharsets.UTF_8));
            default -> UNKNOWN;
        };
    }

    private String supported() {
        String always = "PacketSize=%x;qXfer:features:read+;QStartNoAckMode+;vContSupported+;swbreak+;hwbreak+"
                .formatted(PacketConnection.LARGEST_PACKET);
        return target.isReversible() ? always + ";ReverseStep+;ReverseContinue+" : always;
    }

    /** {@code features:read:target.xml:OFFSET,LENGTH}: a part of the description, marked as the last one or not. */
    private String transfer(String argument) {
        String prefix = "features:read:target.xml:";
        if (!argument.startsWith(prefix)) return UNKNOWN;
        String[] fields = fields(argument.substring(prefix.length()), ",");
        String xml = description.xml();
        int start = (int) Math.min(xml.length(), hexadecimal(fields[0]));
        int end = (int) Math.min(xml.length(), start + Math.min(LARGEST_READ, hexadecimal(fields[1])));
        return (end == xml.length() ? "l" : "m") + xml.substring(start, end);
    }

    /** What the debugger's {@code monitor} command asks for. */
    private String monitor(String command) {
        String text = switch (command.strip()) {
            case "info" ->
                "%d instructions, %d ns of virtual time%n%s%n"
                        .formatted(
                                vm.instructions(),
                                vm.nanos(),
                                vm.isIdle() ? "halted, waiting for an event" : "running");
            case "hash" -> "stateHash " + vm.stateHash() + "\n";
            default -> "monitor info: how far the VM is; monitor hash: its state hash\n";
        };
        return HexFormat.of().formatHex(text.getBytes(StandardCharsets.UTF_8));
    }
}
