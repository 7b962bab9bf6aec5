package dev.simvisor.node.machine.device.rtc;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.device.InterruptLine;
import dev.simvisor.node.machine.time.Timer;
import dev.simvisor.node.machine.time.VirtualClock;
import dev.simvisor.proto.state.RtcState;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * The MC146818 real-time clock and its memory (Motorola data sheet). The time of day is a configured start plus virtual
 * time; setting it moves the start. Daylight saving is not done, as in most of its successors.
 */
public final class Mc146818 {
    private static final int SECONDS = 0x00;
    private static final int SECONDS_ALARM = 0x01;
    private static final int MINUTES = 0x02;
    private static final int MINUTES_ALARM = 0x03;
    private static final int HOURS = 0x04;
    private static final int HOURS_ALARM = 0x05;
    private static final int DAY_OF_WEEK = 0x06;
    private static final int DAY_OF_MONTH = 0x07;
    private static final int MONTH = 0x08;
    private static final int YEAR = 0x09;
    private static final int REGISTER_A = 0x0A;
    private static final int REGISTER_B = 0x0B;
    private static final int REGISTER_C = 0x0C;
    private static final int REGISTER_D = 0x0D;

    /** Where PCs keep the century, as the FADT says. */
    public static final int CENTURY = 0x32;

    private static final int[] TIME_BYTES = {SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY};

    private static final int A_UPDATE_IN_PROGRESS = 0x80;
    private static final int A_RATE = 0x0F;
    private static final int A_NORMAL_32768_HZ = 0x26;
    private static final int B_SET = 0x80;
    private static final int B_INTERRUPTS = 0x70; // periodic, alarm, update-ended: the bits of register C
    private static final int B_CLEARED_BY_RESET = B_INTERRUPTS | 0x08; // and the square wave
    private static final int B_BINARY = 0x04;
    private static final int B_24_HOURS = 0x02;
    private static final int C_REQUEST = 0x80;
    private static final int C_PERIODIC = 0x40;
    private static final int C_ALARM = 0x20;
    private static final int C_UPDATE_ENDED = 0x10;
    private static final int D_VALID = 0x80;
    private static final int AFTERNOON = 0x80;
    private static final int ANY = 0xC0; // an alarm byte from here up matches every value

    private static final long NANOS_PER_SECOND = 1_000_000_000L;

    /** The update flag is up this long before the time changes. */
    private static final long UPDATE_NANOS = 244_000;

    private static final long OSCILLATOR_HERTZ = 32_768;

    private final VirtualClock clock;
    private final InterruptLine interrupt;
    private final Timer secondTimer;
    private final Timer periodicTimer;
    private final byte[] memory = new byte[128];

    /** Time of day, in seconds since 1970, at virtual time 0. */
    private long epochSecondsAtStart;

    private int index;
    private int registerC;
    private boolean stopped;

    /**
     * @param epochSecondsAtStart the time of day at virtual time 0, in seconds since 1970
     * @param interrupt the IRQ pin
     */
    public Mc146818(VirtualClock clock, long epochSecondsAtStart, InterruptLine interrupt) {
        this.clock = clock;
        this.epochSecondsAtStart = epochSecondsAtStart;
        this.interrupt = interrupt;
        this.secondTimer = clock.timer("rtc-second", this::secondPassed);
        this.periodicTimer = clock.timer("rtc-periodic", this::periodPassed);
        memory[REGISTER_A] = A_NORMAL_32768_HZ;
        memory[REGISTER_B] = B_24_HOURS;
        armSecondTimer();
    }

    /** Presets battery-backed memory, as firmware does for its own use. */
    public void preset(int address, int value) {
        memory[address] = (byte) value;
    }

    /**
     * Pin RESET: no interrupt is enabled any more or requested; time, calendar and memory are not affected (MC146818 data sheet,
     * "RESET"). Its timers are not armed.
     */
    public void reset() {
        memory[REGISTER_B] &= ~B_CLEARED_BY_RESET;
        registerC = 0;
        driveInterrupt();
        armSecondTimer();
    }

    /** The index register: 0 selects, 1 is the data. */
    public int read(int register) {
        return register == 0 ? 0xFF : readSelected(index);
    }

    public void write(int register, int value) {
        if (register == 0) {
            index = value & 0x7F; // bit 7 masks NMI, which nothing raises
        } else {
            writeSelected(index, value);
        }
    }

    private int readSelected(int address) {
        return switch (address) {
            case SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY ->
                stopped ? memory[address] & 0xFF : timeByte(address, now());
            case REGISTER_A -> memory[REGISTER_A] | (updateInProgress() ? A_UPDATE_IN_PROGRESS : 0);
            case REGISTER_C -> takeRegisterC();
            case REGISTER_D -> D_VALID;
            default -> memory[address] & 0xFF;
        };
    }

    private void writeSelected(int address, int value) {
        switch (address) {
            case SECONDS, MINUTES, HOURS, DAY_OF_WEEK, DAY_OF_MONTH, MONTH, YEAR, CENTURY ->
                writeTimeByte(address, value);
            case REGISTER_A -> {
                memory[REGISTER_A] = (byte) (value & ~A_UPDATE_IN_PROGRESS);
                armPeriodicTimer();
            }
            case REGISTER_B -> writeRegisterB(value);
            case REGISTER_C, REGISTER_D -> {} // read-only
            default -> memory[address] = (byte) value;
        }
    }

    private void writeRegisterB(int value) {
        boolean stop = (value & B_SET) != 0;
        if (stop && !stopped) {
            copyTimeToMemory();
        }
        memory[REGISTER_B] = (byte) value;
        if (!stop && stopped) {
            takeTimeFromMemory();
        }
        stopped = stop;
        armPeriodicTimer();
        driveInterrupt();
    }

    /** While the clock is stopped, its bytes are memory; otherwise a write takes effect on its own. */
    private void writeTimeByte(int address, int value) {
        if (!stopped) {
            copyTimeToMemory();
        }
        memory[address] = (byte) value;
        if (!stopped) {
            takeTimeFromMemory();
        }
    }

    // ---- time of day ----

    private LocalDateTime now() {
        return LocalDateTime.ofEpochSecond(epochSecondsAtStart + elapsedSeconds(), 0, ZoneOffset.UTC);
    }

    private long elapsedSeconds() {
        return clock.nanos() / NANOS_PER_SECOND;
    }

    private void copyTimeToMemory() {
        LocalDateTime time = now();
        for (int address : TIME_BYTES) {
            memory[address] = (byte) timeByte(address, time);
        }
    }

    /** Bytes out of range overflow into the next larger unit, so a guest cannot set a time that does not exist. */
    private void takeTimeFromMemory() {
        LocalDateTime time = LocalDateTime.of(100 * decode(CENTURY) + decode(YEAR), 1, 1, 0, 0)
                .plusMonths(decode(MONTH) - 1)
                .plusDays(decode(DAY_OF_MONTH) - 1)
                .plusHours(decodeHour())
                .plusMinutes(decode(MINUTES))
                .plusSeconds(decode(SECONDS));
        epochSecondsAtStart = time.toEpochSecond(ZoneOffset.UTC) - elapsedSeconds();
    }

    private boolean updateInProgress() {
        return !stopped && clock.nanos() % NANOS_PER_SECOND >= NANOS_PER_SECOND - UPDATE_NANOS;
    }

    private int timeByte(int address, LocalDateTime time) {
        return switch (address) {
            case SECONDS -> encode(time.getSecond());
            case MINUTES -> encode(time.getMinute());
            case HOURS -> encodeHour(time.getHour());
            case DAY_OF_WEEK -> encode(time.getDayOfWeek().getValue() % 7 + 1); // Sunday is 1
            case DAY_OF_MONTH -> encode(time.getDayOfMonth());
            case MONTH -> encode(time.getMonthValue());
            case YEAR -> encode(time.getYear() % 100);
            case CENTURY -> encode(time.getYear() / 100);
            default -> throw new IllegalArgumentException("clock byte " + address);
        };
    }

    private int encode(int value) {
        return (memory[REGISTER_B] & B_BINARY) != 0 ? value : value / 10 << 4 | value % 10;
    }

    private int decode(int address) {
        return decodeValue(memory[address] & 0xFF);
    }

    private int decodeValue(int value) {
        return (memory[REGISTER_B] & B_BINARY) != 0 ? value : (value >> 4) * 10 + (value & 0x0F);
    }

    private int encodeHour(int hour) {
        if ((memory[REGISTER_B] & B_24_HOURS) != 0) {
            return encode(hour);
        }
        return encode((hour + 11) % 12 + 1) | (hour >= 12 ? AFTERNOON : 0);
    }

    private int decodeHour() {
        int value = memory[HOURS] & 0xFF;
        if ((memory[REGISTER_B] & B_24_HOURS) != 0) {
            return decodeValue(value);
        }
        return decodeValue(value & ~AFTERNOON) % 12 + ((value & AFTERNOON) != 0 ? 12 : 0);
    }

    // ---- interrupts ----

    private int takeRegisterC() {
        int value = registerC | (requestsInterrupt() ? C_REQUEST : 0);
        registerC = 0;
        driveInterrupt();
        return value;
    }

    private boolean requestsInterrupt() {
        return (registerC & memory[REGISTER_B] & B_INTERRUPTS) != 0;
    }

    private void driveInterrupt() {
        interrupt.set(requestsInterrupt());
    }

    private void armSecondTimer() {
        long nextSecond = elapsedSeconds() + 1;
        secondTimer.arm(clock.toCycles(nextSecond * NANOS_PER_SECOND));
    }

    private void secondPassed() {
        if (!stopped) {
            registerC |= C_UPDATE_ENDED | (alarmMatches() ? C_ALARM : 0);
            driveInterrupt();
        }
        armSecondTimer();
    }

    private boolean alarmMatches() {
        LocalDateTime time = now();
        return alarmByteMatches(SECONDS_ALARM, timeByte(SECONDS, time))
                && alarmByteMatches(MINUTES_ALARM, timeByte(MINUTES, time))
                && alarmByteMatches(HOURS_ALARM, timeByte(HOURS, time));
    }

    private boolean alarmByteMatches(int address, int now) {
        int alarm = memory[address] & 0xFF;
        return alarm >= ANY || alarm == now;
    }

    private void armPeriodicTimer() {
        long period = periodTicks();
        if (period == 0 || (memory[REGISTER_B] & C_PERIODIC) == 0) {
            periodicTimer.disarm();
            return;
        }
        long now = clock.toTicks(clock.cycles(), OSCILLATOR_HERTZ);
        periodicTimer.arm(clock.ticksToCycles((now / period + 1) * period, OSCILLATOR_HERTZ));
    }

    private void periodPassed() {
        registerC |= C_PERIODIC;
        driveInterrupt();
        armPeriodicTimer();
    }

    /** Periodic interrupt period in oscillator ticks (table 5); rates 1 and 2 repeat 8 and 9. 0 is none. */
    private long periodTicks() {
        int rate = memory[REGISTER_A] & A_RATE;
        if (rate == 0) {
            return 0;
        }
        return 1L << ((rate <= 2 ? rate + 7 : rate) - 1);
    }

    // ---- state ----

    public RtcState save() {
        return RtcState.newBuilder()
                .setMemory(ByteString.copyFrom(memory))
                .setEpochSecondsAtStart(epochSecondsAtStart)
                .setIndex(index)
                .setRegisterC(registerC)
                .setStopped(stopped)
                .build();
    }

    public void restore(RtcState state) {
        state.getMemory().copyTo(memory, 0);
        epochSecondsAtStart = state.getEpochSecondsAtStart();
        index = state.getIndex();
        registerC = state.getRegisterC();
        stopped = state.getStopped();
    }
}
