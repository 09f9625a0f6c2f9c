package dev.unmask.model.family;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Text and network must mean the same ids in every layout. */
class FamilyTextTest {

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void tokenizerAndNetworkAgreeOnTheSpecialTokens(Member member) throws Exception {
    TinyCheckpoint.of(member).write(folder);
    ModelConfig config = ModelConfig.load(folder);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder)) {
      assertThat(config.tokens().mask())
          .isEqualTo(member.id(member.mask()))
          .isEqualTo(tokenizer.special().mask());
      assertThat(config.tokens().eos()).isEqualTo(tokenizer.special().eos());
      assertThat(config.tokens().pad()).isEqualTo(tokenizer.special().pad());
      assertThat(config.tokens().eot()).isEqualTo(tokenizer.special().eot());
      assertThat(tokenizer.vocabularySize())
          .isEqualTo(member.vocabulary())
          .isLessThanOrEqualTo(config.vocabularySize());
      for (String control : member.control()) {
        assertThat(Arrays.stream(tokenizer.encode("é" + control)).noneMatch(tokenizer::isSpecial))
            .as(control)
            .isTrue();
      }
    }
  }

  @Test
  void lladasGoldenString() throws Exception {
    assertThat(
            rendered(
                Member.LLADA_INSTRUCT,
                new ChatMessage("system", " S "),
                new ChatMessage("user", "Hi\n"),
                new ChatMessage("assistant", "Yo"),
                new ChatMessage("user", "x")))
        .isEqualTo(
            "<|startoftext|><|start_header_id|>system<|end_header_id|>\n\nS<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\nYo<|eot_id|>"
                + "<|start_header_id|>user<|end_header_id|>\n\nx<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n");
  }

  @Test
  void dreamSpeaksChatMl() throws Exception {
    assertThat(rendered(Member.DREAM, new ChatMessage("user", "Hi")))
        .isEqualTo(
            """
            <|im_start|>system
            You are a helpful assistant.<|im_end|>
            <|im_start|>user
            Hi<|im_end|>
            <|im_start|>assistant
            """);
  }

  @Test
  void mmadaHasOneLineBreakBehindAHeader() throws Exception {
    assertThat(rendered(Member.MMADA, new ChatMessage("user", "Hi")))
        .isEqualTo(
            "<|startoftext|><|start_header_id|>user<|end_header_id|>\nHi<|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n");
  }

  private String rendered(Member member, ChatMessage... messages) throws Exception {
    TinyCheckpoint.of(member).write(folder);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder)) {
      return Arrays.stream(tokenizer.encodeChat(List.of(messages)))
          .mapToObj(tokenizer::tokenText)
          .collect(Collectors.joining())
          .replace('\u010a', '\n')
          .replace('\u0120', ' ');
    }
  }
}
