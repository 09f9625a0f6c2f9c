/**
 * The network of LLaDA's family: its TorchScript text, the tables of tensor names by layout, a
 * model loaded from a folder, and the guard against settings that crash. Text and tables are
 * immutable; a loaded model's forward passes belong to one thread (the engine's), see {@link
 * dev.unmask.model.transformer.LoadedModel}.
 */
@NullMarked
package dev.unmask.model.transformer;

import org.jspecify.annotations.NullMarked;
