/**
 * How a canvas is filled: settings, the rules that decide which slots a step commits, the random
 * draws, and the choice of tokens from logits. It follows LLaDA's sampler (Nie et al., arXiv
 * 2502.09992, and the authors' generate.py), Fast-dLLM's threshold, factor and caches, Dream's four
 * algorithms and the entropy bound.
 *
 * <p>Settings and draws are immutable. Rules and the {@link dev.unmask.model.sampling.TokenChooser}
 * belong to the thread that runs the network.
 */
@NullMarked
package dev.unmask.model.sampling;

import org.jspecify.annotations.NullMarked;
