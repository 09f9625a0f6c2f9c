package dev.unmask.testkit;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * The tokenizer files of {@link TinyModel}: byte-level BPE without a merge, so byte b is token b,
 * then LLaDA's control tokens.
 */
final class ByteTokenizer {

  static final List<String> CONTROL =
      List.of(
          "<|startoftext|>",
          "<|endoftext|>",
          "[CLS]",
          "[gMASK]",
          "<|mdm_mask|>",
          "<|start_header_id|>",
          "<|end_header_id|>",
          "<|eot_id|>");

  /** Ids that are tokens; the embedding has more rows, as LLaDA's has. */
  static final int SIZE = 256 + CONTROL.size();

  /** LLaDA-8B-Instruct's template. */
  private static final String CHAT_TEMPLATE =
      "{% set loop_messages = messages %}{% for message in loop_messages %}"
          + "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'"
          + "+ message['content'] | trim + '<|eot_id|>' %}"
          + "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
          + "{{ content }}{% endfor %}"
          + "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}";

  private static final ObjectMapper JSON = new ObjectMapper();

  private ByteTokenizer() {}

  static int id(String control) {
    return 256 + CONTROL.indexOf(control);
  }

  static void write(Path folder) throws IOException {
    JSON.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer());
    JSON.writeValue(config(folder), tokenizerConfig());
  }

  /** Takes the chat template away again, which base models do not have. */
  static void removeChatTemplate(Path folder) throws IOException {
    JSON.writeValue(config(folder), tokenizerConfig().without("chat_template"));
  }

  private static File config(Path folder) {
    return folder.resolve("tokenizer_config.json").toFile();
  }

  private static ObjectNode tokenizer() {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (String token : CONTROL) {
      added
          .addObject()
          .put("id", id(token))
          .put("content", token)
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    root.putNull("normalizer");
    ObjectNode byteLevel =
        JSON.createObjectNode()
            .put("type", "ByteLevel")
            .put("add_prefix_space", false)
            .put("trim_offsets", true)
            .put("use_regex", false);
    root.set("pre_tokenizer", byteLevel);
    root.putNull("post_processor");
    root.set("decoder", byteLevel.deepCopy());
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("unk_token");
    ObjectNode vocabulary = model.putObject("vocab");
    int moved = 256;
    for (int b = 0; b < 256; b++) {
      vocabulary.put(String.valueOf((char) (isVisible(b) ? b : moved++)), b);
    }
    model.putArray("merges");
    return root;
  }

  /** Whether GPT-2's byte alphabet shows the byte as itself; the others move up from 256. */
  private static boolean isVisible(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  }

  private static ObjectNode tokenizerConfig() {
    return JSON.createObjectNode()
        .put("tokenizer_class", "PreTrainedTokenizerFast")
        .put("add_bos_token", false)
        .put("add_eos_token", false)
        .put("bos_token", "<|startoftext|>")
        .put("eos_token", "<|endoftext|>")
        .put("pad_token", "<|endoftext|>")
        .put("chat_template", CHAT_TEMPLATE);
  }
}
