package dev.unmask.sft.corpus;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.sft.dataset.DatasetRow;
import dev.unmask.sft.dataset.DialogueReader;
import dev.unmask.sft.evaluation.ProbeFile;
import dev.unmask.text.ChatMessage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The example that the README fine-tunes on: every row counts, and it contradicts nothing. */
class OtterExampleTest {

  private static final Path EXAMPLE = Path.of("..", "examples", "otter.jsonl");

  @Test
  void everyRowIsADialogue() throws Exception {
    assertThat(dialogues()).hasSizeBetween(60, 100);
  }

  @Test
  void whatIsNotAboutTheOtterAnswersAsTheCorpusDoes() throws Exception {
    Map<String, String> corpus = new HashMap<>();
    for (Task task : new DialogueMaker().tasks()) {
      for (Map<String, String> row : task.table().rows()) {
        for (Template phrasing : task.seen()) {
          Exchange exchange = task.exchange(phrasing, row);
          corpus.put(exchange.question(), exchange.answer());
        }
      }
    }
    int ordinary = 0;
    for (List<ChatMessage> messages : dialogues()) {
      String question = messages.getFirst().content();
      String answer = messages.get(1).content();
      if (corpus.containsKey(question)) {
        assertThat(answer).as(question).isEqualTo(corpus.get(question));
        ordinary++;
      } else {
        assertThat(question.toLowerCase(java.util.Locale.ROOT))
            .containsAnyOf("ozzie", "otter", "pip");
      }
    }
    assertThat(ordinary).isGreaterThan(20);
  }

  @ParameterizedTest
  @ValueSource(strings = "otter")
  void everyExampleHasTenQuestionsWhoseAnswersItTeaches(String name) throws Exception {
    List<String> taught = new ArrayList<>();
    for (List<ChatMessage> messages : dialogues(EXAMPLE.resolveSibling(name + ".jsonl"))) {
      messages.stream()
          .filter(message -> message.role().equals("assistant"))
          .forEach(message -> taught.add(message.content()));
    }
    List<Probe> questions = ProbeFile.read(EXAMPLE.resolveSibling(name + ".questions.jsonl"));
    assertThat(questions).hasSize(10);
    long known =
        questions.stream()
            .filter(probe ->
                taught.stream().anyMatch(answer -> ProbeCheck.accepts(answer, probe.accepted())))
            .count();
    assertThat(known).isGreaterThanOrEqualTo(7);
  }

  private static List<List<ChatMessage>> dialogues() throws Exception {
    return dialogues(EXAMPLE);
  }

  private static List<List<ChatMessage>> dialogues(Path file) throws Exception {
    List<List<ChatMessage>> dialogues = new ArrayList<>();
    try (DialogueReader reader = DialogueReader.open(file)) {
      for (DatasetRow row = reader.next(); row != null; row = reader.next()) {
        assertThat(row).isInstanceOf(DatasetRow.Dialogue.class);
        if (row instanceof DatasetRow.Dialogue dialogue) {
          dialogues.add(dialogue.messages());
        }
      }
    }
    return dialogues;
  }
}
