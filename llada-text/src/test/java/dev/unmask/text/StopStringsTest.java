package dev.unmask.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StopStringsTest {

  @TempDir static Path folder;
  static LladaTokenizer tokenizer;

  @BeforeAll
  static void load() throws Exception {
    tokenizer = LladaTokenizer.load(ByteTokenizerFolder.write(folder));
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void whatCouldBeginAStopStringIsHeldBack() {
    CommittedTextDecoder decoder = decoder("stop");
    assertThat(advance(decoder, "the s")).isEqualTo("the ");
    assertThat(advance(decoder, "the sto")).isEmpty();
    assertThat(advance(decoder, "the stone")).isEqualTo("stone");
    assertThat(advance(decoder, "the stone st")).isEqualTo(" ");
    assertThat(decoder.finish()).isEqualTo("st");
    assertThat(decoder.stopped()).isFalse();
    assertThat(decoder.stoppedBy()).isEmpty();
  }

  @Test
  void textEndsBeforeTheStopString() {
    CommittedTextDecoder decoder = decoder("\n\nUser:", "###");
    assertThat(advance(decoder, "yes\n\nUs")).isEqualTo("yes");
    assertThat(advance(decoder, "yes\n\nUser: no")).isEmpty();
    assertThat(decoder.stoppedBy()).contains("\n\nUser:");
    assertThat(advance(decoder, "yes\n\nUser: no ###")).isEmpty();
    assertThat(decoder.finish()).isEmpty();
    assertThat(decoder.text()).isEqualTo("yes");
  }

  @Test
  void aStopStringCanBeginAgainInsideItsOwnBeginning() {
    CommittedTextDecoder decoder = decoder("aab");
    assertThat(advance(decoder, "aa")).isEmpty();
    assertThat(advance(decoder, "aaa")).isEqualTo("a");
    assertThat(advance(decoder, "aaab")).isEmpty();
    assertThat(decoder.text()).isEqualTo("a");
    assertThat(decoder.stopped()).isTrue();
  }

  @Test
  void theOneThatBeginsFirstWinsEvenWhenItIsCompleteLater() {
    CommittedTextDecoder decoder = decoder("b", "abcd");
    assertThat(advance(decoder, "xab")).isEqualTo("x");
    assertThat(decoder.stopped()).isFalse();
    assertThat(advance(decoder, "xabcd")).isEmpty();
    assertThat(decoder.stoppedBy()).contains("abcd");

    CommittedTextDecoder other = decoder("b", "abcd");
    assertThat(advance(other, "xabc")).isEqualTo("x");
    assertThat(advance(other, "xabcx")).isEqualTo("a");
    assertThat(other.stoppedBy()).contains("b");

    CommittedTextDecoder ended = decoder("b", "abcd");
    assertThat(advance(ended, "xabc")).isEqualTo("x");
    assertThat(ended.finish()).isEqualTo("a");
    assertThat(ended.stoppedBy()).contains("b");
  }

  @Test
  void ofTwoThatBeginTogetherTheShorterIsNamed() {
    assertThat(StopStrings.of(List.of("ab", "a")).cut("cab").stoppedBy()).contains("a");
    CommittedTextDecoder decoder = decoder("ab", "a");
    assertThat(advance(decoder, "cab")).isEqualTo("c");
    assertThat(decoder.stoppedBy()).contains("a");
  }

  @Test
  void aStopStringOfHalfCommittedCharactersIsFound() {
    int[] ids = tokenizer.encode("ok😀!");
    CommittedTextDecoder decoder = decoder("😀");
    assertThat(decoder.advance(Arrays.copyOf(ids, 4))).isEqualTo("ok");
    assertThat(decoder.advance(Arrays.copyOf(ids, 5))).isEmpty();
    assertThat(decoder.stopped()).isFalse();
    assertThat(decoder.advance(ids)).isEmpty();
    assertThat(decoder.stoppedBy()).contains("😀");
    assertThat(decoder.text()).isEqualTo("ok");
  }

  @Test
  void theReplacementCharacterOnlyStopsWhenItIsFinal() {
    int[] ids = {'a', 0xf0, 0x9f};
    CommittedTextDecoder decoder = decoder("\uFFFD");
    assertThat(decoder.advance(ids)).isEqualTo("a");
    assertThat(decoder.stopped()).isFalse();
    assertThat(decoder.finish()).isEmpty();
    assertThat(decoder.stoppedBy()).contains("\uFFFD");
  }

  @Test
  void theEndOfTheAnswerComesFirst() {
    int eot = tokenizer.special().eot();
    CommittedTextDecoder decoder = decoder("cd");
    assertThat(decoder.advance(new int[] {'a', 'b', 'c', eot, 'd'})).isEqualTo("ab");
    assertThat(decoder.finish()).isEqualTo("c");
    assertThat(decoder.stopped()).isFalse();
  }

  @Test
  void theEngineAsksWithIdsAlone() {
    StopStrings stops = StopStrings.of(List.of("b", "abcd"));
    assertThat(stops.endIn(tokenizer, tokenizer.encode("xabc"))).isFalse();
    assertThat(stops.endIn(tokenizer, tokenizer.encode("xabcx"))).isTrue();
    assertThat(stops.endIn(tokenizer, new int[0])).isFalse();
    assertThat(StopStrings.NONE.endIn(tokenizer, tokenizer.encode("b"))).isFalse();
  }

  @Test
  void wrongStopStringsAreRefusedInASentence() {
    refuses(Collections.nCopies(17, "x"), "17 stop strings", "at most 16");
    refuses(List.of("a", ""), "Stop string 1 is empty");
    refuses(List.of("😀".repeat(257)), "257 characters", "at most 256");
    refuses(List.of("\uD83D"), "half a surrogate pair");
    assertThat(StopStrings.of(List.of("😀".repeat(256), "x", "x")).strings()).hasSize(2);
    assertThat(StopStrings.of(List.of())).isSameAs(StopStrings.NONE);
  }

  /** Any text, any stop strings, any steps: what is streamed is what the naive search leaves. */
  @Test
  void streamsWhatTheNaiveSearchLeaves() {
    Random random = new Random(20261123);
    int stopped = 0;
    for (int round = 0; round < 4000; round++) {
      List<String> strings = new ArrayList<>();
      int many = 1 + random.nextInt(4);
      while (strings.size() < many) {
        String one = text(random, 1 + random.nextInt(4));
        if (!one.isEmpty()) {
          strings.add(one);
        }
      }
      int[] ids = ids(random);
      int cut = Integer.MAX_VALUE;
      String whole = tokenizer.decode(ids);
      for (String stop : strings) {
        int at = whole.indexOf(stop);
        cut = at < 0 ? cut : Math.min(cut, at);
      }
      String expected = cut == Integer.MAX_VALUE ? whole : whole.substring(0, cut);

      StopStrings stops = StopStrings.of(strings);
      CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer, stops);
      StringBuilder streamed = new StringBuilder();
      for (int n = 0; n < ids.length; n += 1 + random.nextInt(5)) {
        String delta = decoder.advance(Arrays.copyOf(ids, n));
        assertThat(delta).isEqualTo(StopStrings.wellFormed(delta));
        streamed.append(delta);
        assertThat(expected).startsWith(streamed);
        assertThat(stops.endIn(tokenizer, Arrays.copyOf(ids, n))).isEqualTo(decoder.stopped());
      }
      streamed.append(decoder.advance(ids)).append(decoder.finish());
      assertThat(streamed.toString()).as("%s in %s", strings, whole).isEqualTo(expected);
      assertThat(decoder.stopped()).isEqualTo(cut != Integer.MAX_VALUE);
      assertThat(decoder.stoppedBy().map(s -> whole.startsWith(s, expected.length())))
          .isIn(List.of(Optional.empty(), Optional.of(true)));
      assertThat(stops.cut(whole)).isEqualTo(new StopStrings.Cut(expected, decoder.stoppedBy()));
      stopped += decoder.stopped() ? 1 : 0;
    }
    assertThat(stopped).isBetween(1000, 3500);
  }

  private static int[] ids(Random random) {
    int[] ids = tokenizer.encode(text(random, random.nextInt(20)));
    if (random.nextInt(3) == 0 && ids.length > 0) {
      ids[random.nextInt(ids.length)] = 0x80 + random.nextInt(0x80);
    }
    return ids;
  }

  private static String text(Random random, int length) {
    String[] letters = {"a", "b", "a", "b", "é", "😀", "\n", "\uFFFD"};
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append(letters[random.nextInt(letters.length)]);
    }
    return text.toString();
  }

  private static CommittedTextDecoder decoder(String... stops) {
    return new CommittedTextDecoder(tokenizer, StopStrings.of(List.of(stops)));
  }

  private static String advance(CommittedTextDecoder decoder, String text) {
    return decoder.advance(tokenizer.encode(text));
  }

  private static void refuses(List<String> strings, String... parts) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> StopStrings.of(strings))
        .satisfies(e -> assertThat(e.getMessage()).contains(parts));
  }
}
