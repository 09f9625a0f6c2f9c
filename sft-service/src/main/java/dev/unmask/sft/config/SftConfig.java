package dev.unmask.sft.config;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** Knobs of a trainer; {@code unmask.store.root} is {@code UNMASK_STORE_ROOT} outside. */
@ConfigMapping(prefix = "unmask")
public interface SftConfig {

  /**
   * What the network computes in while it learns and answers probes: auto, f32, bf16 or int8, which
   * learns in float32.
   */
  @WithDefault("auto")
  String precision();

  Store store();

  Worker worker();

  Sft sft();

  /** Where datasets and weights are. */
  interface Store {
    /** Root folder of the artifact store; run states are below it, too. */
    Path root();
  }

  /** Who this trainer is. */
  interface Worker {
    /** By default sft, host name and process id. */
    Optional<String> id();
  }

  /** How it works. */
  interface Sft {
    /** Longest wait for a live sampler's word on a new checkpoint. */
    @WithDefault("120s")
    Duration verifyPatience();

    /**
     * How long the run folder of a job that has ended is kept: the states of a failed one are there
     * for a look at what went wrong. Those of jobs that can go on stay.
     */
    @WithDefault("24h")
    Duration keepEndedRuns();
  }
}
