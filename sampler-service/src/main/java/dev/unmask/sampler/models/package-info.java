/**
 * The weights of this worker: which exist, which are loaded, who uses them.
 *
 * <p>{@link dev.unmask.sampler.models.Catalog} is the fold of the checkpoint and alias topics,
 * owned by the thread that reads them and read by all. {@link dev.unmask.sampler.models.ModelShelf}
 * owns every loaded model, whole ones and adapters on them; {@link
 * dev.unmask.sampler.models.CheckpointLoader} builds one beside the others on the shelf's single
 * loader thread and judges it before anybody can lease it. Swapping is a change of a map: a run
 * keeps the {@link dev.unmask.sampler.models.Lease} it started with, the next run gets what the
 * alias names then.
 *
 * <p>Plain objects without Kafka; any failure to load keeps what is there and says why.
 */
@NullMarked
package dev.unmask.sampler.models;

import org.jspecify.annotations.NullMarked;
