/**
 * The batched denoising engine: one thread that takes all running requests of a model through one
 * packed forward pass a step, and scores answers between two steps.
 *
 * <p>A {@link dev.unmask.model.engine.CanvasRun} is one request: it names the slots whose logits it
 * wants, and is told tokens and confidences. {@link dev.unmask.model.engine.PackedStep} takes any
 * number of them one step further. Two loops drive it: {@link
 * dev.unmask.model.engine.DenoisingEngine} with many requests that join and leave between steps,
 * and {@link dev.unmask.model.engine.SimpleLoop} with one, which is the engine's oracle. Only the
 * engine's own thread touches tensors; its public methods may be called from any thread.
 */
@NullMarked
package dev.unmask.model.engine;

import org.jspecify.annotations.NullMarked;
