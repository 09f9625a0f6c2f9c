package dev.unmask.model.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

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

  /** What the family's tokenizers call the end of a turn; the first that is there counts. */
  private static final List<String> END_OF_TURN =
      List.of("<|eot_id|>", "<|im_end|>", "<|role_end|>");

  private static final String ILLADA_MASK = "<[MASK]>";
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
    require(ropeTheta > 0 && Double.isFinite(ropeTheta), "the base of the angles is " + ropeTheta);
    // Far above any model; below, sizes and products of them fit their types.
    require(contextLength <= 1 << 24, "a context of " + contextLength + " tokens is no model's");
    require(layers <= 1 << 16, layers + " layers are no model's");
    require(
        (long) heads * headWidth <= 1 << 28
            && width <= 1 << 28
            && mlpWidth <= 1 << 28
            && (4.0 * heads * headWidth + 3.0 * mlpWidth) * width * layers < 1e17,
        "its matrices are larger than any model's");
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
   * Reads config.json of a model folder, and from tokenizer.json what the published files leave
   * out: the end of a turn (unless config.json has {@code eot_token_id}) and iLLaDA's mask.
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
      String text = Files.readString(file);
      ModelConfig config = parse(text);
      Path tokenizer = folder.resolve("tokenizer.json");
      return Files.isRegularFile(tokenizer)
          ? config
              .withEndOfTurnOf(folder)
              .withTokensOf(JSON.readTree(tokenizer.toFile()), JSON.readTree(text), tokenizer)
          : config;
    } catch (IOException e) {
      throw new InvalidModelException(file + " could not be read: " + e.getMessage(), e);
    }
  }

  /** What text is cut at and what the sampler ends at must be the same token. */
  private ModelConfig withEndOfTurnOf(Path folder) {
    if (tokens.eot() != SpecialTokens.NONE) {
      return this;
    }
    try {
      return withEndOfTurn(dev.unmask.text.SpecialTokens.read(folder).eot());
    } catch (TokenizerException e) {
      // Weights can be looked at without a tokenizer that can be read; serving them refuses it.
      return this;
    }
  }

  private ModelConfig withTokensOf(JsonNode tokenizer, JsonNode text, Path file)
      throws InvalidModelException {
    Map<String, Integer> added = new HashMap<>();
    for (JsonNode token : tokenizer.path("added_tokens")) {
      added.put(token.path("content").asText(), token.path("id").asInt(SpecialTokens.NONE));
    }
    int mask = tokens.mask();
    if (layout == Layout.ILLADA && !text.hasNonNull("mask_token_id")) {
      mask = added.getOrDefault(ILLADA_MASK, SpecialTokens.NONE);
      if (mask < 0 || mask >= embeddingSize) {
        throw new InvalidModelException(
            file
                + " has no added token "
                + ILLADA_MASK
                + " and config.json no mask_token_id;"
                + " one of them must say which id is the mask");
      }
    }
    int eot = tokens.eot();
    for (String name : END_OF_TURN) {
      if (eot == SpecialTokens.NONE) {
        eot = added.getOrDefault(name, SpecialTokens.NONE);
      }
    }
    if (eot >= embeddingSize) {
      throw new InvalidModelException(
          file + " ends a turn with id " + eot + ", but config.json has " + embeddingSize + " ids");
    }
    return changed().tokens(new SpecialTokens(mask, tokens.eos(), tokens.pad(), eot)).build();
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
    ConfigFields fields = new ConfigFields(root);
    Layout layout = LayoutChoice.of(fields);
    ModelConfig config;
    try {
      config =
          switch (layout) {
            case LLADA, MMADA, AUTOREGRESSIVE, BLOCK_CAUSAL -> LladaFields.read(fields, layout);
            case ILLADA, DREAM -> LlamaFields.read(fields, layout);
          };
    } catch (IllegalArgumentException e) {
      throw new InvalidModelException("config.json is " + e.getMessage(), e);
    }
    fields.refuseUnread();
    return config;
  }

  /** The text of a config.json that {@link #parse} reads back as this record. */
  public String toJson(String storedType) {
    ObjectNode root = JSON.createObjectNode();
    root.putArray("architectures").add(layout.architecture());
    switch (layout) {
      case LLADA, MMADA, AUTOREGRESSIVE, BLOCK_CAUSAL -> LladaFields.write(this, root);
      case ILLADA, DREAM -> LlamaFields.write(this, root);
    }
    root.put("eos_token_id", tokens.eos())
        .put("pad_token_id", tokens.pad())
        .put("torch_dtype", storedType);
    if (tokens.eot() != SpecialTokens.NONE) {
      root.put("eot_token_id", tokens.eot());
    }
    return root.toPrettyString() + "\n";
  }
}
