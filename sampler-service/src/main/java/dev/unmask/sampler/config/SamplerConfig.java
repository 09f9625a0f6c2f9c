package dev.unmask.sampler.config;

import io.quarkus.runtime.configuration.MemorySize;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Knobs of a sampler; {@code unmask.sampler.slots} is {@code UNMASK_SAMPLER_SLOTS} outside. */
@ConfigMapping(prefix = "unmask")
public interface SamplerConfig {

  /** The base whose requests this worker takes and whose weights it serves, as unmask-mini. */
  String base();

  /**
   * Where models compute: auto (the first CUDA device where the loaded libtorch and the driver have
   * one, else the processor), cpu, cuda or cuda:N.
   */
  @WithDefault("auto")
  String device();

  /** What the model computes in: auto, f32, bf16 or int8. */
  @WithDefault("auto")
  String precision();

  Store store();

  Worker worker();

  Sampler sampler();

  /** Where weights come from. */
  interface Store {
    /** The artifact store: a folder, file:///folder, or s3://bucket/prefix. */
    String root();

    /** Folder for blobs of a bucket, shared by the processes of a machine. */
    Optional<Path> cacheDir();

    /** What may be kept there; what was used longest ago goes first. */
    @WithDefault("64G")
    MemorySize cacheSize();

    /**
     * Public keys, or folders of them. When there are any, a checkpoint is served only with a valid
     * signature of one of them.
     */
    Optional<List<Path>> trustedKeys();
  }

  /** Who this worker is. */
  interface Worker {
    /** Unique in the cluster and the same after a restart; by default host name and process id. */
    Optional<String> id();
  }

  /** How it works. */
  interface Sampler {
    /**
     * Requests that this worker holds at the same time, one a slot. A slot that was never needed
     * costs nothing; one that was keeps a member of the share group, two threads and about 6 MB.
     */
    @WithDefault("20")
    int slots();

    /** How many of the slots serve the bulk topic; the others serve people who wait. */
    @WithDefault("4")
    int bulkSlots();

    /**
     * Most memory that requests which run together may need where models compute, weights not
     * counted; those beyond it wait for room, and one that needs more by itself is refused with the
     * numbers. By default half of the machine's or container's memory, or what weights leave of
     * nine tenths of a device's free memory; give less where samplers share one.
     */
    Optional<MemorySize> memory();

    /**
     * Memory for whole models that are kept loaded. Where a new version does not fit beside those
     * that serve, samplers let go of these first, at most a quarter of a base's at once; what can
     * never fit is refused with the numbers. By default a quarter of the machine's or container's
     * memory, or on a device all that may be used of it; give less where samplers share one.
     */
    Optional<MemorySize> weightsMemory();

    /**
     * Whole models kept loaded at the same time; the least recently used one goes first. At least
     * 2.
     */
    @WithDefault("4")
    int maxModels();

    /**
     * Memory for adapters that are kept loaded beside their bases; beyond it the least recently
     * used one that nobody uses goes first, and is loaded again when somebody asks for it.
     */
    @WithDefault("256M")
    MemorySize adapterMemory();

    /** How often the lock on a running request is renewed; well below the lock's 15 s. */
    @WithDefault("5s")
    Duration renewEvery();

    /**
     * The delivery of a request that is not run any more but ends in dead letters. A worker that is
     * killed costs its requests one delivery, and one of them a second one, which its waiting slot
     * swallowed; see decision 0009. At most 10, the broker's own limit.
     */
    @WithDefault("4")
    int lastDelivery();

    /** How long running requests may go on after SIGTERM before they are given back. */
    @WithDefault("20s")
    Duration drainPatience();

    /** Longest wait for the answer to one probe of a new checkpoint. */
    @WithDefault("120s")
    Duration probePatience();

    /** How often the worker says that it lives. */
    @WithDefault("2s")
    Duration heartbeat();

    /** A checkpoint without an alias is taken up at start when it was published this recently. */
    @WithDefault("10m")
    Duration recentCheckpoint();

    /**
     * Takes requests that name recorded random numbers, to compare a cluster with the reference
     * implementation. Never on where people are served: a request could read any safetensors file
     * of the store.
     */
    @WithDefault("false")
    boolean recordedDraws();

    /**
     * Keys of this cluster, as the gateway's: with them the port of health and metrics asks for one
     * with the role metrics or admin, except for health.
     */
    Optional<Path> apiKeys();

    /** Folder of this worker alone for files of loaded models; by default under java.io.tmpdir. */
    Optional<Path> cacheDir();
  }
}
