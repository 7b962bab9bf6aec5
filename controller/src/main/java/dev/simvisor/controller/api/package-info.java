/**
 * The public API over gRPC: one service per kind of thing, each turning a request into a call of
 * {@link dev.simvisor.controller.cluster.ClusterControl} and its answer, or its refusal, into gRPC's terms. Nothing is decided
 * here. The messages are those of {@code proto/.../simvisor/api}. Start at {@link dev.simvisor.controller.api.ApiServer}.
 */
@NullMarked
package dev.simvisor.controller.api;

import org.jspecify.annotations.NullMarked;
