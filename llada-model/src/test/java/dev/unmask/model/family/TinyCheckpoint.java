package dev.unmask.model.family;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.safetensors.ElementType;
import dev.unmask.model.safetensors.SafetensorsDirectory;
import dev.unmask.model.safetensors.SafetensorsWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * A member's checkpoint folder in miniature: its published config.json with small numbers, its
 * tokenizer's files, and random weights under its tensor names, which stand here in full rather
 * than being taken from the network's table.
 *
 * @param member whose form it has
 * @param type F32 or BF16
 * @param shards files that the weights are spread over; more than one come with an index
 * @param seed of the weights
 */
record TinyCheckpoint(Member member, ElementType type, int shards, long seed) {

  static final int WIDTH = 48;
  static final int LAYERS = 2;
  static final int HEADS = 4;
  static final int MLP = 80;
  static final int CONTEXT = 192;

  private static final ObjectMapper JSON = new ObjectMapper();

  /** A tensor on its way to a file. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared.
  private record Tensor(String name, long[] shape, float[] values) {
    long bytes(ElementType type) {
      return (long) values.length * type.bytes();
    }
  }

  static TinyCheckpoint of(Member member) {
    return new TinyCheckpoint(member, ElementType.F32, 1, 20);
  }

  TinyCheckpoint inShards(int count) {
    return new TinyCheckpoint(member, type, count, seed);
  }

  TinyCheckpoint as(ElementType stored) {
    return new TinyCheckpoint(member, stored, shards, seed);
  }

  /** Rows of the embedding: more than there are tokens, as in LLaDA's and Dream's files. */
  int rows() {
    return (member.vocabulary() + member.imageCodes() + 31) / 32 * 32;
  }

  /** Renames tensors and adds one, for folders that are not quite a model. */
  static void rewrite(Path folder, UnaryOperator<String> names, String extra, float[] values)
      throws Exception {
    SafetensorsWriter writer = new SafetensorsWriter();
    Path file = folder.resolve("model.safetensors");
    for (var entry : SafetensorsDirectory.open(folder).tensors().entrySet()) {
      float[] old = entry.getValue().toFloats();
      writer.add(names.apply(entry.getKey()), ElementType.F32, entry.getValue().shape(), () -> old);
    }
    writer.add(extra, ElementType.F32, new long[] {values.length / WIDTH, WIDTH}, () -> values);
    Path changed = folder.resolve("changed");
    writer.write(changed);
    Files.move(changed, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
  }

  /** Writes the folder and returns it. */
  Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    JSON.writerWithDefaultPrettyPrinter()
        .writeValue(folder.resolve("config.json").toFile(), config());
    TinyTokenizer.write(member, folder);
    writeWeights(folder);
    return folder;
  }

  private ObjectNode config() throws IOException {
    Path published =
        Path.of("src/test/resources/configs").resolve(member.publishedConfig() + ".json");
    ObjectNode config = (ObjectNode) JSON.readTree(published.toFile());
    config.putArray("architectures").add(member.architecture());
    config.put("torch_dtype", type == ElementType.BF16 ? "bfloat16" : "float32");
    config.put("eos_token_id", member.id(member.eos()));
    config.put("pad_token_id", member.id(member == Member.ILLADA ? "<pad>" : member.eos()));
    if (member == Member.DREAM) {
      // As published: the configuration begins texts with the end token, the tokenizer does not.
      config.put("bos_token_id", member.id(member.eos()));
    }
    config.put("vocab_size", rows());
    if (member.isLlamaStyle()) {
      config
          .put("hidden_size", WIDTH)
          .put("num_hidden_layers", LAYERS)
          .put("num_attention_heads", HEADS)
          .put("num_key_value_heads", member.kvHeads())
          .put("intermediate_size", MLP)
          .put("max_position_embeddings", CONTEXT);
    } else {
      config
          .put("d_model", WIDTH)
          .put("n_layers", LAYERS)
          .put("n_heads", HEADS)
          .put("n_kv_heads", member.kvHeads())
          .put("mlp_hidden_size", MLP)
          .put("embedding_size", rows())
          .put("max_sequence_length", CONTEXT);
    }
    if (member == Member.MMADA) {
      config
          .put("codebook_size", member.imageCodes())
          .put("llm_vocab_size", rows() - member.imageCodes())
          .put("new_vocab_size", rows());
    }
    if (member == Member.BLOCK_CAUSAL) {
      config.put("block_length", Member.BLOCK_LENGTH);
    }
    if (config.has("mask_token_id")) {
      config.put("mask_token_id", member.id(member.mask()));
    }
    return config;
  }

  private void writeWeights(Path folder) throws IOException {
    List<Tensor> all = member.isLlamaStyle() ? llamaStyle() : lladaStyle();
    if (shards == 1) {
      write(folder.resolve("model.safetensors"), all);
      return;
    }
    ObjectNode index = JSON.createObjectNode();
    index
        .putObject("metadata")
        .put("total_size", all.stream().mapToLong(tensor -> tensor.bytes(type)).sum());
    ObjectNode map = index.putObject("weight_map");
    for (int shard = 0; shard < shards; shard++) {
      String name = "model-%05d-of-%05d.safetensors".formatted(shard + 1, shards);
      List<Tensor> part =
          all.subList(all.size() * shard / shards, all.size() * (shard + 1) / shards);
      part.forEach(tensor -> map.put(tensor.name(), name));
      write(folder.resolve(name), part);
    }
    JSON.writeValue(folder.resolve("model.safetensors.index.json").toFile(), index);
  }

  private void write(Path file, List<Tensor> tensors) throws IOException {
    SafetensorsWriter writer = new SafetensorsWriter();
    for (Tensor tensor : tensors) {
      writer.add(tensor.name(), type, tensor.shape(), tensor::values);
    }
    writer.write(file);
  }

  private List<Tensor> lladaStyle() {
    Random random = new Random(seed);
    List<Tensor> all = new ArrayList<>();
    int kv = WIDTH / HEADS * member.kvHeads();
    all.add(matrix("model.transformer.wte.weight", random, rows(), WIDTH));
    for (int layer = 0; layer < LAYERS; layer++) {
      String block = "model.transformer.blocks." + layer + ".";
      all.add(norm(block + "attn_norm.weight", random));
      all.add(matrix(block + "q_proj.weight", random, WIDTH, WIDTH));
      all.add(matrix(block + "k_proj.weight", random, kv, WIDTH));
      all.add(matrix(block + "v_proj.weight", random, kv, WIDTH));
      all.add(matrix(block + "attn_out.weight", random, WIDTH, WIDTH));
      all.add(norm(block + "ff_norm.weight", random));
      all.add(matrix(block + "ff_proj.weight", random, MLP, WIDTH));
      all.add(matrix(block + "up_proj.weight", random, MLP, WIDTH));
      all.add(matrix(block + "ff_out.weight", random, WIDTH, MLP));
    }
    all.add(norm("model.transformer.ln_f.weight", random));
    all.add(matrix("model.transformer.ff_out.weight", random, rows(), WIDTH));
    return all;
  }

  private List<Tensor> llamaStyle() {
    Random random = new Random(seed);
    List<Tensor> all = new ArrayList<>();
    int kv = WIDTH / HEADS * member.kvHeads();
    all.add(matrix("model.embed_tokens.weight", random, rows(), WIDTH));
    for (int layer = 0; layer < LAYERS; layer++) {
      String block = "model.layers." + layer + ".";
      all.add(norm(block + "input_layernorm.weight", random));
      all.add(matrix(block + "self_attn.q_proj.weight", random, WIDTH, WIDTH));
      all.add(matrix(block + "self_attn.k_proj.weight", random, kv, WIDTH));
      all.add(matrix(block + "self_attn.v_proj.weight", random, kv, WIDTH));
      if (member.hasBiases()) {
        all.add(bias(block + "self_attn.q_proj.bias", random, WIDTH));
        all.add(bias(block + "self_attn.k_proj.bias", random, kv));
        all.add(bias(block + "self_attn.v_proj.bias", random, kv));
      }
      all.add(matrix(block + "self_attn.o_proj.weight", random, WIDTH, WIDTH));
      all.add(norm(block + "post_attention_layernorm.weight", random));
      all.add(matrix(block + "mlp.gate_proj.weight", random, MLP, WIDTH));
      all.add(matrix(block + "mlp.up_proj.weight", random, MLP, WIDTH));
      all.add(matrix(block + "mlp.down_proj.weight", random, WIDTH, MLP));
    }
    all.add(norm("model.norm.weight", random));
    if (!member.isTied()) {
      all.add(matrix("lm_head.weight", random, rows(), WIDTH));
    }
    return all;
  }

  /** Large enough that attention is far from uniform. */
  private static Tensor matrix(String name, Random random, int rows, int columns) {
    return tensor(name, random, new long[] {rows, columns}, 0, 1.7 / Math.sqrt(columns));
  }

  /** Away from one, so that leaving a norm's weight out shows. */
  private static Tensor norm(String name, Random random) {
    return tensor(name, random, new long[] {WIDTH}, 1, 0.3);
  }

  private static Tensor bias(String name, Random random, int length) {
    return tensor(name, random, new long[] {length}, 0, 0.7);
  }

  private static Tensor tensor(
      String name, Random random, long[] shape, double mean, double deviation) {
    float[] values = new float[(int) (shape[0] * (shape.length == 2 ? shape[1] : 1))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (mean + deviation * random.nextGaussian());
    }
    return new Tensor(name, shape, values);
  }
}
