/**
 * The page stream of a migration, or of a clone, over gRPC: the only bulk data between nodes. The sender waits while the stream
 * is not ready, the receiver asks for one chunk at a time, so that memory stays bounded whatever the speeds. {@code transfer.proto} shows
 * the sequence. A migration of several channels has as many streams, each on a connection of its own; pages are dealt to them by their
 * numbers. One thread compresses and sends for all of them, for the result is the same. Real time only: what the transfer takes in
 * virtual time, threads included, is accounted for by the migration's state machines.
 * The same port answers the controller's lifeline ({@code lifeline.proto}).
 */
@NullMarked
package dev.simvisor.node.host.transfer;

import org.jspecify.annotations.NullMarked;
