package dev.unmask.cli.generate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.SlotCommit;
import java.util.List;
import org.junit.jupiter.api.Test;

class CanvasDrawingTest {

  @Test
  void anEmptyCanvasShowsTheBlockBeingFilledAndTheLaterOnes() {
    assertThat(CanvasDrawing.draw(canvas(6, 4), 80, false)).containsExactly("░░░░··");
  }

  @Test
  void tokensStandWhereTheirSlotsAre() {
    Canvas canvas =
        canvas(6, 6).after(step(0, commit(2, "is", 0.9f))).after(step(1, commit(0, "He", 0.8f)));

    assertThat(CanvasDrawing.draw(canvas, 80, false)).containsExactly("He░is░░░");
    assertThat(canvas.masked()).isEqualTo(4);
  }

  @Test
  void lateBlocksBecomeCurrentWhenTheirTurnComes() {
    Canvas canvas = canvas(4, 2).after(step(0, commit(0, "a", 1), commit(1, "b", 1)));
    assertThat(CanvasDrawing.draw(canvas, 80, false)).containsExactly("ab··");

    CanvasStep next = step(1, commit(3, "d", 1)).toBuilder().setBlock(1).build();

    assertThat(CanvasDrawing.draw(canvas.after(next), 80, false)).containsExactly("ab░d");
  }

  @Test
  void linesWrapAtTheWidthAndBreakWhereTheTextDoes() {
    Canvas canvas =
        canvas(4, 4)
            .after(
                step(
                    0, commit(0, "abcdefgh", 1), commit(1, "x\ny", 1), commit(2, "<|eot_id|>", 1)));

    assertThat(CanvasDrawing.draw(canvas, 5, false)).containsExactly("abcde", "fghx⏎", "y◦░");
  }

  @Test
  void wideCharactersTakeTwoColumnsAndAreNeverCut() {
    Canvas canvas = canvas(1, 1).after(step(0, commit(0, "日本語", 1)));

    assertThat(CanvasDrawing.draw(canvas, 5, false)).containsExactly("日本", "語");
    assertThat(CanvasDrawing.draw(canvas, 1, false)).containsExactly("日", "本", "語");
  }

  @Test
  void theSurerATokenTheBrighterAndTheNewestStandsOut() {
    Canvas canvas =
        canvas(3, 3)
            .after(step(0, commit(0, "a", 0f), commit(1, "b", 1f)))
            .after(step(1, commit(2, "c", 0.5f)));

    List<String> lines = CanvasDrawing.draw(canvas, 80, true);

    assertThat(lines)
        .containsExactly(
            "\u001b[38;5;240ma\u001b[0m\u001b[38;5;255mb\u001b[0m\u001b[1;32mc\u001b[0m");
  }

  @Test
  void controlCharactersOfAModelDoNotReachTheTerminal() {
    Canvas canvas = canvas(1, 1).after(step(0, commit(0, "a\u001b[2Jb\r", 1)));

    assertThat(CanvasDrawing.draw(canvas, 80, false)).containsExactly("a [2Jb ");
  }

  @Test
  void aSlotOutsideOfTheCanvasIsDropped() {
    Canvas canvas = canvas(2, 2).after(step(0, commit(2, "x", 1), commit(-1, "y", 1)));

    assertThat(CanvasDrawing.draw(canvas, 80, false)).containsExactly("░░");
  }

  private static Canvas canvas(int length, int block) {
    return Canvas.of(
        GenerationStarted.newBuilder().setCanvasLength(length).setBlockLength(block).build());
  }

  private static CanvasStep step(int step, SlotCommit... commits) {
    return CanvasStep.newBuilder().setStep(step).addAllCommits(List.of(commits)).build();
  }

  private static SlotCommit commit(int slot, String text, float confidence) {
    return SlotCommit.newBuilder().setSlot(slot).setText(text).setConfidence(confidence).build();
  }
}
