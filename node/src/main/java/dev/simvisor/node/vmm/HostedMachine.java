package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;
import dev.simvisor.node.machine.GuestPlatform;
import dev.simvisor.node.machine.RunOutcome;
import dev.simvisor.node.machine.UnusableStateException;
import dev.simvisor.node.machine.boot.BootSource;
import dev.simvisor.node.machine.boot.InvalidImageException;
import dev.simvisor.node.machine.disk.RawDiskImage;
import dev.simvisor.node.machine.memory.GuestPages;
import dev.simvisor.node.machine.network.Uplink;
import dev.simvisor.node.vmm.exit.ExitLedger;
import dev.simvisor.proto.api.VmSpec;
import dev.simvisor.proto.node.BootImage;
import dev.simvisor.proto.node.SavedDisk;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Consumer;

/** A platform in the memory of a host, as the VMM sees it: with the exits of its guest, and disks that end with it. */
final class HostedMachine implements GuestMachine {
    private final VmSpec spec;
    private final GuestPlatform platform;
    private final ExitLedger ledger;
    private final List<RawDiskImage> disks;
    private final Uplink uplink;
    private List<BootImage> bootImages = List.of();

    /**
     * @param spec what it is made of
     * @param ledger of the platform's exits
     * @param disks the platform's, to be closed with it
     * @param uplink what its network card is plugged into, if it has one
     */
    HostedMachine(VmSpec spec, GuestPlatform platform, ExitLedger ledger, List<RawDiskImage> disks, Uplink uplink) {
        this.spec = spec;
        this.platform = platform;
        this.ledger = ledger;
        this.disks = List.copyOf(disks);
        this.uplink = uplink;
    }

    /** As {@link GuestPlatform#boot}, with what the spec says. */
    void boot() throws InvalidImageException, StateRefused {
        BootSource source = BootFiles.source(spec);
        bootImages = BootFiles.digests(source);
        platform.boot(source);
    }

    @Override
    public List<BootImage> bootImages() {
        return bootImages;
    }

    @Override
    public void reset(List<BootImage> booted) throws StateRefused {
        BootSource source = BootFiles.sourceAgain(spec, booted);
        try {
            platform.reset(source);
        } catch (InvalidImageException e) {
            throw new StateRefused(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public SortedMap<String, Long> exits() {
        return ledger.totals();
    }

    @Override
    public List<SavedDisk> disks() {
        return disks.stream()
                .map(disk -> SavedDisk.newBuilder()
                        .setBytes(disk.sizeBytes())
                        .setReadOnly(disk.isReadOnly())
                        .build())
                .toList();
    }

    @Override
    public Optional<String> claimDisks() {
        return RawDiskImage.claimAll(disks);
    }

    @Override
    public void releaseDisks() {
        disks.forEach(RawDiskImage::release);
    }

    // ---- time ----

    @Override
    public long cycles() {
        return platform.cycles();
    }

    @Override
    public long instructions() {
        return platform.instructions();
    }

    @Override
    public long busyCycles() {
        return platform.busyCycles();
    }

    @Override
    public RunOutcome runUntil(long cycles) {
        return platform.runUntil(cycles);
    }

    @Override
    public void skipUntil(long cycles) {
        platform.skipUntil(cycles);
    }

    @Override
    public long nextEventCycles() {
        return platform.nextEventCycles();
    }

    // ---- console ----

    @Override
    public void consoleTo(ConsoleSink sink) {
        platform.consoleTo(value -> sink.put((byte) value));
    }

    @Override
    public void type(byte[] bytes) {
        platform.type(bytes);
    }

    @Override
    public int unreadInput() {
        return platform.unreadInput();
    }

    // ---- network ----

    @Override
    public void framesTo(Consumer<byte[]> sink) {
        uplink.sendTo(sink);
    }

    @Override
    public void receive(byte[] frame) {
        uplink.receive(frame);
    }

    @Override
    public void link(boolean up) {
        platform.link(up);
    }

    // ---- state ----

    @Override
    public GuestPages pages() {
        return platform.pages();
    }

    @Override
    public boolean canBeSaved() {
        return platform.canBeSaved();
    }

    @Override
    public void requestSuspension() {
        platform.requestSuspension();
    }

    @Override
    public void resume() {
        platform.resume();
    }

    @Override
    public ByteString save() {
        return platform.save().toByteString();
    }

    @Override
    public void restore(ByteString state) throws StateRefused {
        try {
            platform.restore(state);
        } catch (UnusableStateException e) {
            throw new StateRefused("machine cannot be restored: " + e.getMessage());
        }
    }

    @Override
    public String stateHash() {
        return platform.stateHash();
    }

    @Override
    public void close() {
        platform.close();
        RawDiskImage.closeAll(disks);
    }
}
