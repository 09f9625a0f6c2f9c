package dev.unmask.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.text.template.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes a checkpoint folder's text files: a byte-level BPE with a few merges and LLaDA's control
 * tokens at the end. Byte b has id b, so a test can say which ids it expects.
 */
final class ByteTokenizerFolder {

  static final List<String> CONTROL =
      List.of(
          "<|startoftext|>",
          "<|endoftext|>",
          "<|mdm_mask|>",
          "<|start_header_id|>",
          "<|end_header_id|>",
          "<|eot_id|>",
          "[CLS]",
          "<role>");

  /** Merges after the 256 bytes; each makes one more token. */
  static final List<List<String>> MERGES =
      List.of(List.of("h", "e"), List.of("l", "l"), List.of("he", "ll"), List.of("Ċ", "Ċ"));

  static final int FIRST_CONTROL = 256 + MERGES.size();

  static final ObjectMapper JSON = new ObjectMapper();

  private ByteTokenizerFolder() {}

  static int control(String token) {
    return FIRST_CONTROL + CONTROL.indexOf(token);
  }

  /** The letter that GPT-2's byte-level alphabet gives to a byte. */
  static String letter(int b) {
    if ((b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || (b >= 0xae && b <= 0xff)) {
      return String.valueOf((char) b);
    }
    int n = 256;
    for (int other = 0; other < b; other++) {
      if (!((other >= '!' && other <= '~')
          || (other >= 0xa1 && other <= 0xac)
          || (other >= 0xae && other <= 0xff))) {
        n++;
      }
    }
    return String.valueOf((char) n);
  }

  static ObjectNode tokenizer() {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0");
    ArrayNode added = root.putArray("added_tokens");
    for (String token : CONTROL) {
      ObjectNode node = added.addObject();
      node.put("id", control(token)).put("content", token).put("special", true);
      node.put("single_word", false).put("lstrip", false);
      node.put("rstrip", false).put("normalized", false);
    }
    root.putNull("normalizer");
    ObjectNode byteLevel = JSON.createObjectNode().put("type", "ByteLevel");
    byteLevel.put("add_prefix_space", false).put("trim_offsets", true).put("use_regex", false);
    root.set("pre_tokenizer", byteLevel);
    root.set("decoder", byteLevel.deepCopy());
    ObjectNode model = root.putObject("model");
    model.put("type", "BPE").putNull("unk_token");
    ObjectNode vocab = model.putObject("vocab");
    for (int b = 0; b < 256; b++) {
      vocab.put(letter(b), b);
    }
    ArrayNode merges = model.putArray("merges");
    for (int i = 0; i < MERGES.size(); i++) {
      vocab.put(String.join("", MERGES.get(i)), 256 + i);
      merges.add(String.join(" ", MERGES.get(i)));
    }
    return root;
  }

  static ObjectNode tokenizerConfig() {
    ObjectNode root = JSON.createObjectNode();
    root.put("bos_token", "<|startoftext|>").put("eos_token", "<|endoftext|>");
    root.put("pad_token", "<|endoftext|>").put("chat_template", ChatTemplate.LLADA);
    return root;
  }

  static ObjectNode config() {
    ObjectNode root = JSON.createObjectNode();
    root.put("mask_token_id", control("<|mdm_mask|>"));
    root.put("eos_token_id", control("<|endoftext|>"));
    root.put("pad_token_id", control("<|endoftext|>"));
    return root;
  }

  static Path write(Path folder) throws IOException {
    return write(folder, tokenizer(), tokenizerConfig(), config());
  }

  static Path write(
      Path folder, ObjectNode tokenizer, ObjectNode tokenizerConfig, ObjectNode config)
      throws IOException {
    Files.createDirectories(folder);
    JSON.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer);
    JSON.writeValue(folder.resolve("tokenizer_config.json").toFile(), tokenizerConfig);
    JSON.writeValue(folder.resolve("config.json").toFile(), config);
    return folder;
  }
}
