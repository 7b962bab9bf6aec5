package dev.simvisor.node.cpu.nonroot;

/** Basic exit reasons, numbered as in SDM Vol 3D appendix C; those that this processor can leave for. */
public enum ExitReason {
    /** An exception that the exception bitmap names, or an NMI under NMI exiting. */
    EXCEPTION_OR_NMI(0, "exception or NMI"),
    /** An external interrupt arrived under external-interrupt exiting. */
    EXTERNAL_INTERRUPT(1, "external interrupt"),
    /** A fault during the delivery of a double fault. */
    TRIPLE_FAULT(2, "triple fault"),
    /** At the beginning of an instruction RFLAGS.IF was 1 and nothing blocked interrupts, under interrupt-window exiting. */
    INTERRUPT_WINDOW(7, "interrupt window"),
    /** At the beginning of an instruction nothing blocked virtual NMIs, under NMI-window exiting. */
    NMI_WINDOW(8, "NMI window"),
    /** A task switch was attempted. */
    TASK_SWITCH(9, "task switch"),
    CPUID(10, "CPUID"),
    HLT(12, "HLT"),
    INVD(13, "INVD"),
    INVLPG(14, "INVLPG"),
    RDPMC(15, "RDPMC"),
    RDTSC(16, "RDTSC"),
    /** MOV to or from a control register, CLTS or LMSW. */
    CONTROL_REGISTER_ACCESS(28, "control-register access"),
    MOV_DR(29, "MOV DR"),
    IO_INSTRUCTION(30, "I/O instruction"),
    RDMSR(31, "RDMSR"),
    WRMSR(32, "WRMSR"),
    /** LGDT, LIDT, SGDT or SIDT under descriptor-table exiting. */
    ACCESS_TO_GDTR_OR_IDTR(46, "access to GDTR or IDTR"),
    /** LLDT, LTR, SLDT or STR under descriptor-table exiting. */
    ACCESS_TO_LDTR_OR_TR(47, "access to LDTR or TR"),
    /** The extended page tables lack a translation or do not allow the access. */
    EPT_VIOLATION(48, "EPT violation"),
    /** An entry of the extended page tables makes no sense. */
    EPT_MISCONFIGURATION(49, "EPT misconfiguration"),
    RDTSCP(51, "RDTSCP"),
    WBINVD(54, "WBINVD");

    private final int number;
    private final String written;

    ExitReason(int number, String written) {
        this.number = number;
        this.written = written;
    }

    public int number() {
        return number;
    }

    /** In the manual's words. */
    public String written() {
        return written;
    }
}
