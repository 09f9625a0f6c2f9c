package dev.unmask.gateway.flow;

import static dev.unmask.gateway.flow.Events.answer;
import static dev.unmask.gateway.flow.Events.failed;
import static dev.unmask.gateway.flow.Events.started;
import static dev.unmask.gateway.flow.Events.step;
import static dev.unmask.gateway.flow.Events.text;
import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerationEvent;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class AttemptFoldTest {

  private static List<String> shown(EventDetail detail, GenerationEvent... events) {
    AttemptFold fold = new AttemptFold(detail);
    return Stream.of(events).flatMap(e -> fold.on(e).stream()).map(Events::show).toList();
  }

  private static List<String> blocks(GenerationEvent... events) {
    return shown(EventDetail.EVENT_DETAIL_BLOCK, events);
  }

  private static List<String> steps(GenerationEvent... events) {
    return shown(EventDetail.EVENT_DETAIL_STEP, events);
  }

  @Test
  void oneAttemptPassesThrough() {
    assertThat(blocks(started(1), text(1, "Par"), text(1, "is"), answer(1, "Paris")))
        .containsExactly("started", "text:Par", "text:is", "final:Paris");
  }

  @Test
  void aRepeatedAttemptIsSilentUntilItCoversWhatWasSent() {
    assertThat(
            blocks(
                started(1),
                text(1, "The cap"),
                started(2),
                text(2, "The"),
                text(2, " capital"),
                text(2, " is Paris"),
                answer(2, "The capital is Paris")))
        .containsExactly(
            "started", "text:The cap", "text:ital", "text: is Paris", "final:The capital is Paris");
  }

  @Test
  void textThatWouldChangeAborts() {
    assertThat(blocks(text(1, "Paris"), started(2), text(2, "Lyon"), answer(2, "Lyon")))
        .containsExactly("text:Paris", "started", "failed:aborted");
  }

  @Test
  void anAnswerThatDoesNotContinueTheTextAborts() {
    assertThat(blocks(text(1, "Paris"), answer(2, "Par")))
        .containsExactly("text:Paris", "failed:aborted");
  }

  @Test
  void whatTheFinalHasMoreIsSentAsText() {
    assertThat(blocks(text(1, "Par"), answer(1, "Paris")))
        .containsExactly("text:Par", "text:is", "final:Paris");
  }

  @Test
  void onlyTheFirstEndCounts() {
    assertThat(
            shown(
                EventDetail.EVENT_DETAIL_FINAL,
                answer(1, "a"),
                answer(2, "b"),
                failed(3, ErrorCode.ERROR_CODE_INTERNAL)))
        .containsExactly("final:a");
  }

  @Test
  void aGivenUpAttemptThatFinishesIsTakenWhenItAgrees() {
    assertThat(blocks(text(1, "Pa"), started(2), answer(1, "Paris"), answer(2, "Paris")))
        .containsExactly("text:Pa", "started", "text:ris", "final:Paris");
  }

  @Test
  void aGivenUpAttemptThatFailsDoesNotEndTheCall() {
    assertThat(blocks(started(2), failed(1, ErrorCode.ERROR_CODE_CANCELLED), answer(2, "Paris")))
        .containsExactly("started", "text:Paris", "final:Paris");
  }

  @Test
  void aFinalCallerSeesNeitherTextNorSteps() {
    assertThat(
            shown(
                EventDetail.EVENT_DETAIL_FINAL,
                started(1),
                text(1, "x"),
                step(1, 0, 5),
                answer(1, "x")))
        .containsExactly("started", "final:x");
  }

  @Test
  void aRepeatedCanvasIsSilentUntilItIsCoveredThenTheRestComesAsOneStep() {
    assertThat(
            steps(
                started(1),
                step(1, 0, 10, 2, 12),
                text(1, "a"),
                started(2),
                step(2, 2, 12),
                step(2, 5, 15),
                text(2, "a"),
                step(2, 0, 10),
                step(2, 1, 11),
                answer(2, "ab")))
        .containsExactly(
            "started", "step:0=10,2=12", "text:a", "step:5=15", "step:1=11", "text:b", "final:ab");
  }

  @Test
  void aCanvasThatDiffersRestartsWithASnapshot() {
    assertThat(
            steps(
                step(1, 0, 10, 1, 11),
                text(1, "ab"),
                step(2, 0, 10),
                text(2, "a"),
                step(2, 1, 99),
                text(2, "X"),
                answer(2, "aX")))
        .containsExactly(
            "step:0=10,1=11",
            "text:ab",
            "restarted",
            "step:0=10,1=99",
            "text:a",
            "text:X",
            "final:aX");
  }

  @Test
  void aRestartedCanvasMayBeLostAgain() {
    assertThat(steps(step(1, 0, 1), step(2, 0, 2), step(3, 0, 2), step(3, 1, 3), answer(3, "")))
        .containsExactly("step:0=1", "restarted", "step:0=2", "step:1=3", "final:");
  }

  /** Whatever the samplers do, a text caller's text only grows and there is one end. */
  @Test
  void randomHistoriesKeepTheTwoPromises() {
    for (int seed = 0; seed < 2000; seed++) {
      Random random = new Random(seed);
      AttemptFold fold =
          new AttemptFold(
              random.nextBoolean()
                  ? EventDetail.EVENT_DETAIL_BLOCK
                  : EventDetail.EVENT_DETAIL_STEP);
      String[] paths = {"abcdefgh", random.nextInt(3) == 0 ? "abcXefgh" : "abcdefgh"};
      int[] sent = new int[4];
      String text = "";
      int ends = 0;
      for (int i = 0; i < 40; i++) {
        int attempt = 1 + random.nextInt(3);
        String path = paths[attempt == 1 ? 0 : 1];
        int more = Math.min(path.length(), sent[attempt] + 1 + random.nextInt(3));
        GenerationEvent event =
            sent[attempt] == path.length()
                ? answer(attempt, path)
                : text(attempt, path.substring(sent[attempt], more));
        sent[attempt] = more;
        for (GenerationEvent out : fold.on(event)) {
          assertThat(ends).as("nothing after the end, seed %d", seed).isZero();
          switch (out.getEventCase()) {
            case TEXT -> text += out.getText().getDelta();
            case RESTARTED -> text = "";
            case FINAL -> {
              ends++;
              assertThat(out.getFinal().getText()).as("seed %d", seed).isEqualTo(text);
            }
            case FAILED -> ends++;
            default -> {}
          }
          String soFar = text;
          assertThat(paths).as("seed %d", seed).anyMatch(p -> p.startsWith(soFar));
        }
      }
    }
  }
}
