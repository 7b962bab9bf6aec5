package dev.simvisor.node.cpu.nonroot;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;

/**
 * A virtual-machine control structure (SDM Vol 3C ch. 25): what makes non-root operation leave, what a VM entry injects, and
 * what the last VM exit was about. Fields and bits have the manual's names and numbers; there are those that the processor
 * obeys, and a control that it does not implement cannot be set.
 *
 * <p>The guest-state area is a {@link Cpu}, the processor that the guest believes in.
 */
public final class ControlStructure {
    // Pin-based VM-execution controls (§25.6.1)
    public static final int EXTERNAL_INTERRUPT_EXITING = 1;
    public static final int NMI_EXITING = 1 << 3;
    public static final int VIRTUAL_NMIS = 1 << 5;

    // Primary processor-based VM-execution controls (§25.6.2)
    public static final int INTERRUPT_WINDOW_EXITING = 1 << 2;
    public static final int USE_TSC_OFFSETTING = 1 << 3;
    public static final int HLT_EXITING = 1 << 7;
    public static final int INVLPG_EXITING = 1 << 9;
    public static final int RDPMC_EXITING = 1 << 11;
    public static final int RDTSC_EXITING = 1 << 12;
    public static final int CR3_LOAD_EXITING = 1 << 15;
    public static final int CR3_STORE_EXITING = 1 << 16;
    public static final int CR8_LOAD_EXITING = 1 << 19;
    public static final int CR8_STORE_EXITING = 1 << 20;
    public static final int NMI_WINDOW_EXITING = 1 << 22;
    public static final int MOV_DR_EXITING = 1 << 23;
    public static final int UNCONDITIONAL_IO_EXITING = 1 << 24;
    public static final int USE_IO_BITMAPS = 1 << 25;
    public static final int USE_MSR_BITMAPS = 1 << 28;
    public static final int ACTIVATE_SECONDARY_CONTROLS = 1 << 31;

    // Secondary processor-based VM-execution controls (§25.6.2)
    public static final int ENABLE_EPT = 1 << 1;
    public static final int DESCRIPTOR_TABLE_EXITING = 1 << 2;
    public static final int ENABLE_RDTSCP = 1 << 3;
    public static final int ENABLE_VPID = 1 << 5;
    public static final int WBINVD_EXITING = 1 << 6;
    public static final int UNRESTRICTED_GUEST = 1 << 7;

    private static final int PIN_BASED_IMPLEMENTED = EXTERNAL_INTERRUPT_EXITING | NMI_EXITING | VIRTUAL_NMIS;
    private static final int PRIMARY_IMPLEMENTED = INTERRUPT_WINDOW_EXITING
            | USE_TSC_OFFSETTING
            | HLT_EXITING
            | INVLPG_EXITING
            | RDPMC_EXITING
            | RDTSC_EXITING
            | CR3_LOAD_EXITING
            | CR3_STORE_EXITING
            | CR8_LOAD_EXITING
            | CR8_STORE_EXITING
            | NMI_WINDOW_EXITING
            | MOV_DR_EXITING
            | UNCONDITIONAL_IO_EXITING
            | USE_IO_BITMAPS
            | USE_MSR_BITMAPS
            | ACTIVATE_SECONDARY_CONTROLS;
    private static final int SECONDARY_IMPLEMENTED =
            ENABLE_EPT | DESCRIPTOR_TABLE_EXITING | ENABLE_RDTSCP | ENABLE_VPID | WBINVD_EXITING | UNRESTRICTED_GUEST;

    /** Bits 2:0 and 5:3 of the EPT pointer: write-back memory, a page-walk length of four, less one (§25.6.11). */
    private static final long EPT_POINTER_ATTRIBUTES = 6 | 3 << 3;

    private static final long PAGE_OFFSET = 0xFFF;

    /** The guest-state area. */
    public final Cpu guest;

    private int pinBased;
    private int primary;
    private int secondary;
    private long eptPointer;

    /** Bit n makes an exception of vector n leave (§25.6.3). */
    public int exceptionBitmap;

    /** With {@link #USE_IO_BITMAPS}: the ports that leave (§25.6.4). */
    public final IoBitmaps ioBitmaps = new IoBitmaps();

    /** With {@link #USE_MSR_BITMAPS}: the model-specific registers that leave; without, all do (§25.6.9). */
    public final MsrBitmaps msrBitmaps = new MsrBitmaps();

    // Bits of CR0 and CR4 that the VMM owns, and what the guest reads there (§25.6.6).
    public long cr0GuestHostMask;
    public long cr0ReadShadow;
    public long cr4GuestHostMask;
    public long cr4ReadShadow;

    /** Added to the time-stamp counter, with {@link #USE_TSC_OFFSETTING}. */
    public long tscOffset;

    // VM-entry controls for event injection (§25.8.3), in the format of InterruptionInformation.
    public int entryInterruptionInformation;
    public int entryExceptionErrorCode;

    // VM-exit information fields (§25.9).
    public ExitReason exitReason = ExitReason.TRIPLE_FAULT;
    public long exitQualification;
    public long guestLinearAddress;
    public long guestPhysicalAddress;
    public int exitInterruptionInformation;
    public int exitInterruptionErrorCode;
    /** The event in whose delivery the exit happened. */
    public int idtVectoringInformation;

    public int idtVectoringErrorCode;
    /** Bytes; 0 when no instruction is the exit's cause. */
    public int exitInstructionLength;

    private static final long NEVER = -1;

    /** The instruction count at which an interrupt or NMI was injected last. */
    long interruptInjectedAt = NEVER;

    public ControlStructure(Cpu guest) {
        this.guest = guest;
    }

    // ---- controls

    public void pinBased(int controls) {
        pinBased = implemented("pin-based", controls, PIN_BASED_IMPLEMENTED);
    }

    public void primary(int controls) {
        primary = implemented("primary processor-based", controls, PRIMARY_IMPLEMENTED);
    }

    public void secondary(int controls) {
        secondary = implemented("secondary processor-based", controls, SECONDARY_IMPLEMENTED);
    }

    private static int implemented(String name, int controls, int implemented) {
        int unknown = controls & ~implemented;
        if (unknown != 0) {
            throw new IllegalArgumentException(
                    name + " control bit " + Integer.numberOfTrailingZeros(unknown) + " is not implemented");
        }
        return controls;
    }

    public void interruptWindowExiting(boolean on) {
        primary = on ? primary | INTERRUPT_WINDOW_EXITING : primary & ~INTERRUPT_WINDOW_EXITING;
    }

    public void nmiWindowExiting(boolean on) {
        primary = on ? primary | NMI_WINDOW_EXITING : primary & ~NMI_WINDOW_EXITING;
    }

    /**
     * @param pointer machine address of the EPT PML4 table, with the attributes of §25.6.11
     */
    public void eptPointer(long pointer) {
        if ((pointer & PAGE_OFFSET) != EPT_POINTER_ATTRIBUTES) {
            throw new IllegalArgumentException(
                    "EPT pointer " + Long.toHexString(pointer) + ": expected write-back, four levels and no more");
        }
        eptPointer = pointer;
    }

    /** Machine address of the EPT PML4 table. */
    public long extendedTable() {
        return eptPointer & ~PAGE_OFFSET;
    }

    boolean hasPinBased(int control) {
        return (pinBased & control) != 0;
    }

    boolean hasPrimary(int control) {
        return (primary & control) != 0;
    }

    boolean hasSecondary(int control) {
        return primary < 0 && (secondary & control) != 0;
    }

    /** Guest-physical addresses are translated by extended page tables. */
    public boolean translatesGuestPhysical() {
        return hasSecondary(ENABLE_EPT);
    }

    /** TLB entries survive entries and exits. */
    boolean tagsTlb() {
        return hasSecondary(ENABLE_VPID);
    }

    /** What the guest sees added to the time-stamp counter. */
    public long timestampOffset() {
        return hasPrimary(USE_TSC_OFFSETTING) ? tscOffset : 0;
    }

    // ---- control registers, as the guest reads and writes them (§26.3)

    public long readCr0(long cr0) {
        return cr0 & ~cr0GuestHostMask | cr0ReadShadow & cr0GuestHostMask;
    }

    public long readCr4(long cr4) {
        return cr4 & ~cr4GuestHostMask | cr4ReadShadow & cr4GuestHostMask;
    }

    /** The value that a write, having been let through, leaves in CR0: the VMM's bits stay. */
    public long writtenCr0(long cr0, long value) {
        return value & ~cr0GuestHostMask | cr0 & cr0GuestHostMask;
    }

    public long writtenCr4(long cr4, long value) {
        return value & ~cr4GuestHostMask | cr4 & cr4GuestHostMask;
    }

    // ---- leaving

    /** What to throw for a VM exit: {@code throw structure.leave(...)}. */
    public GuestException leave(Cpu cpu, ExitReason reason, long qualification) {
        exitReason = reason;
        exitQualification = qualification;
        exitInterruptionInformation = InterruptionInformation.NONE;
        idtVectoringInformation = InterruptionInformation.NONE;
        exitInstructionLength = 0;
        cpu.exit.nonRoot();
        return cpu.leave();
    }

    /**
     * @param reason EPT violation or misconfiguration
     * @param qualification SDM table 28-7
     */
    public GuestException leave(Cpu cpu, ExitReason reason, long qualification, long linear, long guestPhysical) {
        guestLinearAddress = linear;
        guestPhysicalAddress = guestPhysical;
        return leave(cpu, reason, qualification);
    }

    /** The guest's state is another one now, which no event was injected into yet. */
    public void forgetInjection() {
        interruptInjectedAt = NEVER;
    }
}
