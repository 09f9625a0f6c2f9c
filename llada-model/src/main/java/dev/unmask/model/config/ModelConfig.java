package dev.unmask.model.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The shape of a LLaDA Transformer, as {@code LLaDAModelLM} writes it to config.json (fields of the
 * public LLaDA-8B configuration).
 *
 * @param width d_model: numbers per token between blocks
 * @param layers n_layers
 * @param heads n_heads
 * @param kvHeads n_kv_heads; {@code heads} is a multiple of it
 * @param mlpWidth mlp_hidden_size: rows of the gate and up matrices
 * @param vocabularySize ids below it are tokens
 * @param embeddingSize rows of the embedding and columns of the logits, at least {@code
 *     vocabularySize}
 * @param tiedHead whether the embedding is also the head
 * @param ropeTheta base of the rotary angles
 * @param normEpsilon added under the root of RMSNorm
 * @param contextLength most tokens of one sequence
 */
public record ModelConfig(
    int width,
    int layers,
    int heads,
    int kvHeads,
    int mlpWidth,
    int vocabularySize,
    int embeddingSize,
    boolean tiedHead,
    double ropeTheta,
    double normEpsilon,
    int contextLength,
    SpecialTokens tokens) {

  /** The file inside a model folder. */
  public static final String FILE_NAME = "config.json";

  private static final String ARCHITECTURE = "LLaDAModelLM";
  private static final String END_OF_TURN = "<|eot_id|>";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Numbers per attention head. */
  public int headWidth() {
    return width / heads;
  }

  /** Trainable numbers of the whole network. */
  public long parameterCount() {
    long embedding = (long) embeddingSize * width;
    long kvWidth = (long) kvHeads * headWidth();
    long block = 2L * width * width + 2L * width * kvWidth + 3L * width * mlpWidth + 2L * width;
    return embedding * (tiedHead ? 1 : 2) + layers * block + width;
  }

  /** The same shape with another end-of-turn id. */
  public ModelConfig withEndOfTurn(int eot) {
    SpecialTokens t = tokens;
    return new ModelConfig(
        width,
        layers,
        heads,
        kvHeads,
        mlpWidth,
        vocabularySize,
        embeddingSize,
        tiedHead,
        ropeTheta,
        normEpsilon,
        contextLength,
        new SpecialTokens(t.mask(), t.eos(), t.pad(), eot));
  }

  /**
   * Reads config.json of a model folder. The end-of-turn id is config.json's {@code eot_token_id}
   * or, as LLaDA's own files have none, the id of {@value #END_OF_TURN} in tokenizer.json.
   *
   * @throws InvalidModelException when the file is missing, or says something this network cannot
   *     do
   */
  public static ModelConfig load(Path folder) throws InvalidModelException {
    Path file = folder.resolve(FILE_NAME);
    if (!Files.isRegularFile(file)) {
      throw new InvalidModelException(
          file + " does not exist; a model folder holds config.json and safetensors files");
    }
    try {
      ModelConfig config = parse(Files.readString(file));
      return config.tokens.eot() == SpecialTokens.NONE
          ? config.withEndOfTurn(endOfTurn(folder.resolve("tokenizer.json")))
          : config;
    } catch (IOException e) {
      throw new InvalidModelException(file + " could not be read: " + e.getMessage(), e);
    }
  }

  /**
   * Reads the text of a config.json.
   *
   * @throws InvalidModelException naming the first field that cannot be honoured
   */
  public static ModelConfig parse(String json) throws InvalidModelException {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new InvalidModelException("config.json is not JSON: " + e.getOriginalMessage(), e);
    }
    if (!root.isObject()) {
      throw new InvalidModelException("config.json must hold one JSON object");
    }
    return new ConfigFields(root).toConfig(ARCHITECTURE);
  }

  /** The text of a config.json that {@link #parse} reads back as this record. */
  public String toJson(String storedType) {
    ObjectNode root = JSON.createObjectNode();
    root.putArray("architectures").add(ARCHITECTURE);
    root.put("model_type", "llada")
        .put("block_type", "llama")
        .put("d_model", width)
        .put("n_layers", layers)
        .put("n_heads", heads)
        .put("n_kv_heads", kvHeads)
        .put("mlp_hidden_size", mlpWidth)
        .put("vocab_size", vocabularySize)
        .put("embedding_size", embeddingSize)
        .put("weight_tying", tiedHead)
        .put("rope", true)
        .put("rope_full_precision", true)
        .put("rope_theta", ropeTheta)
        .put("rms_norm_eps", normEpsilon)
        .put("layer_norm_type", "rms")
        .put("layer_norm_with_affine", true)
        .put("activation_type", "silu")
        .put("include_bias", false)
        .put("include_qkv_bias", false)
        .put("max_sequence_length", contextLength)
        .put("mask_token_id", tokens.mask())
        .put("eos_token_id", tokens.eos())
        .put("pad_token_id", tokens.pad())
        .put("torch_dtype", storedType);
    if (tokens.eot() != SpecialTokens.NONE) {
      root.put("eot_token_id", tokens.eot());
    }
    return root.toPrettyString() + "\n";
  }

  private static int endOfTurn(Path tokenizer) throws IOException {
    if (Files.isRegularFile(tokenizer)) {
      for (JsonNode token : JSON.readTree(tokenizer.toFile()).path("added_tokens")) {
        if (token.path("content").asText().equals(END_OF_TURN)) {
          return token.path("id").asInt(SpecialTokens.NONE);
        }
      }
    }
    return SpecialTokens.NONE;
  }
}
