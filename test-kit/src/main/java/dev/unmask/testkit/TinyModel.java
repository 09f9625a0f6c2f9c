package dev.unmask.testkit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * A LLaDA model with random weights in a Hugging Face folder of well under a megabyte. It answers
 * with visible ASCII and never ends an answer by itself, so every answer fills its canvas. The same
 * components give the same bytes.
 *
 * @param layers n_layers
 * @param width d_model
 * @param heads n_heads
 * @param kvHeads n_kv_heads
 * @param mlpWidth mlp_hidden_size
 * @param contextLength max_sequence_length
 * @param bf16 whether the weights are stored as bfloat16, otherwise as float32
 * @param shards files that the weights are spread over; more than one come with an index
 * @param seed of the weights
 */
public record TinyModel(
    int layers,
    int width,
    int heads,
    int kvHeads,
    int mlpWidth,
    int contextLength,
    boolean bf16,
    int shards,
    long seed) {

  /** A token that stands for a slot not yet filled. */
  public static final int MASK = ByteTokenizer.id("<|mdm_mask|>");

  public static final int EOS = ByteTokenizer.id("<|endoftext|>");
  public static final int END_OF_TURN = ByteTokenizer.id("<|eot_id|>");
  public static final int BOS = ByteTokenizer.id("<|startoftext|>");

  /** Ids of the tokenizer: the 256 bytes, each its own id, and the control tokens. */
  public static final int VOCABULARY = ByteTokenizer.SIZE;

  private static final int EMBEDDING = 288;
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Two layers of width 32, float32, one file. */
  public static TinyModel small() {
    return new TinyModel(2, 32, 4, 2, 64, 2048, false, 1, 7);
  }

  public TinyModel withSeed(long newSeed) {
    return new TinyModel(
        layers, width, heads, kvHeads, mlpWidth, contextLength, bf16, shards, newSeed);
  }

  public TinyModel withBf16() {
    return new TinyModel(
        layers, width, heads, kvHeads, mlpWidth, contextLength, true, shards, seed);
  }

  public TinyModel inShards(int count) {
    return new TinyModel(layers, width, heads, kvHeads, mlpWidth, contextLength, bf16, count, seed);
  }

  /** A wider and deeper one, whose steps take longer. */
  public TinyModel ofSize(int newLayers, int newWidth) {
    return new TinyModel(
        newLayers, newWidth, heads, kvHeads, 2 * newWidth, contextLength, bf16, shards, seed);
  }

  /** Writes the folder, created when missing, and returns it. */
  public Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    ByteTokenizer.write(folder);
    JSON.writerWithDefaultPrettyPrinter()
        .writeValue(folder.resolve("config.json").toFile(), config());
    writeWeights(folder);
    return folder;
  }

  /** Writes the folder as base models come: without a chat template. */
  public Path writeBase(Path folder) throws IOException {
    Path written = write(folder);
    ByteTokenizer.removeChatTemplate(written);
    return written;
  }

  private ObjectNode config() {
    ObjectNode config = JSON.createObjectNode();
    config.putArray("architectures").add("LLaDAModelLM");
    return config
        .put("model_type", "llada")
        .put("block_type", "llama")
        .put("block_group_size", 1)
        .put("d_model", width)
        .put("n_layers", layers)
        .put("n_heads", heads)
        .put("n_kv_heads", kvHeads)
        .put("mlp_hidden_size", mlpWidth)
        .put("activation_type", "silu")
        .put("layer_norm_type", "rms")
        .put("layer_norm_with_affine", true)
        .put("rms_norm_eps", 1e-5)
        .put("rope", true)
        .put("rope_theta", 10_000.0)
        .put("rope_full_precision", true)
        .put("max_sequence_length", contextLength)
        .put("vocab_size", EMBEDDING)
        .put("embedding_size", EMBEDDING)
        .put("weight_tying", false)
        .put("include_bias", false)
        .put("include_qkv_bias", false)
        .put("mask_token_id", MASK)
        .put("eos_token_id", EOS)
        .put("pad_token_id", EOS)
        .put("torch_dtype", bf16 ? "bfloat16" : "float32");
  }

  private void writeWeights(Path folder) throws IOException {
    Random random = new Random(seed);
    List<TinyTensor> all = new ArrayList<>();
    all.add(TinyTensor.normal("model.transformer.wte.weight", random, EMBEDDING, width, 1));
    int kvWidth = width / heads * kvHeads;
    double in = 1 / Math.sqrt(width);
    for (int layer = 0; layer < layers; layer++) {
      String block = "model.transformer.blocks." + layer + ".";
      all.add(TinyTensor.ones(block + "attn_norm.weight", width));
      all.add(TinyTensor.normal(block + "q_proj.weight", random, width, width, in));
      all.add(TinyTensor.normal(block + "k_proj.weight", random, kvWidth, width, in));
      all.add(TinyTensor.normal(block + "v_proj.weight", random, kvWidth, width, in));
      all.add(TinyTensor.normal(block + "attn_out.weight", random, width, width, in));
      all.add(TinyTensor.ones(block + "ff_norm.weight", width));
      all.add(TinyTensor.normal(block + "ff_proj.weight", random, mlpWidth, width, in));
      all.add(TinyTensor.normal(block + "up_proj.weight", random, mlpWidth, width, in));
      all.add(
          TinyTensor.normal(
              block + "ff_out.weight", random, width, mlpWidth, 1 / Math.sqrt(mlpWidth)));
    }
    all.add(TinyTensor.ones("model.transformer.ln_f.weight", width));
    all.add(head(random));
    TinySafetensors.write(folder, all, shards, bf16);
  }

  /** Rows of visible ASCII are loud, all others silent: a zero row's logit is never the highest. */
  private TinyTensor head(Random random) {
    TinyTensor head =
        TinyTensor.normal("model.transformer.ff_out.weight", random, EMBEDDING, width, 1);
    for (int id = 0; id < EMBEDDING; id++) {
      if (id < ' ' || id > '~') {
        for (int i = 0; i < width; i++) {
          head.values()[id * width + i] = 0;
        }
      }
    }
    return head;
  }
}
