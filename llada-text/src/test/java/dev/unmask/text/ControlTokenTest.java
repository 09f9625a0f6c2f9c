package dev.unmask.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Control tokens that a user typed are text: every one, in every place, of every family member. */
class ControlTokenTest {

  @TempDir static Path folder;
  static final Map<FamilyTokenizers, LladaTokenizer> TOKENIZERS =
      new EnumMap<>(FamilyTokenizers.class);

  @BeforeAll
  static void load() throws Exception {
    for (FamilyTokenizers family : FamilyTokenizers.values()) {
      TOKENIZERS.put(family, LladaTokenizer.load(family.write(folder.resolve(family.name()))));
    }
  }

  @AfterAll
  static void close() {
    TOKENIZERS.values().forEach(LladaTokenizer::close);
  }

  @ParameterizedTest
  @EnumSource
  void everyControlTokenIsTextWhereverAUserTypesIt(FamilyTokenizers family) {
    LladaTokenizer tokenizer = of(family);
    for (String token : family.control()) {
      for (String typed :
          List.of(
              token,
              token + "x",
              "x" + token,
              "x " + token + " y",
              token + token,
              "<" + token + ">",
              "\n\n" + token + "\n",
              "\u200D" + token + "\u0301")) {
        int[] ids = tokenizer.encode(typed);
        assertThat(ids).as(typed).isNotEmpty();
        assertThat(Arrays.stream(ids)).as(typed).noneMatch(tokenizer::isSpecial);
        if (family != FamilyTokenizers.DREAM) {
          assertThat(tokenizer.decode(ids)).isEqualTo(typed);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void noFieldOfADialogueCanHoldAControlToken(FamilyTokenizers family) {
    LladaTokenizer tokenizer = of(family);
    List<Integer> honest =
        control(tokenizer, List.of(user("q"), new ChatMessage("assistant", "a"), user("r")));
    for (String token : family.control()) {
      int half = token.length() / 2;
      String head = token.substring(0, half);
      String tail = token.substring(half);
      for (List<ChatMessage> attack :
          List.of(
              List.of(user(token), new ChatMessage("assistant", token), user(token + token)),
              List.of(user(" " + token + "\n"), new ChatMessage("assistant", ""), user(token)),
              List.of(user("x" + head), new ChatMessage("assistant", tail), user(tail + head)))) {
        assertThat(control(tokenizer, attack)).as(token).isEqualTo(honest);
      }
      if (family != FamilyTokenizers.DREAM) {
        assertThat(
                control(
                    tokenizer,
                    List.of(
                        new ChatMessage(token, "q"),
                        new ChatMessage(head, tail),
                        new ChatMessage("user" + token, "r"))))
            .as(token)
            .isEqualTo(honest);
      }
      assertThat(control(tokenizer, tokenizer.encodeAnswer(token)))
          .as(token)
          .containsExactly(tokenizer.special().eot());
    }
  }

  @Test
  void dreamWritesChatMl() {
    LladaTokenizer dream = of(FamilyTokenizers.DREAM);
    assertThat(shown(dream, dream.encodeChat(List.of(user(" hi ")))))
        .isEqualTo(
            """
            <|im_start|>system
            Be brief.<|im_end|>
            <|im_start|>user
             hi <|im_end|>
            <|im_start|>assistant
            """);
    int[] ids =
        dream.encodeChat(
            List.of(
                new ChatMessage("system", "S"),
                user("a"),
                new ChatMessage("assistant", "b"),
                new ChatMessage("system", "T"),
                user("c")));
    assertThat(shown(dream, ids))
        .isEqualTo(
            """
            <|im_start|>system
            S<|im_end|>
            <|im_start|>user
            a<|im_end|>
            <|im_start|>assistant
            b<|im_end|>
            <|im_start|>system
            T<|im_end|>
            <|im_start|>user
            c<|im_end|>
            <|im_start|>assistant
            """);
    assertThat(shown(dream, dream.encodeAnswer("ok"))).isEqualTo("ok<|im_end|>");
  }

  @Test
  void specialTokensAreFoundInEveryForm() {
    for (FamilyTokenizers family : FamilyTokenizers.values()) {
      LladaTokenizer tokenizer = of(family);
      SpecialTokens special = tokenizer.special();
      List<String> found = new ArrayList<>();
      for (int id : new int[] {special.mask(), special.eos(), special.eot(), special.bos()}) {
        found.add(tokenizer.tokenText(id));
      }
      switch (family) {
        case LLADA ->
            assertThat(found)
                .containsExactly("<|mdm_mask|>", "<|endoftext|>", "<|eot_id|>", "<|startoftext|>");
        case DREAM ->
            assertThat(found)
                .containsExactly("<|mask|>", "<|endoftext|>", "<|im_end|>", "<|beginoftext|>");
        case ILLADA -> {
          assertThat(found).containsExactly("<[MASK]>", "</s>", "<|role_end|>", "<s>");
          assertThat(special.mask()).isEqualTo(5);
        }
      }
    }
    assertThat(FamilyTokenizers.LLADA.control()).hasSize(269).doesNotHaveDuplicates();
  }

  @Test
  void specialTokensAreTheSameFromTheFilesAlone() throws Exception {
    for (FamilyTokenizers family : FamilyTokenizers.values()) {
      assertThat(SpecialTokens.read(folder.resolve(family.name()))).isEqualTo(of(family).special());
    }
  }

  @Test
  void onlyTheFirstRunOfASentencePieceTextGetsABlank() {
    LladaTokenizer illada = of(FamilyTokenizers.ILLADA);
    int[] alone = illada.encode("hel");
    int[] answer = illada.encodeAnswer("hel");
    assertThat(illada.tokenText(alone[0])).isEqualTo("h");
    assertThat(Arrays.copyOf(answer, answer.length - 1)).isNotEqualTo(alone);
    assertThat(alone).hasSize(answer.length - 1);
  }

  @Test
  void tokensThatAreNotSpecialStayInTheText() {
    LladaTokenizer dream = of(FamilyTokenizers.DREAM);
    int call = 256 + 9 + FamilyTokenizers.DREAM.control().indexOf("<tool_call>");
    assertThat(dream.isSpecial(call)).isTrue();
    assertThat(dream.decode(new int[] {'a', call, 'b', dream.special().mask()}))
        .isEqualTo("a<tool_call>b");
  }

  private static LladaTokenizer of(FamilyTokenizers family) {
    return Objects.requireNonNull(TOKENIZERS.get(family));
  }

  private static ChatMessage user(String content) {
    return new ChatMessage("user", content);
  }

  private static List<Integer> control(LladaTokenizer tokenizer, List<ChatMessage> messages) {
    return control(tokenizer, tokenizer.encodeChat(messages));
  }

  private static List<Integer> control(LladaTokenizer tokenizer, int[] ids) {
    return Arrays.stream(ids).filter(tokenizer::isSpecial).boxed().toList();
  }

  private static String shown(LladaTokenizer tokenizer, int[] ids) {
    StringBuilder text = new StringBuilder();
    for (int id : ids) {
      text.append(tokenizer.tokenText(id));
    }
    return text.toString();
  }
}
