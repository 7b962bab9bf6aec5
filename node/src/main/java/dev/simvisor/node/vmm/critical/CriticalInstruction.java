package dev.simvisor.node.vmm.critical;

import static dev.simvisor.node.vmm.critical.Sighting.flag;
import static dev.simvisor.node.vmm.critical.Sighting.hexadecimal;
import static dev.simvisor.node.vmm.critical.Sighting.interrupts;
import static dev.simvisor.node.vmm.critical.Sighting.selector;

import dev.simvisor.node.cpu.Flags;
import java.util.HexFormat;
import java.util.Locale;
import java.util.function.Function;

/**
 * The sensitive instructions of the Pentium that do not trap: J. S. Robin and C. E. Irvine, "Analysis of the Intel Pentium's
 * Ability to Support a Secure Virtual Machine Monitor", USENIX Security Symposium 2000, §3.1 (sensitive registers) and §3.2 (the
 * protection system), which counts seventeen and goes through eighteen; and IRET, which fails as POPF and RET do.
 *
 * <p>Each has a fragment of kernel code for {@link FragmentMachine}, in a form in which a kernel in ring 1 gets something else
 * than one in ring 0 if there is such a form.
 */
public enum CriticalInstruction {
    SGDT("3.1", "0F 01 05 00 50 00 00", Sighting::tableRegister, "stores the processor's GDTR, which is the VMM's"),
    SIDT("3.1", "0F 01 0D 00 50 00 00", Sighting::tableRegister, "stores the processor's IDTR, which is the VMM's"),
    SLDT("3.1", "0F 00 C0", s -> selector(s.eax()), "stores the processor's LDTR, which is the VMM's"),
    SMSW(
            "3.1",
            "0F 01 E0",
            s -> "CR0 " + hexadecimal(s.eax()),
            "stores bits of the processor's CR0, which is the VMM's"),
    PUSHF(
            "3.1",
            "FA 9C 58",
            s -> "image with " + interrupts((s.eax() & Flags.IF) != 0),
            "stores the processor's IF, which the VMM keeps set, whatever CLI made of the guest's"),
    POPF(
            "3.1",
            "6A 02 9D",
            s -> interrupts(s.interruptsEnabled()),
            "leaves IF as it is where CPL exceeds IOPL, and says nothing"),
    LAR(
            "3.2",
            "B9 10 00 00 00 0F 02 C1",
            s -> s.zeroFlag() ? "rights " + hexadecimal(s.eax()) : "no such segment",
            "shows the descriptor that ring 1 uses, with a DPL that the guest did not write"),
    LSL(
            "3.2",
            "B9 20 00 00 00 0F 03 C1",
            s -> s.zeroFlag() ? "limit " + hexadecimal(s.eax()) : "no such segment",
            "looks into the VMM's table, which has no system segment of the guest's, and at CPL"),
    VERR(
            "3.2",
            "B9 30 00 00 00 0F 00 E1",
            s -> flag(s.zeroFlag(), "readable"),
            "looks into the VMM's table, which has no segment that the guest has not used yet, and at CPL"),
    VERW(
            "3.2",
            "B9 18 00 00 00 0F 00 E9",
            s -> flag(s.zeroFlag(), "writable"),
            "looks into the VMM's table, which has no segment that the guest has not used yet, and at CPL"),
    POP(
            "3.2",
            "6A 11 17",
            s -> "SS loaded with RPL 1",
            "compares RPL and DPL with CPL: in ring 1 a stack segment of ring 1 is the right one"),
    PUSH("3.2", "0E 58", s -> selector(s.eax()), "stores CS, whose RPL is the CPL"),
    CALL("3.2", "9A 07 60 00 00 08 00 59 58", s -> "return to " + selector(s.eax()), "stores CS, whose RPL is the CPL"),
    JMP(
            "3.2",
            "EA 07 60 00 00 09 00",
            s -> "went to selector 0009H",
            "compares RPL with CPL: in ring 1 a selector of ring 1 is good enough"),
    INT_N(
            "3.2",
            "CD 30",
            s -> "handler entered from " + selector(s.ecx()) + ", " + interrupts((s.edx() & Flags.IF) != 0),
            "compares CPL with the gate's DPL: it does trap where no gate of the VMM's is for ring 1, as here"),
    RET(
            "3.2",
            "6A 09 68 08 60 00 00 CB",
            s -> "returned to selector 0009H",
            "compares RPL with CPL: in ring 1 a return to ring 1 changes no privilege"),
    STR("3.2", "0F 00 C8", s -> selector(s.eax()), "stores the processor's TR, which is the VMM's"),
    MOV("3.2", "8C C8", s -> selector(s.eax()), "stores CS, whose RPL is the CPL"),
    IRET(
            "3.1, 3.2",
            "6A 02 0E 68 09 60 00 00 CF",
            s -> interrupts(s.interruptsEnabled()),
            "leaves IF as it is where CPL exceeds IOPL, and says nothing");

    private final String section;
    private final String code;
    private final Function<Sighting, String> description;
    private final String reason;

    CriticalInstruction(String section, String code, Function<Sighting, String> description, String reason) {
        this.section = section;
        this.code = code;
        this.description = description;
        this.reason = reason;
    }

    /** As the manual writes it: {@code INT n}. */
    public String mnemonic() {
        return this == INT_N ? "INT n" : name();
    }

    /** Of the paper. */
    public String section() {
        return section;
    }

    /** The kernel's code, without what ends it. */
    byte[] code() {
        return HexFormat.of().parseHex(code.replace(" ", "").toLowerCase(Locale.ROOT));
    }

    /** What the guest saw, in words. */
    String describe(Sighting sighting) {
        return sighting.faulted() ? "#GP(%04XH)".formatted(sighting.errorCode()) : description.apply(sighting);
    }

    /** Why it does in ring 1 what it does, whether it traps or not: a predicate. */
    public String reason() {
        return reason;
    }
}
