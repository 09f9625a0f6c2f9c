package dev.unmask.gateway.flow.admission;

import static dev.unmask.gateway.flow.admission.FieldChecks.invalid;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.TokenIds;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * A request to score.
 *
 * @param wire the request as it travels on
 */
public record ValidScore(ScoreRequest wire, ModelName model, Optional<Duration> deadline)
    implements ValidCall {

  private static final int USUAL_SAMPLES = 128;

  /** Rows that are scored in one pass, about. */
  private static final int ROWS_AT_ONCE = 8;

  @Override
  public int steps() {
    return Math.ceilDiv(wire.hasSamples() ? wire.getSamples() : USUAL_SAMPLES, ROWS_AT_ONCE);
  }

  @Override
  public int leastSteps() {
    return 1;
  }

  @Override
  public long characters() {
    return (long) wire.getContext().getText().length() + wire.getContinuation().getText().length();
  }

  @Override
  public int tokens() {
    long ids =
        (long) wire.getContext().getTokenIds().getIdsCount()
            + wire.getContinuation().getTokenIds().getIdsCount();
    return (int)
        Math.min(
            Integer.MAX_VALUE, ids + Math.ceilDiv(characters(), ValidRequest.CHARACTERS_A_TOKEN));
  }

  /** Texts are measured by the sampler, which owns the tokenizer. */
  @Override
  public void checkAgainst(ResolvedModel resolved) throws RefusedException {
    TokenIds before = wire.getContext().getTokenIds();
    TokenIds scored = wire.getContinuation().getTokenIds();
    long length = (long) before.getIdsCount() + scored.getIdsCount();
    if (resolved.contextLength() > 0 && length > resolved.contextLength()) {
      throw invalid(
          "continuation.token_ids",
          "The context has "
              + before.getIdsCount()
              + " tokens and the continuation "
              + scored.getIdsCount()
              + ", together more than the model's context of "
              + resolved.contextLength()
              + ".");
    }
    checkIds("context.token_ids", before, resolved.vocabularySize());
    checkIds("continuation.token_ids", scored, resolved.vocabularySize());
  }

  @Override
  public void addTo(GenerationJob.Builder job, String model, LongSupplier newSeed) {
    ScoreRequest.Builder score = wire.toBuilder().setModel(model);
    if (!score.hasSeed()) {
      score.setSeed(newSeed.getAsLong());
    }
    job.setScore(score);
  }

  private static void checkIds(String field, TokenIds tokens, int vocabulary)
      throws RefusedException {
    for (int i = 0; vocabulary > 0 && i < tokens.getIdsCount(); i++) {
      if (tokens.getIds(i) >= vocabulary) {
        throw invalid(
            field,
            field
                + "["
                + i
                + "] is "
                + tokens.getIds(i)
                + "; the model's vocabulary ends at "
                + (vocabulary - 1)
                + ".");
      }
    }
  }
}
