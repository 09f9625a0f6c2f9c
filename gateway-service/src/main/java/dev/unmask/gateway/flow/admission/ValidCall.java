package dev.unmask.gateway.flow.admission;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.v1.GenerationJob;
import java.time.Duration;
import java.util.Optional;
import java.util.function.LongSupplier;

/** A request that is right as far as can be told without its model, whatever it asks for. */
public sealed interface ValidCall permits ValidRequest, ValidScore {

  ModelName model();

  /** The caller's wish, when there is one. */
  Optional<Duration> deadline();

  /** About how many denoising steps the answer takes; for estimates of time only. */
  int steps();

  /** The fewest denoising steps after which there may be an answer. */
  int leastSteps();

  /**
   * About how many tokens it costs, judged by its characters: those read and those it may write.
   */
  int tokens();

  /** Of all its texts. */
  long characters();

  /**
   * Checks what depends on the model.
   *
   * @throws RefusedException INVALID_ARGUMENT with the numbers
   */
  void checkAgainst(ResolvedModel resolved) throws RefusedException;

  /**
   * Puts the request into the job that travels to the samplers.
   *
   * @param model the name to send on
   * @param newSeed draws a seed for a request without one
   */
  void addTo(GenerationJob.Builder job, String model, LongSupplier newSeed);
}
