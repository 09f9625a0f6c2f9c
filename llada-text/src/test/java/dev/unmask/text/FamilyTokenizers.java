package dev.unmask.text;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Tokenizer folders in the forms of the family's published ones, with their real special tokens and
 * small vocabularies.
 */
enum FamilyTokenizers {
  LLADA,
  DREAM,
  ILLADA;

  /** ChatML with a default system message, written with the constructs of Qwen2.5's template. */
  static final String CHATML =
      """
      {%- if tools %}
          {{- '<|im_start|>system\\n' }}{{- tools | tojson }}
      {%- else %}
          {%- if messages[0]['role'] == 'system' %}
              {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
          {%- else %}
              {{- '<|im_start|>system\\nBe brief.<|im_end|>\\n' }}
          {%- endif %}
      {%- endif %}
      {%- for message in messages %}
          {%- if (message.role == "user") or (message.role == "system" and not loop.first) or \
      (message.role == "assistant" and not message.tool_calls) %}
              {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
          {%- elif message.role == "assistant" %}
              {%- for tool_call in message.tool_calls %}{{- tool_call.name }}{%- endfor %}
          {%- elif message.role == "tool" and (loop.last or messages[loop.index0 + 1].role != "tool") %}
              {{- message.content }}
          {%- endif %}
      {%- endfor %}
      {%- if add_generation_prompt %}
          {{- '<|im_start|>assistant\\n' }}
      {%- endif %}
      """;

  /** A template of the kind that models with sentencepiece vocabularies have. */
  private static final String TAGS =
      "{{ bos_token }}{% for m in messages %}<role>{{ m.role | upper }}</role>{{ m.content }}"
          + "<|role_end|>{% endfor %}{% if add_generation_prompt %}<role>ASSISTANT</role>{% endif %}";

  /** The names of all special tokens, in the order of their ids. */
  List<String> control() {
    List<String> names = new ArrayList<>();
    switch (this) {
      case LLADA -> {
        names.addAll(List.of("<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]"));
        IntStream.range(0, 252).forEach(i -> names.add("<|reserved_token_" + i + "|>"));
        names.add("<|mdm_mask|>");
        IntStream.range(253, 256).forEach(i -> names.add("<|reserved_token_" + i + "|>"));
        names.addAll(List.of("<role>", "</role>", "<|arithmetic_start|>", "<|arithmetic_end|>"));
        names.addAll(List.of("<|number_start|>", "<|number_end|>"));
        names.addAll(List.of("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"));
      }
      case DREAM -> {
        names.addAll(List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>"));
        for (String pair : List.of("object_ref", "box", "quad", "vision")) {
          names.addAll(List.of("<|" + pair + "_start|>", "<|" + pair + "_end|>"));
        }
        names.addAll(List.of("<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"));
        names.addAll(List.of("<tool_call>", "</tool_call>"));
        names.addAll(List.of("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>"));
        names.addAll(List.of("<|repo_name|>", "<|file_sep|>", "<|beginoftext|>", "<|mask|>"));
      }
      case ILLADA ->
          names.addAll(
              List.of(
                  "<unk>",
                  "<s>",
                  "</s>",
                  "<|role_end|>",
                  "<role>",
                  "<[MASK]>",
                  "</role>",
                  "[MASK]"));
    }
    return names;
  }

  Path write(Path folder) throws IOException {
    ObjectNode config = ByteTokenizerFolder.JSON.createObjectNode();
    ObjectNode names = ByteTokenizerFolder.JSON.createObjectNode();
    names.put("chat_template", this == LLADA ? "" : this == DREAM ? CHATML : TAGS);
    switch (this) {
      case LLADA -> {
        names = ByteTokenizerFolder.tokenizerConfig();
        config.put("mask_token_id", 256 + 9 + control().indexOf("<|mdm_mask|>"));
      }
      case DREAM -> {
        names.put("bos_token", "<|beginoftext|>").put("eos_token", "<|endoftext|>");
        names.put("mask_token", "<|mask|>").put("pad_token", "<|endoftext|>");
      }
      case ILLADA -> names.put("bos_token", "<s>").put("eos_token", "</s>");
    }
    return ByteTokenizerFolder.write(folder, tokenizer(), names, config);
  }

  private ObjectNode tokenizer() {
    ObjectNode root = ByteTokenizerFolder.tokenizer();
    ArrayNode added = root.putArray("added_tokens");
    // iLLaDA's mask has the id 5: its special tokens come first.
    int first = this == ILLADA ? 0 : 256 + 9;
    for (int i = 0; i < control().size(); i++) {
      String name = control().get(i);
      ObjectNode token = added.addObject().put("id", first + i).put("content", name);
      token.put("single_word", false).put("lstrip", false).put("rstrip", false);
      token.put("normalized", false).put("special", !name.contains("tool_call"));
    }
    ObjectNode model = (ObjectNode) root.get("model");
    if (this == ILLADA) {
      sentencePieces(root, model, control().size());
      return root;
    }
    ObjectNode vocab = (ObjectNode) model.get("vocab");
    ArrayNode merges = (ArrayNode) model.get("merges");
    int id = 256 + merges.size();
    // Merges towards the names, as a vocabulary trained on documents about models has them.
    for (String merge : List.of("< |", "| >", "i m", "_ i", "t o")) {
      vocab.put(merge.replace(" ", ""), id++);
      merges.add(merge);
    }
    ObjectNode split = ByteTokenizerFolder.JSON.createObjectNode().put("type", "Sequence");
    ArrayNode steps = split.putArray("pretokenizers");
    ObjectNode words = steps.addObject().put("type", "Split");
    words.putObject("pattern").put("Regex", pattern());
    words.put("behavior", "Isolated").put("invert", false);
    if (this == LLADA) {
      steps.addObject().put("type", "Digits").put("individual_digits", true);
    } else {
      root.putObject("normalizer").put("type", "NFC");
    }
    steps.add(root.get("pre_tokenizer"));
    root.set("pre_tokenizer", split);
    return root;
  }

  private static String pattern() {
    return "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*"
        + "|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  }

  private static void sentencePieces(ObjectNode root, ObjectNode model, int first) {
    ObjectNode metaspace = root.putObject("pre_tokenizer").put("type", "Metaspace");
    metaspace.put("replacement", "▁").put("prepend_scheme", "first").put("split", false);
    ArrayNode steps = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
    ObjectNode blank = steps.addObject().put("type", "Replace").put("content", " ");
    blank.putObject("pattern").put("String", "▁");
    steps.addObject().put("type", "ByteFallback");
    steps.addObject().put("type", "Fuse");
    steps.addObject().put("type", "Strip").put("content", " ").put("start", 1).put("stop", 0);
    model.put("unk_token", "<unk>").put("byte_fallback", true).put("fuse_unk", true);
    ObjectNode vocab = model.putObject("vocab");
    vocab.put("<unk>", 0).put("<s>", 1).put("</s>", 2);
    for (int b = 0; b < 256; b++) {
      vocab.put(String.format("<0x%02X>", b), first + b);
    }
    int id = first + 256;
    for (String piece : List.of("▁", "h", "e", "l", "o", "x", "<", ">", "s", "/", "é", "日")) {
      vocab.put(piece, id++);
    }
    vocab.put("▁h", id++).put("el", id++).put("<s", id++);
    model.putArray("merges").add("▁ h").add("e l").add("< s");
  }
}
