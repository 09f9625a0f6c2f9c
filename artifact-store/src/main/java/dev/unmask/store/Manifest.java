package dev.unmask.store;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.AnnotatedParameter;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint is: the files it consists of and where it came from. The sha256 of its
 * canonical JSON is the checkpoint's identity, so anything that should not change the identity must
 * stay out of it.
 *
 * <p>JSON names are these in snake_case. A manifest with a field that this build does not know is
 * refused, because such a field could change what the weights mean.
 *
 * @param schemaVersion {@link #SCHEMA_VERSION}
 * @param model name of the model, without an alias
 * @param base the base whose samplers serve it; also part of the request topic's name
 * @param kind whether the files hold the whole network
 * @param createdAt Unix seconds; null for an imported folder, so that importing it again gives the
 *     same digest
 * @param baseDigest the weights that an adapter sits on; null for anything but {@code LORA}
 * @param parentDigest the weights that training started from
 * @param files sorted by path
 * @param architecture from config.json
 * @param diffusion from config.json
 * @param tokenizerDigest of tokenizer.json
 * @param chatTemplateDigest of the chat template's text; null when there is none
 * @param training how it was made; null when that is not known
 * @param metrics finite numbers by name
 * @param licence an SPDX expression
 * @param attributions whom to name when the weights are passed on
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
    @Nullable Training training,
    Map<String, Double> metrics,
    String licence,
    List<String> attributions) {

  /** The only layout this build reads and writes. */
  public static final int SCHEMA_VERSION = 1;

  /** Whether the files hold the whole network. */
  public enum Kind {
    FULL,
    LORA,
    MERGED
  }

  /**
   * The network's shape.
   *
   * @param dtype of the weights as safetensors spells it; {@code MIXED} when they differ
   * @param paramCount elements of all tensors
   */
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
      double ropeTheta,
      String dtype,
      long paramCount) {}

  /**
   * What masked diffusion needs to know. Ids are null when config.json does not name them.
   *
   * @param schedule the noise schedule; always {@code linear} in this family
   * @param rightShift whether the logits at i predict the token at i + 1
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  public record Diffusion(
      @Nullable Integer maskTokenId,
      @Nullable Integer eosId,
      @Nullable Integer padId,
      String schedule,
      boolean rightShift) {}

  /** How the weights were made. Durations are seconds. */
  public record Training(
      String jobId,
      long step,
      double epoch,
      long seed,
      String trainerVersion,
      String optimizer,
      String lossWeight,
      double learningRate,
      long tokensSeen,
      double wallSeconds,
      String device,
      List<Dataset> dataset) {

    public Training {
      dataset = List.copyOf(dataset);
    }
  }

  /** Rows that the weights have seen. {@code sha256} is empty where the rows have none. */
  public record Dataset(String uri, String sha256, long rows, long rowsRejected, String licence) {}

  private static final ObjectMapper JSON = mapper();
  private static final Pattern MODEL_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._:-]{0,199}");
  private static final Pattern BASE_NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

  /**
   * @throws IllegalArgumentException with a sentence when a name is not allowed, two files share a
   *     path, there are no weights, an adapter has no base, or a metric is not finite
   */
  public Manifest {
    if (schemaVersion != SCHEMA_VERSION) {
      throw new IllegalArgumentException(
          "the manifest has schema_version " + schemaVersion + "; this build reads 1");
    }
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
    if ((kind == Kind.LORA) != (baseDigest != null)) {
      throw new IllegalArgumentException(
          "base_digest is for adapters and only for them; the manifest's kind is " + kind);
    }
    metrics.forEach((name, value) -> {
      if (!Double.isFinite(value)) {
        throw new IllegalArgumentException("metric '" + name + "' is " + value);
      }
    });
    metrics = Map.copyOf(metrics);
    attributions = List.copyOf(attributions);
  }

  private static void requireName(String what, Pattern form, String name) {
    if (!form.matcher(name).matches()) {
      throw new IllegalArgumentException(
          what + " name '" + name + "' is not allowed: it has to match " + form);
    }
  }

  /** The bytes that are hashed, stored and sent. */
  public byte[] canonicalJson() {
    return CanonicalJson.bytes(JSON.valueToTree(this));
  }

  /** The checkpoint's identity. */
  public Digest digest() {
    return Digest.of(canonicalJson());
  }

  /** Bytes of all files together. */
  public long totalSize() {
    return files.stream().mapToLong(ManifestFile::size).sum();
  }

  /**
   * Reads {@link #canonicalJson()} back.
   *
   * @throws StoreException when the bytes are not a manifest in its one canonical spelling
   */
  public static Manifest parse(byte[] json) throws StoreException {
    Manifest manifest;
    try {
      manifest = JSON.readValue(json, Manifest.class);
    } catch (JsonProcessingException e) {
      throw new StoreException(StoreException.Reason.INVALID, "not a manifest: " + sentence(e), e);
    } catch (IOException e) {
      throw StoreException.storage("a manifest could not be read", e);
    }
    if (!Arrays.equals(json, manifest.canonicalJson())) {
      throw StoreException.invalid(
          "the manifest of '"
              + manifest.model()
              + "' is not in canonical JSON, so its digest would be ambiguous");
    }
    return manifest;
  }

  private static String sentence(JsonProcessingException e) {
    Throwable root = e;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    if (root instanceof JsonProcessingException json) {
      return json.getOriginalMessage();
    }
    return String.valueOf(root.getMessage());
  }

  private static ObjectMapper mapper() {
    JsonMapper mapper =
        JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(
                DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES,
                DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES,
                DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .annotationIntrospector(new RequiredUnlessNullable())
            .build();
    mapper
        .coercionConfigFor(LogicalType.Textual)
        .setCoercion(CoercionInputShape.Integer, CoercionAction.Fail);
    return mapper;
  }

  /** Every component of a record has to be in the JSON unless it is marked nullable. */
  private static final class RequiredUnlessNullable extends JacksonAnnotationIntrospector {
    private static final long serialVersionUID = 1;

    @Override
    public @Nullable Boolean hasRequiredMarker(AnnotatedMember member) {
      if (member instanceof AnnotatedParameter parameter
          && parameter.getOwner().getAnnotated() instanceof Constructor<?> constructor) {
        return !constructor.getAnnotatedParameterTypes()[parameter.getIndex()].isAnnotationPresent(
            Nullable.class);
      }
      return super.hasRequiredMarker(member);
    }
  }
}
