/**
 * Batches: files of requests that are run as bulk jobs. {@link
 * dev.unmask.gateway.flow.batches.BatchFold} is every gateway's view of all batches, used from any
 * thread; {@link dev.unmask.gateway.flow.batches.BatchRun} is one batch under way, used only by the
 * keeper's thread of the one gateway that runs them.
 */
@NullMarked
package dev.unmask.gateway.flow.batches;

import org.jspecify.annotations.NullMarked;
