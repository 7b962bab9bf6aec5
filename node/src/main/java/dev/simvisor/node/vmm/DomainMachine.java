package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.node.vmm.para.ParavirtualMachine;
import dev.simvisor.node.vmm.para.backend.BackendDomain;
import dev.simvisor.node.vmm.para.domain.Domain;
import dev.simvisor.proto.state.SuspendedDomainState;
import java.util.BitSet;
import java.util.List;

/** A paravirtual machine, as the VMM sees it. It is saved, by its guest's leave, as an image in canonical form. */
final class DomainMachine extends HostedMachine {
    private final ParavirtualMachine machine;

    /**
     * @param ledger of the machine's exits
     * @param disks the machine's, to be closed with it
     */
    DomainMachine(ParavirtualMachine machine, ExitLedger ledger, List<RawDiskImage> disks) {
        super(machine.domain().memory().memory(), ledger, disks);
        this.machine = machine;
    }

    @Override
    void boot(BootSource source) throws InvalidImageException {
        switch (source) {
            case BootSource.Linux(var kernel, var initrd, String commandLine) ->
                machine.boot(kernel, initrd, commandLine);
            case BootSource.Multiboot(var kernel, String commandLine, var modules) -> {
                if (modules.size() > 1) {
                    throw new InvalidImageException(kernel.name() + " with " + modules.size()
                            + " modules: a paravirtual kernel has at most one");
                }
                machine.boot(kernel, modules.isEmpty() ? null : modules.getFirst(), commandLine);
            }
        }
        addDevices(machine.backends());
    }

    private void addDevices(BackendDomain backends) {
        disks().forEach(backends::addDisk);
        backends.addCardAlone();
    }

    // ---- time ----

    @Override
    public long cycles() {
        return machine.cycles();
    }

    @Override
    public long instructions() {
        return machine.instructions();
    }

    @Override
    public long busyCycles() {
        return machine.busyCycles();
    }

    @Override
    public RunEnd runUntil(long cycles) {
        return switch (machine.runUntil(cycles, Long.MAX_VALUE)) {
            case ParavirtualMachine.RunEnd.Reached() -> new RunEnd.Reached();
            case ParavirtualMachine.RunEnd.Suspended() -> new RunEnd.Suspended();
            case ParavirtualMachine.RunEnd.ShutDown(Domain.Shutdown reason) -> end(reason);
        };
    }

    private RunEnd end(Domain.Shutdown reason) {
        return switch (reason) {
            case POWEROFF -> new RunEnd.Ended("powered off by the guest", 0);
            case REBOOT, SOFT_RESET -> new RunEnd.Ended("reset by the guest", 0);
            case SUSPEND -> throw new IllegalStateException("a suspension is no end");
            case CRASH -> {
                String why = machine.domain().crashReason();
                yield new RunEnd.Crashed(why.isEmpty() ? "the guest says that it crashed" : why);
            }
            case WATCHDOG -> new RunEnd.Crashed("the guest's watchdog");
        };
    }

    @Override
    public void skipUntil(long cycles) {
        machine.skipUntil(cycles);
    }

    @Override
    public long nextEventCycles() {
        return machine.nextEventCycles();
    }

    // ---- console ----

    @Override
    public void consoleTo(ConsoleSink sink) {
        machine.consoleTo(value -> sink.put((byte) value));
    }

    @Override
    public void type(byte[] bytes) {
        machine.type(bytes);
    }

    @Override
    public int unreadInput() {
        return machine.unreadInput();
    }

    // ---- pages: those of the guest, as they are saved and sent ----

    @Override
    public int endFrame() {
        return machine.pages().endFrame();
    }

    @Override
    public boolean isMemory(int gfn) {
        return gfn >= 0 && gfn < endFrame();
    }

    @Override
    public boolean isZero(int gfn) {
        return machine.pages().isZero(gfn);
    }

    @Override
    public void readPage(int gfn, byte[] target, int offset) {
        machine.pages().readPage(gfn, target, offset);
    }

    @Override
    public BitSet takeDirty() {
        BitSet dirty = super.takeDirty();
        dirty.clear(endFrame(), Math.max(endFrame(), dirty.length()));
        dirty.or(machine.pages().formedBySuspension());
        return dirty;
    }

    // ---- state ----

    @Override
    public boolean canBeSaved() {
        return machine.isSuspended();
    }

    @Override
    public void requestSuspension() {
        machine.requestSuspension();
    }

    @Override
    public void resume() {
        machine.resume(this::addDevices);
    }

    @Override
    public ByteString save() {
        return machine.save().toByteString();
    }

    @Override
    public void restore(ByteString state) throws StateRefused {
        try {
            machine.restore(SuspendedDomainState.parseFrom(state));
        } catch (InvalidProtocolBufferException | UnusableStateException e) {
            throw new StateRefused("paravirtual machine cannot be restored: " + e.getMessage());
        }
    }

    @Override
    public String stateHash() {
        return machine.stateHash();
    }

    @Override
    void closeMachine() {
        machine.close();
    }
}
