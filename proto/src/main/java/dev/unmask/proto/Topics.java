package dev.unmask.proto;

/** Names of every topic and share group. The cluster's state lives here and nowhere else. */
public final class Topics {

  /** The terminal record of every request; the first one of a request wins. */
  public static final String RESULTS = "unmask.generation.results";

  /** Cancels, read by every sampler. */
  public static final String CONTROL = "unmask.generation.control";

  /** Requests that could not be run, for operators. */
  public static final String DEAD_LETTERS = "unmask.generation.dead-letters";

  /** What is asked of jobs; the state is the fold. One partition. */
  public static final String JOBS = "unmask.generation.jobs";

  /** Prefix that every reply topic must have. */
  public static final String REPLY_PREFIX = "unmask.replies.";

  /** Replies to gateways; an instance owns one partition by hash. */
  public static final String GATEWAY_REPLIES = REPLY_PREFIX + "gateway";

  /** Events of jobs, read by every gateway; the key says which partition. */
  public static final String JOB_REPLIES = REPLY_PREFIX + "jobs";

  public static final String FINETUNE_COMMANDS = "unmask.finetune.commands";
  public static final String FINETUNE_EVENTS = "unmask.finetune.events";
  public static final String REJECTED_ROWS = "unmask.finetune.rejected-rows";

  /** Dialogues to learn from: key = conversation id, value = a row's JSON; compacted. */
  public static final String DIALOGUES = "unmask.dialogues";

  /** Manifests of published checkpoints, compacted. */
  public static final String CHECKPOINTS = "unmask.checkpoints";

  /** Moves of aliases, kept for ever in one partition; the state is the fold. */
  public static final String ALIASES = "unmask.aliases";

  public static final String MODEL_REPORTS = "unmask.model.reports";

  /** Heartbeats of samplers, compacted. */
  public static final String WORKERS = "unmask.workers";

  /** What batches are and how far they are; the state is the fold. One partition. */
  public static final String BATCHES = "unmask.batches";

  /** Who changed what, for operators; never a text. */
  public static final String AUDIT = "unmask.audit";

  /** Consumer group of the gateways: its one member that has the partition runs the batches. */
  public static final String BATCH_KEEPERS_GROUP = "unmask-batch-keepers";

  /** Consumer group of the trainers. */
  public static final String TRAINERS_GROUP = "unmask-trainers";

  private Topics() {}

  /** The request topic of {@code base} for people who wait. One partition. */
  public static String interactiveRequests(String base) {
    return "unmask.generation.requests." + base + ".interactive";
  }

  /** The request topic of {@code base} for work that can wait. One partition. */
  public static String bulkRequests(String base) {
    return "unmask.generation.requests." + base + ".bulk";
  }

  /** The share group of the samplers that serve {@code base}. */
  public static String samplersGroup(String base) {
    return "unmask-samplers." + base;
  }
}
