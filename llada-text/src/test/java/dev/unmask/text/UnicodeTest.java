package dev.unmask.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.lang.Character.UnicodeBlock;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Text of every kind through a plain, a composing and a sentencepiece-like tokenizer. */
class UnicodeTest {

  static final List<String> KINDS =
      List.of(
          "a\u0301\u0323\u0308 combining, \u0301 alone",
          "Zalgo: o" + "\u0300\u0301\u0302\u0303".repeat(200),
          "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇩🇪🇫🇷 1️⃣ ☺\uFE0E",
          "\u202Ertl override\u202C \u2067isolate\u2069 שלום، مرحبا \u200F\u200E",
          "\u0000\u0001\u0008\u001B[31m\u007F\u0080\u009F",
          "\uE000\uF8FF \uDB80\uDC00 \uDBFF\uDFFD private",
          "\uFDD0\uFFFE\uFFFF \uD83F\uDFFE \uDBFF\uDFFF noncharacters",
          "\uFEFF\u200B\u2060\u00AD invisible",
          "\u00A0\u2007\u202F\u3000\u1680\u2028\u2029\u0085\u000B\u000C spaces",
          "\uFFFD\uFFFC replaced",
          "각 \u1100\u1161\u11A8 ﬁ ½ Å Å Ω ㎏ ｶﾞ",
          "क्षि தமிழ் ไทย မြန်မာ བོད་",
          "İıſẞß ΑΣ ς ǅ",
          "日本語 漢字 𠮷 𪚥 仮名",
          "∀x∈ℝ: ⌈x⌉ 𝔘𝔫𝔦 𝄞 𐎠 𓀀",
          " leading, trailing \t\r\n\n \r",
          "<|im_start|><0x41>▁Ġ");

  @TempDir static Path folder;
  static LladaTokenizer plain;
  static LladaTokenizer composing;
  static LladaTokenizer pieces;

  @BeforeAll
  static void load() throws Exception {
    plain = LladaTokenizer.load(FamilyTokenizers.LLADA.write(folder.resolve("l")));
    composing = LladaTokenizer.load(FamilyTokenizers.DREAM.write(folder.resolve("d")));
    pieces = LladaTokenizer.load(FamilyTokenizers.ILLADA.write(folder.resolve("i")));
  }

  @AfterAll
  static void close() {
    Stream.of(plain, composing, pieces).forEach(LladaTokenizer::close);
  }

  @ParameterizedTest
  @FieldSource("KINDS")
  void textComesBackAsTheTokenizerDocuments(String text) {
    comesBack(text);
    assertThat(composing.decode(composing.encode(text)))
        .isEqualTo(Normalizer.normalize(text, Normalizer.Form.NFC));
  }

  @Test
  void charactersOfEveryBlockAndPlaneComeBack() {
    Random random = new Random(20261123);
    List<StringBuilder> blocks = new ArrayList<>();
    @Nullable UnicodeBlock last = null;
    for (int c = 0; c <= Character.MAX_CODE_POINT; c++) {
      @Nullable UnicodeBlock block = UnicodeBlock.of(c);
      boolean begins = !Objects.equals(block, last) || c % 0x10000 == 0;
      boolean surrogate = c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE;
      if (begins) {
        blocks.add(new StringBuilder());
        last = block;
      }
      if (!surrogate && (begins || random.nextInt(c < 0x3000 ? 8 : 500) == 0)) {
        blocks.get(blocks.size() - 1).appendCodePoint(c);
      }
    }
    assertThat(blocks).hasSizeGreaterThan(300);
    blocks.forEach(block -> comesBack(block.toString()));
  }

  @Test
  void halvesOfSurrogatePairsBecomeTheReplacementCharacter() {
    for (LladaTokenizer tokenizer : List.of(plain, composing, pieces)) {
      assertThat(tokenizer.decode(tokenizer.encode("a\uD83D")).strip()).isEqualTo("a\uFFFD");
      assertThat(tokenizer.decode(tokenizer.encode("\uDE00\uD83D\uDE00\uD83D")).strip())
          .isEqualTo("\uFFFD😀\uFFFD");
      int[] chat = tokenizer.encodeChat(List.of(new ChatMessage("user", "\uDE00a\uD83D")));
      assertThat(tokenizer.decode(chat)).contains("\uFFFDa\uFFFD");
    }
  }

  @Test
  void veryLongRunsAreNeitherCutNorSlow() {
    for (String run : List.of(" ", "a", "\n", "é", "😀", "\u0301", "\u0000", "<|eot_id|>", " \n")) {
      String text = run.repeat(60_000 / run.length());
      assertThat(plain.decode(plain.encode(text))).isEqualTo(text);
    }
    String blanks = " ".repeat(LladaTokenizer.LONGEST_TEXT - 1) + "x";
    assertThat(plain.encode(blanks)).hasSizeGreaterThan(1_000_000);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> plain.encode(blanks + "y"))
        .withMessageContaining("2097153 characters");
  }

  /** Streaming any bytes in any steps gives the whole text, and never a part of a character. */
  @Test
  void streamingNeverSplitsOrRevisesACharacter() {
    Random random = new Random(7);
    for (LladaTokenizer tokenizer : List.of(plain, composing, pieces)) {
      for (int round = 0; round < 400; round++) {
        StringBuilder text = new StringBuilder();
        for (int n = random.nextInt(6); n >= 0; n--) {
          String kind = KINDS.get(random.nextInt(KINDS.size()));
          int from =
              kind.offsetByCodePoints(0, random.nextInt(kind.codePointCount(0, kind.length())));
          text.append(kind, from, Math.min(kind.length(), kind.offsetByCodePoints(from, 1)));
        }
        int[] ids = tokenizer.encode(text.toString());
        if (round % 4 == 0 && ids.length > 0) {
          ids[random.nextInt(ids.length)] = 8 + random.nextInt(256);
        }
        CommittedTextDecoder decoder = new CommittedTextDecoder(tokenizer);
        StringBuilder streamed = new StringBuilder();
        for (int n = 0; n < ids.length; n += 1 + random.nextInt(3)) {
          String delta = decoder.advance(Arrays.copyOf(ids, n));
          assertThat(delta).isEqualTo(StopStrings.wellFormed(delta));
          streamed.append(delta);
        }
        streamed.append(decoder.advance(ids)).append(decoder.finish());
        assertThat(streamed.toString()).isEqualTo(tokenizer.decode(ids));
      }
    }
  }

  private static void comesBack(String text) {
    assertThat(plain.decode(plain.encode(text))).isEqualTo(text);
    // NFC of another Unicode version than Java's: characters that are new to one of them differ.
    String composed = Normalizer.normalize(text, Normalizer.Form.NFC);
    assertThat(composing.decode(composing.encode(text))).isIn(composed, text);
    // One blank is put before a text and taken off again; the blank's own letter becomes a blank.
    assertThat(" " + pieces.decode(pieces.encode(text)))
        .isEqualTo(
            (text.startsWith(" ") || text.startsWith("▁") ? text : " " + text).replace('▁', ' '));
    for (LladaTokenizer tokenizer : List.of(plain, composing, pieces)) {
      assertThat(Arrays.stream(tokenizer.encode(text))).noneMatch(tokenizer::isSpecial);
    }
  }
}
