package dev.simvisor.controller.gdb;

import java.util.ArrayList;
import java.util.List;

/**
 * Which registers a debugger is told of, in which order (GDB manual, G.5.5, "i386 Features").
 *
 * @param architecture in GDB's words
 * @param registers in the order of their numbers
 */
record TargetDescription(String architecture, List<Register> registers) {
    /**
     * A register.
     *
     * @param name the debugger's
     * @param source the VM's name for what holds it
     * @param bits of that, from bit 0
     * @param feature that it belongs to
     */
    record Register(String name, String source, int bits, String type, String feature) {
        int bytes() {
            return bits / Byte.SIZE;
        }
    }

    private static final String CORE = "org.gnu.gdb.i386.core";
    private static final String SSE = "org.gnu.gdb.i386.sse";
    private static final String SEGMENTS = "org.gnu.gdb.i386.segments";
    /** What only an operating system sees. */
    private static final String SYSTEM = "dev.simvisor.system";

    static final TargetDescription WIDE = wide();
    static final TargetDescription NARROW = narrow();

    private static TargetDescription wide() {
        List<Register> registers = new ArrayList<>();
        List.of("rax", "rbx", "rcx", "rdx", "rsi", "rdi").forEach(name -> add(registers, name, 64, "int64", CORE));
        List.of("rbp", "rsp").forEach(name -> add(registers, name, 64, "data_ptr", CORE));
        for (int n = 8; n < 16; n++) add(registers, "r" + n, 64, "int64", CORE);
        add(registers, "rip", 64, "code_ptr", CORE);
        addFlagsToFloatingPoint(registers);
        addVectors(registers, 16);
        List.of("fs_base", "gs_base").forEach(name -> add(registers, name, 64, "int64", SEGMENTS));
        List.of("k_gs_base", "cr0", "cr2", "cr3", "cr4", "efer")
                .forEach(name -> add(registers, name, 64, "int64", SYSTEM));
        return new TargetDescription("i386:x86-64", List.copyOf(registers));
    }

    private static TargetDescription narrow() {
        List<Register> registers = new ArrayList<>();
        List.of("ax", "cx", "dx", "bx").forEach(name -> addNarrow(registers, name, "int32"));
        List.of("sp", "bp").forEach(name -> addNarrow(registers, name, "data_ptr"));
        List.of("si", "di").forEach(name -> addNarrow(registers, name, "int32"));
        addNarrow(registers, "ip", "code_ptr");
        addFlagsToFloatingPoint(registers);
        addVectors(registers, 8);
        List.of("cr0", "cr2", "cr3", "cr4").forEach(name -> add(registers, name, 32, "int32", SYSTEM));
        return new TargetDescription("i386", List.copyOf(registers));
    }

    private static void addFlagsToFloatingPoint(List<Register> registers) {
        add(registers, "eflags", 32, "eflags", CORE);
        List.of("cs", "ss", "ds", "es", "fs", "gs").forEach(name -> add(registers, name, 32, "int32", CORE));
        for (int n = 0; n < 8; n++) add(registers, "st" + n, 80, "i387_ext", CORE);
        List.of("fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop")
                .forEach(name -> add(registers, name, 32, "int", CORE));
    }

    private static void addVectors(List<Register> registers, int count) {
        for (int n = 0; n < count; n++) add(registers, "xmm" + n, 128, "vector", SSE);
        add(registers, "mxcsr", 32, "int", SSE);
    }

    private static void add(List<Register> registers, String name, int bits, String type, String feature) {
        registers.add(new Register(name, name, bits, type, feature));
    }

    private static void addNarrow(List<Register> registers, String name, String type) {
        registers.add(new Register("e" + name, "r" + name, 32, type, CORE));
    }

    /** As the debugger wants it. */
    String xml() {
        StringBuilder xml = new StringBuilder("""
                <?xml version="1.0"?>
                <!DOCTYPE target SYSTEM "gdb-target.dtd">
                <target version="1.0">
                <architecture>%s</architecture>
                """.formatted(architecture));
        for (String feature :
                registers.stream().map(Register::feature).distinct().toList()) {
            xml.append("<feature name=\"%s\">\n".formatted(feature));
            xml.append(types(feature));
            registers.stream()
                    .filter(register -> register.feature().equals(feature))
                    .forEach(register -> xml.append("<reg name=\"%s\" bitsize=\"%d\" type=\"%s\"/>\n"
                            .formatted(register.name(), register.bits(), register.type())));
            xml.append("</feature>\n");
        }
        return xml.append("</target>\n").toString();
    }

    private static String types(String feature) {
        return switch (feature) {
            // SDM Vol 1 §3.4.3.
            case CORE -> """
                <flags id="eflags" size="4">
                <field name="CF" start="0" end="0"/><field name="PF" start="2" end="2"/><field name="AF" start="4" end="4"/>
                <field name="ZF" start="6" end="6"/><field name="SF" start="7" end="7"/><field name="TF" start="8" end="8"/>
                <field name="IF" start="9" end="9"/><field name="DF" start="10" end="10"/><field name="OF" start="11" end="11"/>
                <field name="NT" start="14" end="14"/><field name="RF" start="16" end="16"/><field name="VM" start="17" end="17"/>
                <field name="AC" start="18" end="18"/><field name="VIF" start="19" end="19"/><field name="VIP" start="20" end="20"/>
                <field name="ID" start="21" end="21"/>
                </flags>
                """;
            case SSE -> """
                <vector id="v4f" type="ieee_single" count="4"/><vector id="v2d" type="ieee_double" count="2"/>
                <vector id="v16i8" type="int8" count="16"/><vector id="v8i16" type="int16" count="8"/>
                <vector id="v4i32" type="int32" count="4"/><vector id="v2i64" type="int64" count="2"/>
                <union id="vector">
                <field name="v4_float" type="v4f"/><field name="v2_double" type="v2d"/><field name="v16_int8" type="v16i8"/>
                <field name="v8_int16" type="v8i16"/><field name="v4_int32" type="v4i32"/><field name="v2_int64" type="v2i64"/>
                <field name="uint128" type="uint128"/>
                </union>
                """;
            default -> "";
        };
    }
}
