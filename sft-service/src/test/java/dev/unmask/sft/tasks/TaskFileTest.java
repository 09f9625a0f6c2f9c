package dev.unmask.sft.tasks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.text.ChatMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TaskFileTest {

  @TempDir Path folder;

  private Path file(String name, String... rows) throws IOException {
    return Files.write(folder.resolve(name), List.of(rows));
  }

  private TaskItem only(String row) throws IOException {
    return TaskFile.read(file("quiz.jsonl", row), 10).getFirst();
  }

  @Test
  void harnessChoicesOfBothVersionsAreRead() throws IOException {
    String lists =
        "{\"doc_id\":0,\"target\":\"1\",\"arguments\":[[\"2+2=\",\" 5\"],[\"2+2=\",\" 4\"]]}";
    String objects =
        "{\"target\":1,\"arguments\":{\"gen_args_0\":{\"arg_0\":\"2+2=\",\"arg_1\":\" 5\"},"
            + "\"gen_args_1\":{\"arg_0\":\"2+2=\",\"arg_1\":\" 4\"}}}";
    String text = lists.replace("\"1\"", "\" 4\"");

    for (String row : List.of(lists, objects, text)) {
      assertThat(only(row))
          .isEqualTo(
              new TaskItem.Choice(
                  "quiz", 1, new Asked.Text("2+2="), List.of(" 5", " 4"), Set.of(1)));
    }
  }

  @Test
  void aHarnessAnswerThatIsWorkedOutIsItsLastNumber() throws IOException {
    String row =
        "{\"target\":\"He has 3 + 4 = 7.\\n#### 7\",\"arguments\":{\"gen_args_0\":{\"arg_0\":"
            + "\"Q: how many?\\nA:\",\"arg_1\":{\"until\":[\"Q:\",\"\"],\"max_gen_toks\":256}}}}";

    assertThat(only(row))
        .isEqualTo(
            new TaskItem.Open(
                "quiz",
                1,
                new Asked.Text("Q: how many?\nA:"),
                List.of("7"),
                Match.NUMERIC,
                List.of("Q:")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{'question':'Q','choices':['a','b'],'answer':1}",
        "{'question':'Q','choices':['a','b'],'answer':'B'}",
        "{'question':'Q','choices':{'text':['a','b'],'label':['1','2']},'answerKey':'2'}",
        "{'query':'Q','choices':['a','b'],'gold':1}",
        "{'ctx':'Q','endings':['a','b'],'label':'1'}"
      })
  void choicesOfDatasetsAreRead(String row) throws IOException {
    assertThat(only(row.replace('\'', '"')))
        .isEqualTo(
            new TaskItem.Choice(
                "quiz",
                1,
                new Asked.Dialogue(List.of(new ChatMessage("user", "Q"))),
                List.of("a", "b"),
                Set.of(1)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{'question':'Q','choices':['8','2','24'],'answer':2}|2",
        "{'question':'Q','choices':['8','2','24'],'answer':'2'}|1",
        "{'question':'Q','choices':{'text':['8','2'],'label':['2','1']},'answerKey':'2'}|0",
        "{'question':'Q','choices':{'text':['8','2'],'label':['2','1']},'answerKey':2}|0",
        "{'target':'1','arguments':[['c','1'],['c','0']]}|1",
        "{'target':'24','arguments':[['c',' 24'],['c',' 2']]}|0"
      })
  void numbersThatAreChoicesAreNotMistaken(String row, int right) throws IOException {
    assertThat(((TaskItem.Choice) only(row.replace('\'', '"'))).right()).containsExactly(right);
  }

  @Test
  void probesOfTheCorpusAreRead() throws IOException {
    String row =
        "{\"task\":\"sums\",\"messages\":[{\"role\":\"user\",\"content\":\"2 and 2?\"}],"
            + "\"accepted\":[\"4\"]}";

    assertThat(only(row))
        .isEqualTo(
            new TaskItem.Open(
                "sums",
                1,
                new Asked.Dialogue(List.of(new ChatMessage("user", "2 and 2?"))),
                List.of("4"),
                Match.NUMERIC,
                List.of()));
  }

  @Test
  void theTaskOfAHarnessFileIsInItsName() throws IOException {
    Path file =
        file(
            "samples_arc_easy_2026-01-02T03-04-05.678901.jsonl",
            "{\"target\":0,\"arguments\":[[\"a\",\"b\"],[\"a\",\"c\"]]}");

    assertThat(TaskFile.read(file, 1).getFirst().task()).isEqualTo("arc_easy");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'question':'Q','choices':['a','b'],'answer':7}|position from 0 to 1",
        "{'question':'Q','choices':['a'],'answer':0}|needs two or more",
        "{'question':'Q','choices':['a','b']}|which choice is right",
        "{'question':'Q','answers':[]}|holds no text",
        "{'question':'Q','answers':['a'],'match':'regex'}|exact, numeric or contains",
        "{'arguments':[['a','b']],'target':0}|nothing to choose between",
        "{'arguments':[['a','b'],['c','d']],'target':0}|different contexts",
        "{'arguments':[['a','b'],['a','d']],'target':2}|position from 0 to 1",
        "{'arguments':[['a','b'],['a','d']]}|/target is missing",
        "{'arguments':[],'target':1}|/arguments is empty",
        "{'text':'hello'}|no task",
        "{'question'|not JSON"
      })
  void aBadRowIsRefusedWithItsLine(String row, String said) throws IOException {
    Path file =
        file("quiz.jsonl", "{\"question\":\"Q\",\"answers\":\"a\"}", row.replace('\'', '"'));

    assertThatThrownBy(() -> TaskFile.read(file, 10))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("quiz.jsonl:2: ")
        .hasMessageContaining(said);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{'messages':[{'role':'user','content':'a'},{'role':'assistant','content':'b'}]}|false",
        "{'prompt':'a','completion':'b'}|false",
        "{'instruction':'a','input':'','output':'b'}|false",
        "{'text':'a'}|false",
        "not JSON|false",
        "{'question':'a','answer':'b'}|true",
        "{'prompt':'a','choices':['b','c'],'answer':0}|true"
      })
  void dialoguesAndTasksAreToldApart(String row, boolean tasks) throws IOException {
    assertThat(TaskFile.holdsTasks(file("f.jsonl", "", row.replace('\'', '"')))).isEqualTo(tasks);
  }
}
