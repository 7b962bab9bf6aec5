package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.vmm.para.xenstore.NodePermissions;
import dev.simvisor.node.vmm.para.xenstore.NodePermissions.Access;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;

/**
 * A domain's own part of the store, as a toolstack writes it before the guest starts (Xen, {@code
 * misc/xenstore-paths.pandoc}).
 */
final class DomainDirectory {
    /** What the guest may write: how it is, and what it can do. */
    private static final List<String> GUESTS_OWN = List.of(
            "control/shutdown",
            "control/feature-poweroff",
            "control/feature-reboot",
            "control/feature-suspend",
            "control/sysrq",
            "device/suspend/event-channel",
            "data",
            "drivers",
            "feature",
            "attr",
            "error");

    private final PrivilegedStore store;
    private final String path;

    DomainDirectory(PrivilegedStore store, int domain) {
        this.store = store;
        this.path = "/local/domain/" + domain;
    }

    /** Writes all that a guest may look for. */
    void write(DomainDescription description) {
        int domain = description.domain();
        NodePermissions readable = NodePermissions.ownedBy(0).and(domain, Access.READ);
        UUID identity = UUID.nameUUIDFromBytes(description.name().getBytes(StandardCharsets.UTF_8));
        String vm = "/vm/" + identity;
        store.makeDirectory(vm, readable);
        store.write(vm + "/name", description.name());
        store.write(vm + "/uuid", identity.toString());

        store.makeDirectory(path, readable);
        store.write(path + "/vm", vm);
        store.write(path + "/name", description.name());
        store.write(path + "/domid", Integer.toString(domain));
        for (int vcpu = 0; vcpu < description.vcpus(); vcpu++) {
            store.write(path + "/cpu/" + vcpu + "/availability", "online");
        }
        store.write(path + "/memory/static-max", Long.toString(description.memoryKibibytes()));
        memoryTarget(description.memoryKibibytes());
        store.makeDirectory(path + "/device", readable);
        store.makeDirectory(path + "/control", readable);
        store.write(path + "/control/platform-feature-multiprocessor-suspend", "1");
        for (String own : GUESTS_OWN) {
            store.makeDirectory(path + "/" + own, NodePermissions.ownedBy(domain));
        }
        ring("store", description.storeFrame(), description.storePort());
        ring("console", description.consoleFrame(), description.consolePort());
        store.write(path + "/console/type", "xenconsoled");
        store.write(path + "/console/output", "pty");
    }

    private void ring(String name, long frame, int port) {
        store.write(path + "/" + name + "/ring-ref", Long.toString(frame));
        store.write(path + "/" + name + "/port", Integer.toString(port));
    }

    /** Asks the guest to balloon to a size. */
    void memoryTarget(long kibibytes) {
        store.write(path + "/memory/target", Long.toString(kibibytes));
    }

    /** Asks the guest to end or to halt for its migration: {@code poweroff}, {@code reboot}, {@code suspend}. */
    void requestShutdown(String kind) {
        store.write(path + "/control/shutdown", kind);
    }

    /** Clears the request, unless the guest has done so when it took note of it. */
    void withdrawShutdown(String kind) {
        if (kind.equals(store.read(path + "/control/shutdown"))) store.write(path + "/control/shutdown", "");
    }
}
