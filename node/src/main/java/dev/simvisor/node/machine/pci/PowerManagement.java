package dev.simvisor.node.machine.pci;

/**
 * Function 3 of Intel's 82371AB (PIIX4), as far as it tells firmware where the power management registers are: for UEFI's they
 * are the clock. They stand where the board has put them and are enabled, so that there is nothing to set up (82371AB data sheet,
 * function 3: PMBA, PMREGMISC); what is written to say otherwise is ignored.
 */
public final class PowerManagement extends PciFunction {
    /** The function number that it has in the ISA bridge's slot. */
    public static final int FUNCTION = 3;

    private static final int VENDOR = 0x8086;
    private static final int DEVICE = 0x7113;
    private static final int REVISION = 3;
    private static final int OTHER_BRIDGE = 0x068000;

    private static final int POWER_MANAGEMENT_BASE = 0x40;
    private static final int IN_IO_SPACE = 1;
    private static final int MISCELLANEOUS = 0x80;
    private static final int IO_ENABLE = 1;

    /** Device activity B; with its APMC_EN set, firmware takes system management mode, which there is none of, for set up. */
    private static final int ACTIVITY = 0x58;

    private static final int APMC_ENABLE = 1 << 25;

    /** @param ports first I/O port of the registers */
    public PowerManagement(int ports) {
        super("power management", VENDOR, DEVICE, REVISION, OTHER_BRIDGE);
        configuration().set(POWER_MANAGEMENT_BASE, 4, ports | IN_IO_SPACE);
        configuration().set(MISCELLANEOUS, 1, IO_ENABLE);
        configuration().set(ACTIVITY, 4, APMC_ENABLE);
    }
}
