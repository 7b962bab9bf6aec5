package dev.simvisor.node.vmm.para.grant;

/** What became of one operation on a grant (Xen, {@code grant_table.h}: {@code GNTST_}). */
public enum GrantStatus {
    OKAY(0),
    /** None of the others. */
    GENERAL_ERROR(-1),
    /** No such domain. */
    BAD_DOMAIN(-2),
    /** No such grant, or none for that domain. */
    BAD_REFERENCE(-3),
    /** No such mapping. */
    BAD_HANDLE(-4),
    /** Nothing can be mapped at that address. */
    BAD_VIRTUAL_ADDRESS(-5),
    /** Not the address of that mapping, to a device. */
    BAD_DEVICE_ADDRESS(-6),
    /** The caller may not do that. */
    PERMISSION_DENIED(-8),
    /** Not a frame of that domain's memory. */
    BAD_PAGE(-9),
    /** A copy across the end of a page. */
    BAD_COPY_ARGUMENT(-10),
    /** In use: try again. */
    TRY_AGAIN(-12),
    /** Too many mappings. */
    NO_SPACE(-13);

    private final int code;

    GrantStatus(int code) {
        this.code = code;
    }

    /** As hypercalls report it. */
    public int code() {
        return code;
    }
}
