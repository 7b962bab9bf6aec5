package dev.simvisor.node.vmm.hardware;

import dev.simvisor.node.cpu.Cpu;
import dev.simvisor.node.cpu.GuestException;
import dev.simvisor.node.cpu.nonroot.ControlStructure;
import dev.simvisor.node.cpu.nonroot.ExitReason;
import dev.simvisor.node.cpu.nonroot.InterruptionInformation;
import dev.simvisor.node.vmm.exit.ExitKind;
import dev.simvisor.node.vmm.exit.ExitLedger;

/**
 * Which event goes into the guest with a VM entry (SDM Vol 3C §27.6): the one whose delivery the last exit interrupted, or an
 * NMI, or an interrupt of the virtual interrupt controllers. What cannot go in yet is waited for by a window.
 */
final class VirtualEvents {
    private final Cpu virtual;
    private final ControlStructure controls;
    private final ExitLedger ledger;
    /** An interrupt waits for its window. */
    private boolean windowAwaited;

    VirtualEvents(Cpu virtual, ControlStructure controls, ExitLedger ledger) {
        this.virtual = virtual;
        this.controls = controls;
        this.ledger = ledger;
    }

    /** Whether a delivery has been interrupted and is to be taken up again, before anything else can be. */
    boolean deliveryInterrupted() {
        return InterruptionInformation.valid(controls.entryInterruptionInformation);
    }

    /** Takes over, after an exit, the event whose delivery it interrupted. */
    void takeInterruptedDelivery() {
        int event = controls.idtVectoringInformation;
        controls.idtVectoringInformation = InterruptionInformation.NONE;
        // A software interrupt is delivered anew by its instruction, which rIP still points at.
        if (!InterruptionInformation.valid(event) || InterruptionInformation.isSoftware(event)) return;
        controls.entryInterruptionInformation = event;
        controls.entryExceptionErrorCode = controls.idtVectoringErrorCode;
    }

    /** Whether something wakes the halted processor. */
    boolean wake() {
        return virtual.pendingDebugTraps != 0 || nonMaskableDue() || interruptDue();
    }

    /**
     * Prepares the next entry.
     *
     * @param runStarts nothing has been executed since the machine asked to run
     */
    void prepareEntry(boolean runStarts) {
        boolean occupied = deliveryInterrupted() || virtual.pendingDebugTraps != 0;
        boolean blocked = occupied || virtual.interruptShadow;
        if (!blocked && nonMaskableDue()) {
            virtual.nmiPending = false;
            inject(InterruptionInformation.NMI, GuestException.NMI);
            blocked = true;
        } else if (!blocked && interruptDue()) {
            // An exit for the window was due at this very instruction, had the run not begun here.
            if (runStarts && windowAwaited) ledger.count(ExitKind.VM_EXIT, ExitReason.INTERRUPT_WINDOW.written());
            inject(InterruptionInformation.EXTERNAL_INTERRUPT, virtual.interruptController.acknowledge());
        }
        windowAwaited = virtual.interruptController.interruptPending();
        controls.interruptWindowExiting(windowAwaited);
        controls.nmiWindowExiting(virtual.nmiPending);
    }

    /** Nothing waits for a window in the state that there is now. */
    void forgetWindow() {
        windowAwaited = false;
    }

    private void inject(int type, int vector) {
        ledger.count(ExitKind.INTERRUPT_DELIVERY);
        controls.entryInterruptionInformation = InterruptionInformation.VALID | type | vector;
    }

    private boolean nonMaskableDue() {
        return virtual.nmiPending && !virtual.nmiBlocked;
    }

    private boolean interruptDue() {
        return virtual.interruptsEnabled() && virtual.interruptController.interruptPending();
    }
}
