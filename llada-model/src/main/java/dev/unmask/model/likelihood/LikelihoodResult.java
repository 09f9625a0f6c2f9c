package dev.unmask.model.likelihood;

/**
 * An estimate of the bound on log p(answer | prompt).
 *
 * @param logLikelihood in nats
 * @param standardError of {@code logLikelihood} in nats: 0 for an answer of one token and for an
 *     autoregressive model, which are exact. Rows of one batch share their strata and are not
 *     independent, so it is the spread of the batches' means over the root of their number. A
 *     single batch of several rows says nothing of that kind; then it is the rows' own spread over
 *     the root of their number, which ignores what the strata gain and so errs on the large side.
 *     NaN for a single row
 * @param samples rows evaluated
 * @param perToken each answer token's part of {@code logLikelihood}, which is their sum. Its
 *     expectation averages the token's log-probability over the masks of Eq. 6; it is not the
 *     token's log-probability given everything before it
 */
@SuppressWarnings("ArrayRecordComponent") // Handed over, compared by nobody.
public record LikelihoodResult(
    double logLikelihood, double standardError, int samples, double[] perToken) {

  /** Nats per answer token, positive; {@code exp} of it is a perplexity. */
  public double natsPerToken() {
    return -logLikelihood / perToken.length;
  }
}
