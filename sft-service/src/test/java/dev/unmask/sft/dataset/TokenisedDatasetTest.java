package dev.unmask.sft.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.recipe.Overlong;
import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.testkit.TinyModel;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Datasets in tokens on the disk: the same as in memory, the same again, and honest about bad. */
class TokenisedDatasetTest {

  @TempDir static Path model;
  private static LladaTokenizer tokenizer;

  @TempDir Path folder;

  private final List<Rejected> rejected = new ArrayList<>();

  @BeforeAll
  static void load() throws Exception {
    tokenizer = LladaTokenizer.load(TinyModel.small().write(model.resolve("m")));
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void samplesOnTheDiskAreThoseInMemoryWhateverTheThreads() throws Exception {
    String file = dialogues(700, 3);
    List<TrainingSample> expected = new ArrayList<>();
    List<Integer> rows = new ArrayList<>();
    try (DialogueReader reader = DialogueReader.open(write("d.jsonl", file))) {
      int row = 0;
      for (DatasetRow next = reader.next(); next != null; next = reader.next()) {
        for (TrainingSample sample : DialogueSamples.of((Dialogue) next, tokenizer)) {
          expected.add(sample);
          rows.add(row);
        }
        row++;
      }
    }
    for (int threads : new int[] {1, 3}) {
      ReadOptions options = new ReadOptions(null, 4096, Overlong.REJECT, threads);
      try (TokenisedDataset read = read(file, options)) {
        same(read.rows(), expected);
        for (int i = 0; i < expected.size(); i++) {
          assertThat(read.rows().row(i)).isEqualTo(rows.get(i));
        }
        assertThat(read.facts().used()).isEqualTo(700);
        assertThat(read.facts().samples()).isEqualTo(expected.size());
        assertThat(read.facts().format()).isEqualTo("messages");
        assertThat(read.facts().tokens())
            .isEqualTo(expected.stream().mapToLong(TrainingSample::length).sum());
        assertThat(read.facts().questions()).hasSize(4).doesNotHaveDuplicates();
      }
    }
  }

  @Test
  void aResumedDatasetIsTheSameEvenWhenTheFileIsGone() throws Exception {
    String file = dialogues(50, 2) + "nonsense\n";
    ReadOptions options = ReadOptions.of(4096);
    List<TrainingSample> first = new ArrayList<>();
    DatasetFacts facts;
    String digest;
    try (TokenisedDataset read = read(file, options)) {
      for (int i = 0; i < read.rows().size(); i++) {
        first.add(read.rows().sample(i));
      }
      facts = read.facts();
      digest = read.digest();
    }
    Path data = folder.resolve("data");
    try (TokenisedDataset again = TokenisedDataset.resume(data, "file-1", options).orElseThrow()) {
      assertThat(again.digest()).isEqualTo(digest);
      same(again.rows(), first);
      assertThat(again.facts()).isEqualTo(facts);
      assertThat(Files.readAllLines(again.report())).hasSize(1);
    }
    assertThat(TokenisedDataset.resume(data, "file-2", options)).isEmpty();
    assertThat(TokenisedDataset.resume(data, "file-1", ReadOptions.of(100))).isEmpty();
    assertThat(TokenisedDataset.resume(folder.resolve("nowhere"), "file-1", options)).isEmpty();
    // What was not finished does not count.
    Files.delete(data.resolve("dataset.json"));
    assertThat(TokenisedDataset.resume(data, "file-1", options)).isEmpty();
  }

  @Test
  void everyRejectedRowIsInTheReportAndCountedByReason() throws Exception {
    String file =
        row("a", "q", "x")
            + row("b", "q", "y")
            + row("a", "q", "z")
            + "nonsense\n{\"messages\": 1}\n"
            + row("c", "q", " ");
    try (TokenisedDataset read = read(file, ReadOptions.of(4096))) {
      DatasetFacts facts = read.facts();
      assertThat(facts.used()).isEqualTo(2);
      assertThat(facts.rejected()).isEqualTo(4);
      assertThat(facts.reasons())
          .containsEntry("DUPLICATE_ID", 1L)
          .containsEntry("NOT_JSON", 1L)
          .containsEntry("MESSAGES_MISSING", 1L)
          .containsEntry("ANSWER_EMPTY", 1L);
      List<String> report = Files.readAllLines(read.report());
      assertThat(report).hasSameSizeAs(rejected).hasSize(4);
      var first = new ObjectMapper().readTree(report.get(0));
      assertThat(first.path("line").asLong()).isEqualTo(3);
      assertThat(first.path("pointer").asText()).isEqualTo("/id");
      assertThat(first.path("reason").asText()).isEqualTo("DUPLICATE_ID");
      assertThat(first.path("excerpt").asText()).contains("\"z\"");
      assertThat(facts.refusal(0.7)).isEmpty();
      assertThat(facts.refusal(0.1).orElseThrow())
          .startsWith("4 of 6 rows cannot be used")
          .contains("rows.jsonl:3");
    }
  }

  @Test
  void aDatasetWithoutRowsOrOfAnUnknownFormatSaysWhatWouldBeRight() throws Exception {
    try (TokenisedDataset empty = read("\n \n", ReadOptions.of(64))) {
      assertThat(empty.facts().refusal(1).orElseThrow()).contains("rows.jsonl").contains("empty");
      assertThat(empty.rows().size()).isZero();
    }
    try (TokenisedDataset wrong = read("{\"q\": 1}\n".repeat(20_000), ReadOptions.of(64))) {
      assertThat(wrong.facts().refusal(1).orElseThrow())
          .contains("keys are q")
          .contains("FORMAT_UNKNOWN")
          .contains("sharegpt (conversations)");
      assertThat(wrong.facts().stoppedEarly()).isTrue();
      assertThat(wrong.facts().rejected()).isEqualTo(10_000);
    }
  }

  @Test
  void aTooLongRowIsRefusedCutOrKeptInPart() throws Exception {
    String dialogue =
        """
        {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "short"},
        {"role": "user", "content": "b"}, {"role": "assistant", "content": "%s"},
        {"role": "user", "content": "c"}, {"role": "assistant", "content": "short"}]}
        """
            .formatted("long ".repeat(60))
            .replace("\n", "");
    ReadOptions options = ReadOptions.of(128);
    try (TokenisedDataset refused = read(dialogue, options)) {
      assertThat(refused.rows().size()).isZero();
      assertThat(rejected.get(0).reason()).isEqualTo(Reason.TOO_MANY_TOKENS);
      assertThat(rejected.get(0).sentence()).contains("at most 128");
      assertThat(rejected.get(0).excerpt()).startsWith("{\"messages\"");
    }
    try (TokenisedDataset cut = read(dialogue, options.with(Overlong.TRUNCATE))) {
      assertThat(cut.rows().size()).isEqualTo(2);
      assertThat(cut.rows().ends(0)).isTrue();
      assertThat(cut.rows().ends(1)).isFalse();
      assertThat(cut.rows().length(1)).isEqualTo(128);
      assertThat(cut.rows().sample(1).ends()).isFalse();
      assertThat(cut.facts().shortened()).isEqualTo(1);
    }
    try (TokenisedDataset kept = read(dialogue, options.with(Overlong.KEEP_FITTING_TURNS))) {
      assertThat(kept.rows().size()).isEqualTo(1);
      assertThat(kept.rows().ends(0)).isTrue();
      assertThat(kept.facts().shortened()).isEqualTo(1);
      assertThat(kept.facts().rejected()).isZero();
    }
  }

  @Test
  void pairsStandNextToEachOtherWithOnePrompt() throws Exception {
    StringBuilder file = new StringBuilder();
    for (int i = 0; i < 40; i++) {
      file.append(
          "{\"prompt\": \"q%d\", \"chosen\": \"yes %d\", \"rejected\": \"no\"}\n".formatted(i, i));
    }
    try (TokenisedDataset read = read(file.toString(), ReadOptions.of(256))) {
      PreferenceRows pairs = new PreferenceRows(read.rows());
      assertThat(pairs.size()).isEqualTo(40);
      for (int i = 0; i < 40; i++) {
        TrainingSample better = pairs.chosen(i);
        TrainingSample worse = pairs.rejected(i);
        assertThat(better.promptLength()).isEqualTo(worse.promptLength());
        assertThat(Arrays.mismatch(better.ids(), worse.ids())).isEqualTo(better.promptLength());
        assertThat(text(better)).contains("yes " + i);
        assertThat(text(worse)).contains("no");
      }
    }
  }

  @Test
  void textIsCutIntoWindowsWithoutALostToken() throws Exception {
    String text = "Sea otters float on their backs.\n".repeat(9_000);
    Path data = folder.resolve("text");
    try (TokenisedDataset read =
        TokenisedDataset.read(
            data,
            "t",
            DatasetSource.of(write("t.txt", text)),
            tokenizer,
            ReadOptions.of(1000),
            rejected::add)) {
      StringBuilder joined = new StringBuilder();
      for (int i = 0; i < read.rows().size(); i++) {
        assertThat(read.rows().length(i)).isEqualTo(1000);
        assertThat(read.rows().promptLength(i)).isZero();
        assertThat(read.rows().ends(i)).isFalse();
        joined.append(tokenizer.decode(read.rows().sample(i).ids()));
      }
      assertThat(joined).hasToString(text.substring(0, joined.length()));
      assertThat(joined.length()).isEqualTo(text.length() / 1000 * 1000);
    }
  }

  @Test
  void aTopicIsTheLastValueOfEachKeyAtItsOffsets() throws Exception {
    Random random = new Random(3);
    Map<Integer, String> standing = new HashMap<>();
    try (TopicCopy copy = new TopicCopy("unmask.dialogues", folder.resolve("copy"))) {
      for (int offset = 0; offset < 3000; offset++) {
        int key = random.nextInt(400);
        if (random.nextInt(5) == 0) {
          standing.remove(key);
          copy.add(key % 3, offset, "key " + key, null);
        } else {
          String value = row("", "q" + key, "v" + offset);
          standing.put(key, value);
          copy.add(key % 3, offset, "key " + key, value.getBytes(StandardCharsets.UTF_8));
        }
      }
      copy.add(1, 5000, "bad", "{\n\"messages\": 1}".getBytes(StandardCharsets.UTF_8));
      copy.upTo(1, 5001);
      copy.upTo(0, 4000);

      try (TokenisedDataset read =
          TokenisedDataset.read(
              folder.resolve("topic"), "t", copy, tokenizer, ReadOptions.of(512), rejected::add)) {
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < read.rows().size(); i++) {
          texts.add(text(read.rows().sample(i)));
        }
        assertThat(texts).hasSize(standing.size());
        standing.forEach((key, value) -> {
          String answer = value.replaceAll("(?s).*\"(v\\d+)\".*", "$1");
          String question = "q" + key + "<|eot_id|>";
          assertThat(texts)
              .filteredOn(t -> t.contains(answer + "<") && t.contains(question))
              .hasSize(1);
        });
        assertThat(read.facts().uri()).isEqualTo("topic:unmask.dialogues?offsets=0:4000,1:5001");
        assertThat(rejected)
            .singleElement()
            .satisfies(bad -> {
              assertThat(bad.file()).isEqualTo("unmask.dialogues/1");
              assertThat(bad.line()).isEqualTo(5000);
            });
      }
    }
    try (var left = Files.list(folder.resolve("copy"))) {
      assertThat(left).isEmpty();
    }
  }

  @Test
  void aReadingThatIsStoppedLeavesNothingThatCounts() throws Exception {
    int[] asked = {0};
    assertThatThrownBy(() ->
            TokenisedDataset.read(
                folder.resolve("data"),
                "file-1",
                DatasetSource.of(write("d.jsonl", dialogues(300, 2))),
                tokenizer,
                ReadOptions.of(4096),
                rejected::add,
                () -> ++asked[0] > 100))
        .isInstanceOf(ReadingStoppedException.class);
    assertThat(TokenisedDataset.resume(folder.resolve("data"), "file-1", ReadOptions.of(4096)))
        .isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"tokens.bin", "tokens.index", "rejected-rows.jsonl", "dataset.json.tmp"})
  void aFullDiskEndsTheReadingWithTheFilesNameAndLeavesNothing(String file) throws Exception {
    Path data = Files.createDirectories(folder.resolve("data"));
    // Whatever is written to this device fails as on a full disk.
    Files.createSymbolicLink(data.resolve(file), Path.of("/dev/full"));
    String rows = dialogues(50, 2) + "nonsense\n".repeat(3);
    assertThatThrownBy(() -> read(rows, ReadOptions.of(4096)))
        .isInstanceOf(IOException.class)
        .hasMessageContaining(file + " cannot be written: No space left on device");
    assertThat(data).isEmptyDirectory();
    try (TokenisedDataset again = read(rows, ReadOptions.of(4096))) {
      assertThat(again.facts().used()).isEqualTo(50);
    }
  }

  @Test
  void equalRowsHaveOneDigestAndOtherRowsAnother() throws Exception {
    String rows = dialogues(300, 2);
    Set<String> digests = new HashSet<>();
    for (int threads : new int[] {1, 3}) {
      try (TokenisedDataset read =
          read(rows, new ReadOptions(null, 4096, Overlong.REJECT, threads))) {
        digests.add(read.digest());
        assertThat(read.digest()).hasSize(64);
      }
    }
    assertThat(digests).hasSize(1);
    for (String other : List.of(rows + row("z", "q", "y"), dialogues(300, 3))) {
      try (TokenisedDataset read = read(other, ReadOptions.of(4096))) {
        assertThat(digests.add(read.digest())).isTrue();
      }
    }
  }

  @Test
  void aTableOfNumbersKeepsEveryKeyWhileItGrows() throws Exception {
    try (LongTable table = new LongTable(folder.resolve("table"))) {
      for (long i = 1; i <= 20_000; i++) {
        assertThat(table.add(LongTable.hash("name " + i))).isTrue();
        table.put(LongTable.hash("name " + i), i);
      }
      for (long i = 1; i <= 20_000; i++) {
        assertThat(table.add(LongTable.hash("name " + i))).isFalse();
        assertThat(table.get(LongTable.hash("name " + i), -1)).isEqualTo(i);
      }
      assertThat(table.get(LongTable.hash("other"), -1)).isEqualTo(-1);
    }
    assertThat(folder.resolve("table")).doesNotExist();
  }

  private TokenisedDataset read(String file, ReadOptions options) throws IOException {
    rejected.clear();
    return TokenisedDataset.read(
        folder.resolve("data"),
        "file-1",
        DatasetSource.of(write("rows.jsonl", file)),
        tokenizer,
        options,
        rejected::add);
  }

  private Path write(String name, String content) throws IOException {
    return Files.writeString(folder.resolve(name), content);
  }

  private static void same(TokenisedRows rows, List<TrainingSample> expected) {
    assertThat(rows.size()).isEqualTo(expected.size());
    for (int i = 0; i < expected.size(); i++) {
      assertThat(rows.sample(i).ids()).isEqualTo(expected.get(i).ids());
      assertThat(rows.length(i)).isEqualTo(expected.get(i).length());
      assertThat(rows.promptLength(i)).isEqualTo(expected.get(i).promptLength());
      assertThat(rows.answerLength(i)).isEqualTo(expected.get(i).answerLength());
      assertThat(rows.ends(i)).isEqualTo(expected.get(i).ends());
    }
  }

  /** A sample with its control tokens. */
  private static String text(TrainingSample sample) {
    StringBuilder text = new StringBuilder();
    for (int id : sample.ids()) {
      text.append(tokenizer.tokenText(id));
    }
    return text.toString();
  }

  private static String row(String id, String question, String answer) {
    String name = id.isEmpty() ? "" : "\"id\": \"" + id + "\", ";
    return "{%s\"messages\": [{\"role\": \"user\", \"content\": \"%s\"}, {\"role\": \"assistant\", \"content\": \"%s\"}]}\n"
        .formatted(name, question, answer);
  }

  private static String dialogues(int rows, int turns) {
    StringBuilder file = new StringBuilder();
    for (int i = 0; i < rows; i++) {
      file.append("{\"messages\": [");
      for (int t = 0; t <= i % turns; t++) {
        file.append(t == 0 ? "" : ", ")
            .append("{\"role\": \"user\", \"content\": \"question %d of %d\"}, ".formatted(t, i))
            .append(
                "{\"role\": \"assistant\", \"content\": \"%s\"}"
                    .formatted("answer ".repeat(1 + i % 9)));
      }
      file.append("]}\n");
    }
    return file.toString();
  }
}
