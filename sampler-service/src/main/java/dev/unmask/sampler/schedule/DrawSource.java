package dev.unmask.sampler.schedule;

import dev.unmask.model.likelihood.MaskDraws;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.RecordedDraws;

/**
 * Where the random numbers of requests come from that bring their own, to be compared with the
 * reference implementation. May block on files; any thread.
 */
public interface DrawSource {

  /** The draws of a canvas of {@code settings} behind {@code promptTokens} tokens. */
  Draws forTask(
      RecordedDraws named, int promptTokens, GenerationSettings settings, ServedModel model)
      throws RefusedRequestException;

  /** The masks of an answer to be scored. */
  MaskDraws forScore(
      RecordedDraws named, int promptTokens, int answerTokens, int samples, ServedModel model)
      throws RefusedRequestException;

  /** Refuses them all by name: what a sampler that serves people does. */
  DrawSource REFUSED =
      new DrawSource() {
        @Override
        public Draws forTask(
            RecordedDraws named, int promptTokens, GenerationSettings settings, ServedModel model)
            throws RefusedRequestException {
          throw refused();
        }

        @Override
        public MaskDraws forScore(
            RecordedDraws named, int promptTokens, int answerTokens, int samples, ServedModel model)
            throws RefusedRequestException {
          throw refused();
        }

        private RefusedRequestException refused() {
          return new RefusedRequestException(
              ErrorCode.ERROR_CODE_FAILED_PRECONDITION,
              "recorded_draws",
              "this sampler takes no recorded draws; they are for comparisons with the reference and"
                  + " need a sampler that was started with unmask.sampler.recorded-draws=true");
        }
      };
}
