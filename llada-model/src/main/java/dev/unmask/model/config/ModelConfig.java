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
 * The shape of a Transformer of LLaDA's family, as its config.json describes it. {@link #shape}
 * builds one in code.
 *
 * @param layout the form of its checkpoint: names of fields and tensors
 * @param width numbers per token between blocks
 * @param layers number of blocks
 * @param heads query heads
 * @param kvHeads key-value heads; {@code heads} is a multiple of it
 * @param headWidth numbers per attention head, even; not always {@code width / heads}
 * @param mlpWidth rows of the gate and up matrices
 * @param vocabularySize ids below it are tokens
 * @param embeddingSize rows of the embedding and columns of the logits, at least {@code
 *     vocabularySize}
 * @param tiedHead whether the embedding is also the head
 * @param qkvBias whether queries, keys and values have biases
 * @param ropeTheta base of the rotary angles
 * @param ropeInActivationType whether queries and keys are rotated in the activations' type by
 *     cosines and sines rounded to it (iLLaDA); otherwise in float32
 * @param normEpsilon added under the root of RMSNorm
 * @param contextLength most tokens of one sequence
 * @param logitShift 0: row i of the head predicts slot i; 1: row i - 1 does, and row 0 stands for
 *     slot 0 too
 * @param mask which positions see which
 * @param tokens the ids with a meaning of their own
 */
public record ModelConfig(
    Layout layout,
    int width,
    int layers,
    int heads,
    int kvHeads,
    int headWidth,
    int mlpWidth,
    int vocabularySize,
    int embeddingSize,
    boolean tiedHead,
    boolean qkvBias,
    double ropeTheta,
    boolean ropeInActivationType,
    double normEpsilon,
    int contextLength,
    int logitShift,
    AttentionMask mask,
    SpecialTokens tokens) {

  /** The file inside a model folder. */
  public static final String FILE_NAME = "config.json";

  private static final String END_OF_TURN = "<|eot_id|>";
  private static final ObjectMapper JSON = new ObjectMapper();

  public ModelConfig {
    positive("width", width);
    positive("number of layers", layers);
    positive("number of heads", heads);
    positive("number of key-value heads", kvHeads);
    positive("head width", headWidth);
    positive("MLP width", mlpWidth);
    positive("vocabulary size", vocabularySize);
    positive("context length", contextLength);
    require(heads % kvHeads == 0, kvHeads + " key-value heads do not divide " + heads + " heads");
    require(headWidth % 2 == 0, "heads of odd width " + headWidth + " cannot be rotated in pairs");
    require(
        embeddingSize >= vocabularySize,
        "the embedding has " + embeddingSize + " rows for " + vocabularySize + " tokens");
    require(logitShift == 0 || logitShift == 1, "the logit shift is " + logitShift);
  }

  private static void positive(String what, int value) {
    require(value > 0, "the " + what + " is " + value + ", not positive");
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new IllegalArgumentException("not a model's shape: " + otherwise);
    }
  }

  /** A LLaDA shape, to be filled in by name. */
  public static ModelShape shape() {
    return new ModelShape(Layout.LLADA);
  }

  /** A shape of another layout, to be filled in by name. */
  public static ModelShape shape(Layout layout) {
    return new ModelShape(layout);
  }

  /** This shape, to be changed by name. */
  public ModelShape changed() {
    return new ModelShape(this);
  }

  /** Numbers of all query heads of a token: rows of the query matrix. */
  public int attentionWidth() {
    return heads * headWidth;
  }

  /** Numbers of all key heads of a token: rows of the key matrix and of the value matrix. */
  public int kvWidth() {
    return kvHeads * headWidth;
  }

  /** Trainable numbers of the whole network. */
  public long parameterCount() {
    long embedding = (long) embeddingSize * width;
    long block =
        2L * width * attentionWidth()
            + 2L * width * kvWidth()
            + (qkvBias ? attentionWidth() + 2L * kvWidth() : 0)
            + 3L * width * mlpWidth
            + 2L * width;
    return embedding * (tiedHead ? 1 : 2) + layers * block + width;
  }

  /** The same shape with another end-of-turn id. */
  public ModelConfig withEndOfTurn(int eot) {
    return changed()
        .tokens(new SpecialTokens(tokens.mask(), tokens.eos(), tokens.pad(), eot))
        .build();
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
    return new ConfigFields(root).toConfig();
  }

  /** The text of a config.json that {@link #parse} reads back as this record. */
  public String toJson(String storedType) {
    ObjectNode root = JSON.createObjectNode();
    root.putArray("architectures").add(layout.architecture());
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
