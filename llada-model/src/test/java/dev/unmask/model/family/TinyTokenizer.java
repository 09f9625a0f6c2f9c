package dev.unmask.model.family;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;

/**
 * tokenizer.json and tokenizer_config.json of a member: byte-level BPE without a merge, so that a
 * byte is a token, with the member's own control tokens and, for Dream, Qwen2's normaliser and
 * splitting.
 */
final class TinyTokenizer {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** How Qwen2's tokenizer.json cuts text before its merges. */
  private static final String QWEN2_SPLIT =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private TinyTokenizer() {}

  static void write(Member member, Path folder) throws IOException {
    JSON.writeValue(folder.resolve("tokenizer.json").toFile(), tokenizer(member));
    ObjectNode config =
        JSON.createObjectNode()
            .put("tokenizer_class", "PreTrainedTokenizerFast")
            .put("add_bos_token", false)
            .put("add_eos_token", false)
            .put("clean_up_tokenization_spaces", false)
            .put("bos_token", member.bos())
            .put("eos_token", member.eos())
            .put("pad_token", member == Member.ILLADA ? "<pad>" : member.eos());
    if (member == Member.DREAM) {
      config.put("mask_token", member.mask());
    }
    if (!member.chatTemplate().isEmpty()) {
      config.put("chat_template", member.chatTemplate());
    }
    JSON.writeValue(folder.resolve("tokenizer_config.json").toFile(), config);
  }

  private static ObjectNode tokenizer(Member member) {
    ObjectNode root = JSON.createObjectNode();
    root.put("version", "1.0").putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (String token : member.control()) {
      added
          .addObject()
          .put("id", member.id(token))
          .put("content", token)
          .put("single_word", false)
          .put("lstrip", false)
          .put("rstrip", false)
          .put("normalized", false)
          .put("special", true);
    }
    if (member == Member.DREAM) {
      root.putObject("normalizer").put("type", "NFC");
      ObjectNode sequence = root.putObject("pre_tokenizer").put("type", "Sequence");
      ArrayNode steps = sequence.putArray("pretokenizers");
      ObjectNode split = steps.addObject().put("type", "Split");
      split.putObject("pattern").put("Regex", QWEN2_SPLIT);
      split.put("behavior", "Isolated").put("invert", false);
      steps.add(byteLevel());
    } else {
      root.putNull("normalizer");
      root.set("pre_tokenizer", byteLevel());
    }
    root.putNull("post_processor");
    root.set("decoder", byteLevel());
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("unk_token");
    ObjectNode vocabulary = model.putObject("vocab");
    int moved = 256;
    for (int b = 0; b < 256; b++) {
      vocabulary.put(String.valueOf((char) (isVisible(b) ? b : moved++)), member.firstByte() + b);
    }
    model.putArray("merges");
    return root;
  }

  private static ObjectNode byteLevel() {
    return JSON.createObjectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", false);
  }

  /** Whether GPT-2's byte alphabet shows the byte as itself; the others move up from 256. */
  private static boolean isVisible(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xa1 && b <= 0xac) || b >= 0xae;
  }
}
