package dev.simvisor.controller.cluster;

import dev.simvisor.proto.api.HostSpec;
import dev.simvisor.proto.node.DefineHost;
import dev.simvisor.proto.node.HostCommand;

/** Where the controller's decisions go. */
interface Outbox {
    /** The virtual time at which all hosts stand while the controller decides. */
    long nowNanos();

    /** Has a host do something at the present virtual time, after what it was given before. */
    void command(String host, HostCommand command);

    /** Runs something at a virtual time. */
    void timer(long nanos, String key, Runnable action);

    /** Brings a host into being on a node; virtual time waits for its answer. */
    void define(String node, DefineHost definition);

    /** Kills a host, if its node still lives, and forgets what it owes us. */
    void remove(String node, String host);

    /** The node that is to carry a host: the one it names, or the one that carries the fewest; empty when it is not there. */
    String nodeFor(HostSpec host);

    /** Where a node receives page streams. */
    String transferAddress(String node);
}
