package dev.unmask.sft.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CorpusTest {

  private static final int DIALOGUES = 30_000;

  @TempDir static Path folder;
  static Corpus corpus;

  @BeforeAll
  static void make() {
    corpus = Corpus.make(3, DIALOGUES);
  }

  @Test
  void oneSeedGivesTheSameFilesAndAnotherSeedOthers() throws Exception {
    assertThat(run("--seed", "3", "--dialogues", "500", "--out", folder.resolve("a").toString()))
        .startsWith("0 500 dialogues");
    run("--seed", "3", "--dialogues", "500", "--out", folder.resolve("b").toString());
    run("--seed", "4", "--dialogues", "500", "--out", folder.resolve("c").toString());
    for (String file :
        List.of(
            "train.jsonl",
            "drills.jsonl",
            "texts.jsonl",
            "valid.jsonl",
            "probes.jsonl",
            "unseen.jsonl")) {
      byte[] bytes = Files.readAllBytes(folder.resolve("a").resolve(file));
      assertThat(folder.resolve("b").resolve(file)).hasBinaryContent(bytes);
      assertThat(Files.readAllBytes(folder.resolve("c").resolve(file))).isNotEqualTo(bytes);
    }
  }

  @Test
  void rowsAreDialoguesThatEndWithTheAssistant() throws Exception {
    run("--seed", "9", "--dialogues", "300", "--out", folder.resolve("rows").toString());
    for (String line : Files.readAllLines(folder.resolve("rows").resolve("train.jsonl"))) {
      JsonNode row = new ObjectMapper().readTree(line);
      assertThat(row.get("task").asText()).isNotEmpty();
      String expected = "user";
      for (JsonNode message : row.get("messages")) {
        if (!message.get("role").asText().equals("system")) {
          assertThat(message.get("role").asText()).isEqualTo(expected);
          expected = expected.equals("user") ? "assistant" : "user";
        }
        assertThat(message.get("content").asText()).isNotBlank();
        if (!row.get("task").asText().equals("json")) {
          assertThat(message.get("content").asText()).doesNotContain("{", "}");
        }
      }
      assertThat(expected).isEqualTo("user");
    }
    for (String line : Files.readAllLines(folder.resolve("rows").resolve("probes.jsonl"))) {
      JsonNode row = new ObjectMapper().readTree(line);
      JsonNode messages = row.get("messages");
      assertThat(messages.get(messages.size() - 1).get("content")).isEqualTo(row.get("question"));
      assertThat(row.get("accepted").size()).isPositive();
    }
  }

  @Test
  void everyWordOfADrillsAnswerStandsInItsQuestion() {
    for (Dialogue dialogue : corpus.drills()) {
      Exchange exchange = dialogue.exchanges().getFirst();
      assertThat(List.of(exchange.question().split("[ ,.:?]+")))
          .containsAll(List.of(exchange.answer().split("[ ,]+")));
    }
    assertThat(corpus.drills()).hasSize(DIALOGUES / 2);
  }

  @Test
  void answersAndPromptsAreShort() {
    for (Dialogue dialogue : corpus.train()) {
      for (Exchange exchange : dialogue.exchanges()) {
        assertThat(exchange.answer().split(" ").length).isLessThan(20);
        assertThat(exchange.question().split(" ").length).isLessThan(20);
      }
    }
  }

  @Test
  void everyCountryAppearsOften() {
    Map<String, Integer> answers = new HashMap<>();
    for (Dialogue dialogue : corpus.train()) {
      for (Exchange exchange : dialogue.exchanges()) {
        answers.merge(exchange.answer(), 1, Integer::sum);
      }
    }
    for (Map<String, String> row : TaskFile.rows("countries.tsv")) {
      Template answer = new Template("The capital of {country} is {capital}.");
      assertThat(answers.getOrDefault(answer.fill(row), 0)).as(answer.fill(row)).isGreaterThan(3);
    }
  }

  @Test
  void heldOutPhrasingsAndDialoguesStayOutOfTraining() {
    Set<Dialogue> train = new HashSet<>(corpus.train());
    assertThat(corpus.valid()).noneMatch(train::contains);
    assertThat(corpus.train())
        .allMatch(dialogue ->
            dialogue.exchanges().stream()
                .noneMatch(exchange ->
                    exchange.question().toLowerCase(Locale.ROOT).contains("please name the")));
    assertThat(corpus.valid())
        .anyMatch(dialogue ->
            dialogue.exchanges().stream()
                .anyMatch(exchange -> exchange.question().startsWith("Please name the")));
  }

  @Test
  void oneQuestionOnItsOwnHasOneAnswer() {
    // Two answers to one question would teach a diffusion model to mix them.
    Map<String, String> answers = new HashMap<>();
    DialogueMaker maker = new DialogueMaker();
    for (Task task : maker.tasks()) {
      for (Map<String, String> row : task.table().rows()) {
        for (Template phrasing : task.seen()) {
          Exchange exchange = task.exchange(phrasing, row);
          String question = ProbeCheckTest.words(exchange.question());
          String before = answers.putIfAbsent(question, exchange.answer());
          assertThat(before == null ? exchange.answer() : before)
              .as(task.name() + ": " + exchange.question())
              .isEqualTo(exchange.answer());
        }
      }
    }
  }

  @Test
  void everyAnswerPassesItsOwnCheck() {
    for (Task task : new DialogueMaker().tasks()) {
      for (Map<String, String> row : task.table().rows()) {
        Exchange exchange = task.exchange(task.seen().getFirst(), row);
        assertThat(ProbeCheck.accepts(exchange.answer(), exchange.accepted()))
            .as("%s accepts %s", exchange.accepted(), exchange.answer())
            .isTrue();
      }
    }
  }

  @Test
  void heldOutPhrasingsAreNotAlsoSeen() {
    for (Task task : new DialogueMaker().tasks()) {
      assertThat(task.heldOut())
          .as(task.name())
          .isNotEmpty()
          .doesNotContainAnyElementsOf(task.seen());
    }
  }

  @Test
  void madeUpCountriesAreMadeUp() {
    Set<String> real =
        TaskFile.rows("countries.tsv").stream()
            .map(row -> row.get("country"))
            .collect(Collectors.toSet());
    Table lands = Objects.requireNonNull(Tables.all().get("strangelands"));
    assertThat(lands.rows()).noneMatch(row -> real.contains(row.get("land")));
    assertThat(lands.heldOut()).isNotEmpty().doesNotContainAnyElementsOf(lands.rows());
  }

  @Test
  void probesCoverEveryTaskInBothWordings() {
    Set<String> covered =
        corpus.probes().stream()
            .map(probe -> probe.task() + " " + probe.phrasing())
            .collect(Collectors.toSet());
    for (Task task : new DialogueMaker().tasks()) {
      assertThat(covered).contains(task.name() + " seen", task.name() + " held-out");
    }
    assertThat(covered).contains("follow-up seen", "follow-up held-out", "recall held-out");
  }

  @Test
  void whatIsHeldOutStaysOutOfTraining() {
    Set<String> told = new HashSet<>();
    for (Dialogue dialogue : corpus.train()) {
      for (Exchange exchange : dialogue.exchanges()) {
        told.add(exchange.answer());
      }
    }
    Map<String, Table> tables = Tables.all();
    for (Task task : new DialogueMaker().tasks()) {
      if (List.of("country-of-capital", "element", "old-animal", "sum").contains(task.name())) {
        assertThat(task.table().heldOut()).isNotEmpty();
        for (Map<String, String> row : task.table().heldOut()) {
          assertThat(told).doesNotContain(task.answer().fill(row));
        }
      }
    }
    assertThat(Objects.requireNonNull(tables.get("capitals")).heldOut()).hasSize(13);
    Set<String> first = corpus.probes().stream().map(Probe::key).collect(Collectors.toSet());
    assertThat(corpus.unseen()).hasSizeGreaterThan(400).noneMatch(p -> first.contains(p.key()));
  }

  @Test
  void anAnswerStandsInItsDialogue() {
    // What a scene asks for was said: no table can know it.
    Draw draw = new Draw(5);
    Pools pools = new Pools();
    for (Scene scene : List.of(new Echo(pools), new Owners(pools), new JsonSlots(pools))) {
      for (int i = 0; i < 200; i++) {
        Exchange last = scene.make(i % 2 == 0, draw).getLast();
        assertThat(ProbeCheck.accepts(last.answer(), last.accepted())).isTrue();
        assertThat(last.question()).doesNotContain("{");
      }
    }
    assertThat(JsonSlots.json(Map.of("age", "34"))).isEqualTo("{\"age\": 34}");
  }

  @Test
  void badOptionsGetASentence() {
    assertThat(run("--seed")).startsWith("2 An option lacks its value");
    assertThat(run("--seed", "x")).contains("not a number");
    assertThat(run("--size", "3")).contains("There is no option --size");
    assertThat(run("--seed", "1")).contains("A folder to write");
  }

  private static String run(String... args) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    int code = CorpusMain.run(List.of(args), print, print);
    return code + " " + bytes.toString(StandardCharsets.UTF_8);
  }
}
