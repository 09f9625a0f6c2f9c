package dev.unmask.gateway.flow;

import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.GenerationEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a slow reader has not taken yet. Frames of a kind melt into one: the commits of several
 * steps into one step, the pieces of text into one piece. So it never holds more than one canvas
 * and one text, however slow the reader is. Not thread-safe: one call's context.
 */
public final class FrameBuffer {

  private @Nullable GenerationEvent started;
  private @Nullable GenerationEvent restarted;
  private @Nullable GenerationEvent step;
  private @Nullable GenerationEvent text;

  /** Adds a frame; true when it melted into one that waits or made one pointless. */
  public boolean add(GenerationEvent event) {
    return switch (event.getEventCase()) {
      case STARTED -> {
        started = event;
        yield false;
      }
      case RESTARTED -> {
        boolean dropped = step != null || text != null || restarted != null;
        restarted = event;
        step = null;
        text = null;
        yield dropped;
      }
      case STEP -> {
        GenerationEvent earlier = step;
        step = earlier == null ? event : mergeSteps(earlier, event);
        yield earlier != null;
      }
      case TEXT -> {
        GenerationEvent earlier = text;
        text = earlier == null ? event : mergeTexts(earlier, event);
        yield earlier != null;
      }
      case FINAL, FAILED, SCORED, EVENT_NOT_SET ->
          throw new IllegalArgumentException("not a frame: " + event.getEventCase());
    };
  }

  public boolean isEmpty() {
    return started == null && restarted == null && step == null && text == null;
  }

  /** Everything that waits, in the order to show it; the buffer is empty afterwards. */
  public List<GenerationEvent> drain() {
    List<GenerationEvent> all = new ArrayList<>(4);
    for (GenerationEvent e : new @Nullable GenerationEvent[] {started, restarted, step, text}) {
      if (e != null) {
        all.add(e);
      }
    }
    started = null;
    restarted = null;
    step = null;
    text = null;
    return all;
  }

  private static GenerationEvent mergeSteps(GenerationEvent earlier, GenerationEvent later) {
    CanvasStep.Builder merged =
        later.getStep().toBuilder()
            .clearCommits()
            .addAllCommits(earlier.getStep().getCommitsList())
            .addAllCommits(later.getStep().getCommitsList());
    return later.toBuilder().setStep(merged).build();
  }

  private static GenerationEvent mergeTexts(GenerationEvent earlier, GenerationEvent later) {
    CommittedText.Builder merged =
        later.getText().toBuilder()
            .setDelta(earlier.getText().getDelta() + later.getText().getDelta());
    return later.toBuilder().setText(merged).build();
  }
}
