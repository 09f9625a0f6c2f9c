package dev.unmask.sft.vocabulary;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes a vocabulary as Hugging Face tokenizer files: {@code tokenizer.json}, {@code
 * tokenizer_config.json} with LLaDA's chat template, and {@code special_tokens_map.json}.
 */
public final class TokenizerFolder {

  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private TokenizerFolder() {}

  /** Writes the three files into {@code folder}, which is made when absent. */
  public static void write(Vocabulary vocabulary, Path folder) throws IOException {
    Files.createDirectories(folder);
    write(folder.resolve("tokenizer.json"), tokenizer(vocabulary));
    write(folder.resolve("tokenizer_config.json"), config(vocabulary));
    write(folder.resolve("special_tokens_map.json"), namedTokens());
  }

  private static ObjectNode tokenizer(Vocabulary vocabulary) {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (int i = 0; i < vocabulary.special().size(); i++) {
      ObjectNode token = added.addObject().put("id", vocabulary.tokens().size() + i);
      flags(token, vocabulary.special().get(i));
    }
    root.putNull("normalizer");
    ObjectNode preTokenizer = root.putObject("pre_tokenizer").put("type", "Sequence");
    ArrayNode steps = preTokenizer.putArray("pretokenizers");
    ObjectNode split = steps.addObject().put("type", "Split");
    split.putObject("pattern").put("Regex", WordCounts.SPLIT);
    split.put("behavior", "Isolated").put("invert", false);
    steps.add(byteLevel());
    root.putNull("post_processor");
    root.set("decoder", byteLevel());
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout");
    model.putNull("unk_token").putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      vocab.put(vocabulary.tokens().get(id), id);
    }
    ArrayNode merges = model.putArray("merges");
    vocabulary.merges().forEach(merge -> merges.add(merge.left() + " " + merge.right()));
    return root;
  }

  private static ObjectNode config(Vocabulary vocabulary) {
    ObjectNode root = JSON.createObjectNode();
    root.put("tokenizer_class", "PreTrainedTokenizerFast");
    root.put("add_bos_token", false).put("add_eos_token", false);
    root.put("clean_up_tokenization_spaces", false);
    ObjectNode decoder = root.putObject("added_tokens_decoder");
    for (int i = 0; i < vocabulary.special().size(); i++) {
      flags(
          decoder.putObject(String.valueOf(vocabulary.tokens().size() + i)),
          vocabulary.special().get(i));
    }
    root.setAll(namedTokens());
    return root.put("chat_template", ChatTemplate.LLADA);
  }

  private static ObjectNode namedTokens() {
    ObjectNode root = JSON.createObjectNode();
    root.put("bos_token", "<|startoftext|>").put("eos_token", "<|endoftext|>");
    return root.put("pad_token", "<|endoftext|>").put("mask_token", "<|mdm_mask|>");
  }

  private static void flags(ObjectNode token, String content) {
    token.put("content", content).put("single_word", false).put("lstrip", false);
    token.put("rstrip", false).put("normalized", false).put("special", true);
  }

  private static ObjectNode byteLevel() {
    ObjectNode step = JSON.createObjectNode().put("type", "ByteLevel");
    return step.put("add_prefix_space", false).put("trim_offsets", true).put("use_regex", false);
  }

  private static void write(Path file, ObjectNode content) throws IOException {
    Files.writeString(file, JSON.writeValueAsString(content) + "\n");
  }
}
