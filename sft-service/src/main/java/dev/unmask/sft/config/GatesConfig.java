package dev.unmask.sft.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What new weights may cost at most before an alias moves to them; {@code
 * unmask.gates.probe-nll-rise} is {@code UNMASK_GATES_PROBE_NLL_RISE} outside. Whoever moves
 * aliases has the same knobs.
 */
@ConfigMapping(prefix = "unmask.gates")
public interface GatesConfig {

  /**
   * Nats per token that the fixed probe answers may cost more than on the weights that serve. A
   * model that learned a narrow task forgets some of them, a broken one all.
   */
  @WithDefault("4")
  double probeNllRise();

  /** Part of the probes that may be answered with nothing, 0 to 1. */
  @WithDefault("0.5")
  double emptyAnswers();

  /** Time of a denoising step over that of the weights that serve. */
  @WithDefault("1.5")
  double stepRatio();

  /** Milliseconds that a step may be slower whatever the ratio is: below it there is noise. */
  @WithDefault("20")
  double stepSlackMs();

  /**
   * Questions with checkable answers, as {@code unmask corpus} writes them, that the weights before
   * a job and after it are asked. Of the trainer alone; without a file nothing is asked.
   */
  Optional<Path> questions();

  /** So many of them at most, from all parts of the file. */
  @WithDefault("400")
  int questionCount();

  /**
   * How many right answers there must be for each right one before, 0 to 1. A narrow job forgets
   * most of them and is meant to be tried (the otter of the examples keeps a seventh); broken
   * weights have none.
   */
  @WithDefault("0.05")
  double accuracyKept();
}
