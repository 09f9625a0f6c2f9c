package dev.unmask.sft.config;

import io.quarkus.runtime.configuration.MemorySize;
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
    /** The artifact store: a folder, file:///folder, or s3://bucket/prefix. */
    String root();

    /** Folder for blobs of a bucket, shared by the processes of a machine. */
    Optional<Path> cacheDir();

    /** What may be kept there; what was used longest ago goes first. */
    @WithDefault("64G")
    MemorySize cacheSize();

    /** Private key, with its public half beside it, that signs what this trainer publishes. */
    Optional<Path> signingKey();
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

    /**
     * Folder for the states of jobs that run; by default runs in the store's folder. A store in a
     * bucket needs one: states are large, change all the time and are read by trainers only, so
     * they are never sent there. A job goes on from its state only on trainers that see the folder.
     */
    Optional<Path> runsDir();

    /**
     * Keys of this cluster, as the gateway's: with them the port of health and metrics asks for one
     * with the role metrics or admin, except for health.
     */
    Optional<Path> apiKeys();
  }
}
