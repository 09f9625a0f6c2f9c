/**
 * The LLaDA network: its TorchScript text, its table of tensor names, and a model loaded from a
 * folder. Text and tables are immutable; a loaded model's forward passes belong to one thread (the
 * engine's), see {@link dev.unmask.model.transformer.LoadedModel}.
 */
@NullMarked
package dev.unmask.model.transformer;

import org.jspecify.annotations.NullMarked;
