package dev.simvisor.node.vmm;

import com.google.protobuf.ByteString;

/**
 * A piece of what a guest said: at most one line, or several that it said at nearly the same time.
 *
 * @param offset position of the first byte in all that this VM has said in its life, on whatever host
 * @param nanos virtual time of the last byte
 */
public record ConsoleChunk(long offset, ByteString bytes, long nanos) {}
