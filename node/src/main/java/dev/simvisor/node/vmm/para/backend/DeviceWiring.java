package dev.simvisor.node.vmm.para.backend;

import dev.simvisor.node.vmm.para.grant.GrantTable;
import dev.simvisor.node.vmm.para.xenstore.XenStore;

/**
 * What a back end and its guest are connected by.
 *
 * @param domain the guest's number
 * @param storeChanged tells the guest what a back end changed in the store on its own account
 */
record DeviceWiring(int domain, PrivilegedStore store, GrantTable grants, GuestPorts ports, Runnable storeChanged) {
    /** In whose name back ends use grants. */
    static final int BACKEND_DOMAIN = XenStore.PRIVILEGED_DOMAIN;
}
