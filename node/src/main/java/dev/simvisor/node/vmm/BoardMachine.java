package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.simvisor.node.machine.Machine;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.proto.state.MachineState;
import java.util.List;

/** A machine with a board: processor, devices and memory, as the VMM sees it. */
final class BoardMachine extends HostedMachine {
    private final Machine machine;

    /**
     * @param ledger of the machine's exits
     * @param disks the machine's, to be closed with it
     */
    BoardMachine(Machine machine, ExitLedger ledger, List<RawDiskImage> disks) {
        super(machine.memory(), ledger, disks);
        this.machine = machine;
    }

    @Override
    void boot(BootSource source) throws InvalidImageException {
        machine.boot(source);
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
        return switch (machine.runUntil(cycles)) {
            case RunOutcome.DeadlineReached(), RunOutcome.Idle() -> new RunEnd.Reached();
            case RunOutcome.PoweredOff() -> new RunEnd.Ended("powered off by the guest", 0);
            case RunOutcome.ResetRequested() -> new RunEnd.Ended("reset by the guest", 0);
            case RunOutcome.DebugExit(int status) -> new RunEnd.Ended("ended by the guest with " + status, status);
            case RunOutcome.TripleFault() -> new RunEnd.Crashed("triple fault");
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

    // ---- state ----

    @Override
    public boolean canBeSaved() {
        return true;
    }

    @Override
    public void requestSuspension() {}

    @Override
    public void resume() {}

    @Override
    public ByteString save() {
        return machine.save().toByteString();
    }

    @Override
    public void restore(ByteString state) throws StateRefused {
        try {
            machine.restore(MachineState.parseFrom(state));
        } catch (InvalidProtocolBufferException | UnusableStateException e) {
            throw new StateRefused("machine state cannot be restored: " + e.getMessage());
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
