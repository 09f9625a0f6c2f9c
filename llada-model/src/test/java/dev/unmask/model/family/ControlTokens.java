package dev.unmask.model.family;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** The control tokens of the published tokenizers, in the order of their ids, and the templates. */
final class ControlTokens {

  /** 269 of them, from 126080 on. */
  static final List<String> LLADA =
      Stream.of(
              Stream.of("<|startoftext|>", "<|endoftext|>", "[CLS]", "[gMASK]"),
              reserved(0, 252),
              Stream.of("<|mdm_mask|>"),
              reserved(253, 256),
              Stream.of("<role>", "</role>"),
              Stream.of("<|arithmetic_start|>", "<|arithmetic_end|>"),
              Stream.of("<|number_start|>", "<|number_end|>"),
              Stream.of("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"))
          .flatMap(part -> part)
          .toList();

  /** LLaDA's with eleven of the reserved ones named, from 126084 on. */
  static final List<String> MMADA = mmada();

  /** Qwen2.5's 22, from 151643 on, and two of Dream's own. */
  static final List<String> DREAM =
      List.of(
          "<|endoftext|>",
          "<|im_start|>",
          "<|im_end|>",
          "<|object_ref_start|>",
          "<|object_ref_end|>",
          "<|box_start|>",
          "<|box_end|>",
          "<|quad_start|>",
          "<|quad_end|>",
          "<|vision_start|>",
          "<|vision_end|>",
          "<|vision_pad|>",
          "<|image_pad|>",
          "<|video_pad|>",
          "<tool_call>",
          "</tool_call>",
          "<|fim_prefix|>",
          "<|fim_middle|>",
          "<|fim_suffix|>",
          "<|fim_pad|>",
          "<|repo_name|>",
          "<|file_sep|>",
          "<|beginoftext|>",
          "<|mask|>");

  /** Of iLLaDA's only the mask and its id, 5, are known; the others stand in for it. */
  static final List<String> ILLADA = List.of("<pad>", "<s>", "</s>", "<unk>", "<sep>", "<[MASK]>");

  static final String LLADA_TEMPLATE = template("\n\n");

  /** With one line break behind a header: the template that MMaDA's generation script sets. */
  static final String MMADA_TEMPLATE = template("\n");

  /** ChatML as Qwen2 stores it. */
  static final String DREAM_TEMPLATE =
      "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}"
          + "{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
          + "{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
          + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

  private ControlTokens() {}

  private static Stream<String> reserved(int from, int to) {
    return IntStream.range(from, to).mapToObj(i -> "<|reserved_token_" + i + "|>");
  }

  private static List<String> mmada() {
    List<String> named =
        List.of(
            "<|soi|>", "<|eoi|>", "<|sov|>", "<|eov|>", "<|t2i|>", "<|mmu|>", "<|t2v|>", "<|v2v|>",
            "<|lvg|>", "[iPAD]", "<|r2i|>");
    List<String> all = new ArrayList<>(LLADA);
    for (int i = 0; i < named.size(); i++) {
      all.set(4 + i, named.get(i));
    }
    return List.copyOf(all);
  }

  private static String template(String behindHeader) {
    return "{% set loop_messages = messages %}{% for message in loop_messages %}"
        + "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>"
        + behindHeader
        + "'+ message['content'] | trim + '<|eot_id|>' %}"
        + "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}"
        + "{{ content }}{% endfor %}"
        + "{{ '<|start_header_id|>assistant<|end_header_id|>"
        + behindHeader
        + "' }}";
  }
}
