package dev.simvisor.controller.boot;

import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/** Who may hold a VM, look at it and have it go on. Called by the thread that runs the VM, between two slices. */
public interface Debugger {
    /** Lets the VM run. */
    Debugger NONE = new Debugger() {
        @Override
        public OptionalLong awaitPermission(BooleanSupplier abandoned) {
            return OptionalLong.of(Long.MAX_VALUE);
        }

        @Override
        public boolean takesBack(BootEnd end, BooleanSupplier abandoned) {
            return false;
        }
    };

    /**
     * Waits until the VM may run.
     *
     * @param abandoned whether nobody wants the VM any more
     * @return up to how many instructions, counted from the VM's start; nothing when the VM is to be ended
     */
    OptionalLong awaitPermission(BooleanSupplier abandoned) throws InterruptedException;

    /** The VM has ended. Returns whether it has been taken back to before that and is to go on; else it may be forgotten. */
    boolean takesBack(BootEnd end, BooleanSupplier abandoned) throws InterruptedException;
}
