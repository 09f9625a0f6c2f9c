package dev.unmask.store;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint is: the files it consists of and where it came from. The sha256 of its
 * canonical JSON is the checkpoint's identity, so anything that should not change the identity must
 * stay out of it: signatures lie beside it.
 *
 * <p>JSON names are these in snake_case; a component that is null is left out. What is read of
 * older and newer layouts, {@link ManifestJson} says.
 *
 * @param schemaVersion the layout it was written in; at most {@link #SCHEMA_VERSION} unless {@code
 *     asWritten} is there
 * @param model name of the model, without an alias
 * @param base the base whose samplers serve it; also part of the request topic's name
 * @param kind what the files hold
 * @param createdAt Unix seconds; null for an imported folder, so that importing it again gives the
 *     same digest
 * @param baseDigest the weights that an adapter sits on; null for full weights
 * @param parentDigest the weights that training started from
 * @param files sorted by path
 * @param architecture from config.json; an adapter has its base's
 * @param diffusion from config.json; an adapter has its base's
 * @param tokenizerDigest of tokenizer.json; an adapter has its base's
 * @param chatTemplateDigest of the chat template's text; null when there is none
 * @param lora the adapter's shape, of {@code LORA} and of {@code MERGED} where it is known
 * @param training how it was made; null when that is not known
 * @param metrics finite numbers by name
 * @param probe which questions the metrics about probes are of; null when none were asked
 * @param licence an SPDX expression
 * @param attributions whom to name when the weights are passed on
 * @param compat who may read it; null in layout 1
 * @param asWritten its own bytes where a newer build wrote fields that this one does not know
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Manifest(
    int schemaVersion,
    String model,
    String base,
    Kind kind,
    @Nullable Long createdAt,
    @Nullable Digest baseDigest,
    @Nullable Digest parentDigest,
    List<ManifestFile> files,
    Architecture architecture,
    Diffusion diffusion,
    Digest tokenizerDigest,
    @Nullable Digest chatTemplateDigest,
    @Nullable Lora lora,
    @Nullable Training training,
    Map<String, Double> metrics,
    @Nullable Probe probe,
    String licence,
    List<String> attributions,
    @Nullable Compat compat,
    @JsonIgnore @Nullable String asWritten) {

  /** The layout that this build writes. */
  public static final int SCHEMA_VERSION = 2;

  /** What the files hold. */
  public enum Kind {
    /** The whole network. */
    FULL,
    /** A low-rank adapter on the base named by digest. */
    LORA,
    /** The whole network with an adapter added to it. */
    MERGED,
    /** Vectors before every prompt of the base named by digest. */
    PROMPT_TUNING;

    /** Whether the files alone are no model: the base's are needed too. */
    public boolean needsBase() {
      return this == LORA || this == PROMPT_TUNING;
    }
  }

  /**
   * The network's shape.
   *
   * @param norm for example {@code rms}; null when config.json does not say
   * @param act the feed-forward layer's activation; null when config.json does not say
   * @param dtype of the weights as safetensors spells it; {@code MIXED} when they differ
   * @param maxLen positions that a request has: those of the context that virtual tokens leave
   * @param paramCount elements of all tensors of the network, without an adapter's
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Architecture(
      String family,
      int layers,
      int hidden,
      int heads,
      int kvHeads,
      int ffn,
      int vocab,
      int maxLen,
      boolean tieEmbeddings,
      @Nullable String norm,
      @Nullable String act,
      double ropeTheta,
      String dtype,
      long paramCount) {

    /** The same with another context. */
    Architecture withMaxLen(int tokens) {
      return new Architecture(
          family,
          layers,
          hidden,
          heads,
          kvHeads,
          ffn,
          vocab,
          tokens,
          tieEmbeddings,
          norm,
          act,
          ropeTheta,
          dtype,
          paramCount);
    }
  }

  /**
   * What masked diffusion needs to know. Null is what neither config.json, generation_config.json
   * nor the training says.
   *
   * @param schedule the noise schedule; always {@code linear} in this family
   * @param rightShift whether the logits at i predict the token at i + 1
   * @param eps the least share of masked tokens in training
   * @param lossWeight {@code 1/t} or {@code uniform}
   * @param defaultSteps denoising steps of a request that names none
   * @param defaultBlock block length of a request that names none, in tokens
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Diffusion(
      @Nullable Integer maskTokenId,
      @Nullable Integer eosId,
      @Nullable Integer padId,
      String schedule,
      boolean rightShift,
      @Nullable Double eps,
      @Nullable String lossWeight,
      @Nullable Integer defaultSteps,
      @Nullable Integer defaultBlock) {}

  /**
   * A low-rank adapter's shape.
   *
   * @param r the rank
   * @param alpha the scale's numerator
   * @param targets the matrices it sits beside, as the adapter's own files name them
   * @param rslora whether the scale is {@code alpha / sqrt(r)} and not {@code alpha / r}
   */
  public record Lora(int r, double alpha, List<String> targets, double dropout, boolean rslora) {
    public Lora {
      targets = List.copyOf(targets);
    }
  }

  /**
   * How the weights were made. Durations are seconds.
   *
   * @param gitCommit of the trainer; null when its build does not know
   * @param batchTokens tokens of one update; null when that is not known
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Training(
      String jobId,
      long step,
      double epoch,
      long seed,
      String trainerVersion,
      @Nullable String gitCommit,
      String optimizer,
      String lossWeight,
      double learningRate,
      @Nullable Long batchTokens,
      long tokensSeen,
      double wallSeconds,
      String device,
      List<Dataset> dataset) {

    public Training {
      dataset = List.copyOf(dataset);
    }
  }

  /**
   * Rows that the weights have seen.
   *
   * @param uri a file's id, or a topic with the offsets that were read
   * @param sha256 empty where the rows have none
   */
  public record Dataset(String uri, String sha256, long rows, long rowsRejected, String licence) {}

  /**
   * The questions that were asked before and after.
   *
   * @param digest of the questions' texts, one a line
   * @param samplesRef the stored file with the answers; null when they were not kept
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Probe(Digest digest, @Nullable String samplesRef) {}

  /**
   * Who may read a manifest.
   *
   * @param minSchema the oldest layout whose readers understand what these weights mean
   * @param minSamplerVersion the oldest sampler that serves them
   * @param numerics what the metrics were computed in, as {@code fp32-cpu}
   */
  public record Compat(int minSchema, String minSamplerVersion, String numerics) {

    /** What this build's own manifests say. */
    public static Compat own() {
      // Readers of layout 1 refuse everything newer; the first release serves every kind.
      return new Compat(SCHEMA_VERSION, "0.1.0", "fp32-cpu");
    }
  }

  private static final Pattern MODEL_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,199}");
  private static final Pattern BASE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  /**
   * @throws IllegalArgumentException with a sentence when a name is not allowed, two files share a
   *     path, there are no weights, an adapter has no base, or a metric is not finite
   */
  public Manifest {
    requireName("model", MODEL_NAME, model);
    requireName("base", BASE_NAME, base);
    files = files.stream().sorted((a, b) -> a.path().compareTo(b.path())).toList();
    for (int i = 1; i < files.size(); i++) {
      if (files.get(i).path().equals(files.get(i - 1).path())) {
        throw new IllegalArgumentException(
            "the manifest lists the file '" + files.get(i).path() + "' twice");
      }
    }
    if (files.stream().noneMatch(f -> f.role() == ManifestFile.Role.WEIGHTS)) {
      throw new IllegalArgumentException("the manifest of '" + model + "' lists no weights");
    }
    requireKindsFields(schemaVersion, kind, baseDigest, lora);
    metrics.forEach((name, value) -> {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("metric '" + name + "' is " + value);
      }
    });
    metrics = Map.copyOf(metrics);
    attributions = List.copyOf(attributions);
  }

  private static void requireKindsFields(
      int schemaVersion, Kind kind, @Nullable Digest baseDigest, @Nullable Lora lora) {
    if (kind.needsBase() != (baseDigest != null)) {
      throw new IllegalArgumentException(
          "base_digest is for adapters and only for them; the manifest's kind is " + kind);
    }
    if (lora != null && kind != Kind.LORA && kind != Kind.MERGED) {
      throw new IllegalArgumentException(
          "lora is for low-rank adapters; the manifest's kind is " + kind);
    }
    if (lora == null && kind == Kind.LORA && schemaVersion > 1) {
      throw new IllegalArgumentException("the manifest's kind is LORA, and it has no lora");
    }
  }

  private static void requireName(String what, Pattern form, String name) {
    if (!form.matcher(name).matches()) {
      throw new IllegalArgumentException(
          what + " name '" + name + "' is not allowed: it has to match " + form);
    }
  }

  /** The bytes that are hashed, stored and sent. */
  public byte[] canonicalJson() {
    return asWritten == null
        ? ManifestJson.bytes(this)
        : asWritten.getBytes(StandardCharsets.UTF_8);
  }

  /** The checkpoint's identity. */
  public Digest digest() {
    return Digest.of(canonicalJson());
  }

  /** Bytes of all files together. */
  public long totalSize() {
    return files.stream().mapToLong(ManifestFile::size).sum();
  }

  /** Whether it names the same content as another one, whatever else the two say. */
  public boolean hasFilesOf(Manifest other) {
    return files.equals(other.files) && Objects.equals(baseDigest, other.baseDigest);
  }

  /**
   * Reads {@link #canonicalJson()} back.
   *
   * @throws StoreException when the bytes are not a manifest in its one canonical spelling, or one
   *     that this build must not use
   */
  public static Manifest parse(byte[] json) throws StoreException {
    return ManifestJson.parse(json);
  }

  /** The same manifest, which has these bytes. */
  Manifest writtenAs(String json) {
    return new Manifest(
        schemaVersion,
        model,
        base,
        kind,
        createdAt,
        baseDigest,
        parentDigest,
        files,
        architecture,
        diffusion,
        tokenizerDigest,
        chatTemplateDigest,
        lora,
        training,
        metrics,
        probe,
        licence,
        attributions,
        compat,
        json);
  }
}
