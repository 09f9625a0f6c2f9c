package dev.unmask.model.likelihood;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.text.LladaTokenizer;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** With the tokenizer that ships: real merges, tokens that begin with their space. */
class ContinuationTest {

  private static LladaTokenizer tokenizer;

  @BeforeAll
  static void load() throws Exception {
    tokenizer = LladaTokenizer.load(Path.of("../models/unmask-mini"));
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void aSpaceAtTheEndOfTheContextBelongsToTheContinuation() {
    Continuation spaced = Continuation.encode(tokenizer, "The capital of France is ", "Paris");
    Continuation joined = Continuation.encode(tokenizer, "The capital of France is", " Paris");

    assertThat(spaced.promptIds()).isEqualTo(joined.promptIds());
    assertThat(spaced.answerIds()).isEqualTo(joined.answerIds());
    assertThat(tokenizer.decode(spaced.promptIds())).isEqualTo("The capital of France is");
    assertThat(tokenizer.decode(spaced.answerIds())).isEqualTo(" Paris");
  }

  @Test
  void allKindsOfWhiteSpaceThatPythonStripsMove() {
    for (String space : new String[] {"\n", " \t\r\n", "\u00a0", "\u2003 ", "\u0085", "\u001f"}) {
      Continuation divided = Continuation.encode(tokenizer, "What?" + space, "Yes");
      assertThat(tokenizer.decode(divided.promptIds())).isEqualTo("What?");
      assertThat(tokenizer.decode(divided.answerIds())).isEqualTo(space + "Yes");
    }
  }

  @Test
  void thePairIsEncodedWholeAndCutAtTheContextsLength() {
    // "kn" and "ow" are other tokens than the end of "know".
    String context = "I do not kn";
    String text = "ow the way";
    int[] whole = tokenizer.encode(context + text);
    int[] alone = tokenizer.encode(context);
    Continuation divided = Continuation.encode(tokenizer, context, text);

    assertThat(divided.promptIds()).isEqualTo(alone);
    assertThat(divided.answerIds()).isNotEqualTo(tokenizer.encode(text));
    assertThat(divided.answerIds())
        .isEqualTo(IntStream.range(alone.length, whole.length).map(i -> whole[i]).toArray());
  }

  @Test
  void withoutAContextThereIsNoPromptAndNoBos() {
    Continuation divided = Continuation.encode(tokenizer, " ", "Hello there");

    assertThat(divided.promptIds()).isEmpty();
    assertThat(tokenizer.decode(divided.answerIds())).isEqualTo(" Hello there");
    assertThat(divided.answerIds()).doesNotContain(tokenizer.special().bos());
    assertThat(Continuation.encode(tokenizer, "Hello", "").answerIds()).isEmpty();
  }
}
