/**
 * How likely an answer is: LLaDA's Monte-Carlo bound on log p(answer | prompt) (Nie et al., arXiv
 * 2502.09992, Eq. 6 and appendix B.5; get_log_likelihood.py and eval_llada.py of ML-GSAI/LLaDA),
 * and what is built of it: the perplexity of a document and the scores of continuations.
 *
 * <p>A {@link dev.unmask.model.likelihood.LikelihoodRun} is one estimate in progress; it holds no
 * tensors. A {@link dev.unmask.model.likelihood.LikelihoodPass} takes any number of them one
 * forward pass further and belongs to one thread. {@link dev.unmask.model.likelihood.Likelihood}
 * runs one estimate from start to end; the engine runs many between its denoising steps. Tasks,
 * settings, draws and results are immutable.
 */
@NullMarked
package dev.unmask.model.likelihood;

import org.jspecify.annotations.NullMarked;
