package dev.unmask.sft.vocabulary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.unmask.sft.vocabulary.Vocabulary.Merge;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VocabularyTest {

  @TempDir Path folder;

  private static final String TEXT =
      """
      The capital of France is Paris. The capital of Italy is Rome. What is 12 plus 34?
      The capital of Spain is Madrid. People in Spain speak Spanish. don't, I'm, you'll.
      """;

  @Test
  void joinsTheMostFrequentPairFirstAndTheLowerIdsOnATie() {
    // "ab" occurs 5 + 2 times, "bc" 5, "xy" and "yz" 3: the classic worked example, by hand.
    Map<String, Long> counts = new TreeMap<>(Map.of("abc", 5L, "abd", 2L, "xyz", 3L));
    Vocabulary vocabulary = BytePairTrainer.train(counts, 256 + 6 + 4);
    assertThat(vocabulary.merges())
        .containsExactly(
            new Merge("a", "b"), new Merge("ab", "c"), new Merge("x", "y"), new Merge("xy", "z"));
    assertThat(vocabulary.tokens().subList(256, 260)).containsExactly("ab", "abc", "xy", "xyz");
  }

  @Test
  void stopsWhenNothingOccursTwice() {
    Vocabulary vocabulary = BytePairTrainer.train(Map.of("abc", 1L), 4096);
    assertThat(vocabulary.size()).isEqualTo(256 + 6);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> BytePairTrainer.train(Map.of(), 100))
        .withMessageContaining("no room");
  }

  @Test
  void countsOverlappingPairsAsTheyCanBeJoined() {
    // In "aaaa" the pair (a, a) is joined twice, never across: aa aa, then aaaa.
    Vocabulary vocabulary = BytePairTrainer.train(Map.of("aaaa", 3L), 256 + 6 + 3);
    assertThat(vocabulary.merges()).containsExactly(new Merge("a", "a"), new Merge("aa", "aa"));
  }

  @Test
  void theOrderOfTheTextDoesNotMatter() {
    WordCounts forward = new WordCounts();
    WordCounts backward = new WordCounts();
    List<String> lines = TEXT.lines().toList();
    lines.forEach(forward::addText);
    lines.reversed().forEach(backward::addText);
    assertThat(BytePairTrainer.train(forward.counts(), 320))
        .isEqualTo(BytePairTrainer.train(backward.counts(), 320));
  }

  @Test
  void servesAsAModelsTokenizer() throws Exception {
    try (LladaTokenizer tokenizer = LladaTokenizer.load(train(320))) {
      int size = tokenizer.vocabularySize();
      assertThat(size).isEqualTo(320);
      assertThat(tokenizer.special().bos()).isEqualTo(size - 6);
      assertThat(tokenizer.special().eos()).isEqualTo(size - 5);
      assertThat(tokenizer.special().pad()).isEqualTo(size - 5);
      assertThat(tokenizer.special().mask()).isEqualTo(size - 4);
      assertThat(tokenizer.special().eot()).isEqualTo(size - 1);
      int[] chat = tokenizer.encodeChat(List.of(new ChatMessage("user", "capital")));
      assertThat(chat[0]).isEqualTo(size - 6);
      assertThat(tokenizer.decode(chat)).isEqualTo("user\n\ncapitalassistant\n\n");
    }
  }

  @Test
  void joinsAsTheNativeTokenizerDoes() throws Exception {
    // Trainer and tokenizer must agree on what a word is, or learnt tokens would never be used.
    try (LladaTokenizer tokenizer = LladaTokenizer.load(train(420))) {
      assertThat(texts(tokenizer, "The capital of")).containsExactly("The", " capital", " of");
      assertThat(texts(tokenizer, "Paris.")).endsWith(".");
    }
  }

  @Test
  void everyDigitStandsAlone() throws Exception {
    try (LladaTokenizer tokenizer = LladaTokenizer.load(train(420))) {
      assertThat(texts(tokenizer, "12 3456")).containsExactly("1", "2", " 3", "4", "5", "6");
    }
  }

  @Test
  void anyUnicodeTextComesBack() throws Exception {
    Random random = new Random(5);
    try (LladaTokenizer tokenizer = LladaTokenizer.load(train(400))) {
      for (int round = 0; round < 300; round++) {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(20); i > 0; i--) {
          if (random.nextBoolean()) {
            text.append(TEXT, 0, random.nextInt(30));
          } else {
            int codePoint = random.nextInt(Character.MAX_CODE_POINT + 1);
            boolean surrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
            text.appendCodePoint(surrogate ? ' ' : codePoint);
          }
        }
        assertThat(tokenizer.decode(tokenizer.encode(text.toString()))).isEqualTo(text.toString());
      }
    }
  }

  @Test
  void theSameFilesGiveTheSameTokenizerByteForByte() throws Exception {
    Path once = train(350);
    byte[] first = Files.readAllBytes(once.resolve("tokenizer.json"));
    assertThat(Files.readAllBytes(train(350).resolve("tokenizer.json"))).isEqualTo(first);
  }

  @Test
  void badInputGetsASentence() throws Exception {
    Path rows = Files.writeString(folder.resolve("rows.jsonl"), "{\"messages\": []}\n");
    assertThat(run("--out", folder.toString())).startsWith("2 A folder to write and at least one");
    assertThat(run("--out")).startsWith("2 An option lacks its value");
    assertThat(run("--out", folder.toString(), "nowhere.txt")).contains("no readable file nowhere");
    assertThat(run("--out", folder.toString(), rows.toString()))
        .contains("rows.jsonl line 1 has no \"messages\" list");
  }

  private Path train(int size) throws Exception {
    Path text = Files.writeString(folder.resolve("text.txt"), TEXT.repeat(3));
    Path out = folder.resolve("tokenizer" + size);
    assertThat(run("--out", out.toString(), "--size", "" + size, text.toString())).startsWith("0 ");
    return out;
  }

  private static String run(String... args) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    int code = TrainVocabularyMain.run(List.of(args), print, print);
    return code + " " + bytes.toString(StandardCharsets.UTF_8);
  }

  private static List<String> texts(LladaTokenizer tokenizer, String text) {
    return Arrays.stream(tokenizer.encode(text)).mapToObj(tokenizer::tokenText).toList();
  }
}
