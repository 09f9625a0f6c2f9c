package dev.unmask.sft.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.text.ChatMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TaskReportTest {

  @TempDir Path folder;

  private static TaskItem.Choice choice(int line, String question) {
    return new TaskItem.Choice(
        "capitals",
        line,
        new Asked.Dialogue(List.of(new ChatMessage("user", question))),
        List.of("no", "a much longer answer"),
        Set.of(1));
  }

  @Test
  void theHighestBoundIsChosenAndTheHighestForEachByte() {
    TaskResult.Chosen chosen = TaskResult.Chosen.of(choice(1, "?"), List.of(-4.0, -6.0));

    assertThat(chosen.right()).isFalse();
    assertThat(chosen.rightPerByte()).isTrue();
  }

  @Test
  void sharesAreCountedByTaskAndWhatDoesNotFitApart() {
    TaskItem.Open sum =
        new TaskItem.Open(
            "sums", 3, new Asked.Text("1+1="), List.of("2"), Match.NUMERIC, List.of());
    ObjectNode json =
        new TaskReport(
                List.of(
                    TaskResult.Chosen.of(choice(1, "?"), List.of(-4.0, -6.0)),
                    TaskResult.Chosen.of(choice(2, "?"), List.of(-4.0, -1.0)),
                    new TaskResult.Written(sum, "2"),
                    new TaskResult.Skipped(sum, "too long")))
            .json();

    assertThat(json.path("n").asInt()).isEqualTo(3);
    assertThat(json.path("skipped").asInt()).isEqualTo(1);
    assertThat(json.path("accuracy").asDouble()).isEqualTo(2 / 3.0, within(1e-12));
    assertThat(json.at("/tasks/capitals/accuracy").asDouble()).isEqualTo(0.5);
    assertThat(json.at("/tasks/capitals/accuracy_norm").asDouble()).isEqualTo(1);
    assertThat(json.at("/tasks/capitals/stderr").asDouble())
        .isEqualTo(Math.sqrt(0.25 / 2), within(1e-12));
    assertThat(json.at("/tasks/sums/accuracy").asDouble()).isEqualTo(1);
  }

  @Test
  void examplesStandBeforeTheQuestionAndNeverItself() throws IOException {
    List<TaskItem> items = new ArrayList<>();
    for (int i = 1; i <= 4; i++) {
      items.add(choice(i, "question " + i));
    }
    FewShot examples = new FewShot(items, items, true, 3, 7);

    Asked.Dialogue asked = (Asked.Dialogue) examples.before(items.get(1));

    assertThat(asked.messages()).hasSize(7);
    assertThat(asked.messages().getLast()).isEqualTo(new ChatMessage("user", "question 2"));
    assertThat(asked.messages().subList(0, 6))
        .filteredOn(message -> message.role().equals("user"))
        .extracting(ChatMessage::content)
        .containsExactlyInAnyOrder("question 1", "question 3", "question 4");
    assertThat(asked.messages().get(1).content()).isEqualTo("a much longer answer");
    assertThat(examples.before(items.get(1))).isEqualTo(asked);
    assertThatThrownBy(() -> new FewShot(items, items, true, 4, 7)).hasMessageContaining("only 3");

    TaskItem laidOut =
        new TaskItem.Open(
            "sums", 9, new Asked.Text("1+1="), List.of("2"), Match.NUMERIC, List.of());
    assertThatThrownBy(() -> new FewShot(List.of(laidOut), items, false, 1, 7))
        .hasMessageContaining("leave out --shots");
  }

  @Test
  void resultsFilesAreComparedInATableAndADrawing() throws IOException {
    TaskReport report =
        new TaskReport(List.of(TaskResult.Chosen.of(choice(1, "?"), List.of(-4.0, -1.0))));
    ObjectNode json = new ObjectMapper().createObjectNode().put("what", "eval tasks");
    json.setAll(report.json());
    Path file = Files.writeString(folder.resolve("mini & co.json"), json.toString());
    List<ResultsFile> results = List.of(ResultsFile.read(file), ResultsFile.read(file));

    assertThat(CompareMain.table(results))
        .isEqualTo(
            """
            | task | mini & co | mini & co |
            | --- | --- | --- |
            | capitals | 100.0 % (21–100, n = 1) | 100.0 % (21–100, n = 1) |
            | all | 100.0 % (21–100, n = 1) | 100.0 % (21–100, n = 1) |
            """);
    assertThat(ResultsPlot.svg(results)).contains("mini &amp; co").endsWith("</svg>\n");

    Path other = Files.writeString(folder.resolve("other.json"), "{}");
    assertThatThrownBy(() -> ResultsFile.read(other)).hasMessageContaining("not a results file");
  }
}
