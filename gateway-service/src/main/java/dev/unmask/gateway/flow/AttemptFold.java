package dev.unmask.gateway.flow;

import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import dev.unmask.v1.GenerationRestarted;
import dev.unmask.v1.SlotCommit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Turns the events of all attempts at one request into what one caller sees: one start, text that
 * never changes, and one end.
 *
 * <p>A later attempt normally repeats the earlier one, because the seed is fixed. Nothing of it is
 * shown until it covers what the caller has already seen. When it takes another path, a caller that
 * reads text gets ABORTED and a caller that watches the canvas gets {@link GenerationRestarted}
 * followed by a snapshot. Memory is bounded by the canvas.
 *
 * <p>What it shows depends on the events and their order alone. Not thread-safe.
 */
public final class AttemptFold {

  private final EventDetail detail;
  private boolean ended;
  private boolean startShown;
  private int attempt;

  /** What the caller has seen, and of it only what still stands. */
  private final StringBuilder shownText = new StringBuilder();

  private final Map<Integer, Integer> shownSlots = new HashMap<>();

  /** What the current attempt has reached. */
  private final StringBuilder text = new StringBuilder();

  private final Map<Integer, SlotCommit> slots = new LinkedHashMap<>();
  private CanvasStep lastStep = CanvasStep.getDefaultInstance();
  private CommittedText lastText = CommittedText.getDefaultInstance();
  private boolean catchingUp;

  public AttemptFold(EventDetail detail) {
    this.detail = detail;
  }

  /** The newest attempt seen; 0 before the first event. */
  public int attempt() {
    return attempt;
  }

  /** Takes one event as it came from the topic and returns what the caller sees of it, in order. */
  public List<GenerationEvent> on(GenerationEvent event) {
    List<GenerationEvent> out = new ArrayList<>(2);
    if (ended) {
      return out;
    }
    if (event.getAttempt() < attempt) {
      onOlderAttempt(event, out);
      return out;
    }
    if (event.getAttempt() > attempt) {
      begin(event.getAttempt());
    }
    switch (event.getEventCase()) {
      case STARTED -> {
        if (!startShown) {
          startShown = true;
          out.add(event);
        }
      }
      case STEP -> {
        if (detail == EventDetail.EVENT_DETAIL_STEP) {
          onStep(event, out);
        }
      }
      case TEXT -> {
        if (showsText()) {
          onText(event, out);
        }
      }
      case FINAL -> onFinal(event, out);
      case FAILED, SCORED -> {
        ended = true;
        out.add(event);
      }
      // Only a gateway says RESTARTED; an event this build does not know is not shown.
      case RESTARTED, EVENT_NOT_SET -> {}
    }
    return out;
  }

  private boolean showsText() {
    return detail == EventDetail.EVENT_DETAIL_BLOCK || detail == EventDetail.EVENT_DETAIL_STEP;
  }

  private void begin(int newAttempt) {
    attempt = newAttempt;
    text.setLength(0);
    slots.clear();
    lastStep = CanvasStep.getDefaultInstance();
    lastText = CommittedText.getDefaultInstance();
    catchingUp = shownText.length() > 0 || !shownSlots.isEmpty();
  }

  /**
   * An attempt that was given up may still finish. Its answer is whole, and the results topic keeps
   * the first one, so it is taken when it agrees with what was shown; its failure is not.
   */
  private void onOlderAttempt(GenerationEvent event, List<GenerationEvent> out) {
    if (event.hasScored()) {
      ended = true;
      out.add(event);
      return;
    }
    if (event.getEventCase() != GenerationEvent.EventCase.FINAL) {
      return;
    }
    boolean agrees = !showsText() || startsWith(event.getFinal().getText(), shownText);
    if (!agrees || !shownSlots.isEmpty()) {
      return;
    }
    text.setLength(0);
    onFinal(event, out);
  }

  private void onStep(GenerationEvent event, List<GenerationEvent> out) {
    CanvasStep step = event.getStep();
    lastStep = step;
    boolean differs = false;
    for (SlotCommit commit : step.getCommitsList()) {
      slots.put(commit.getSlot(), commit);
      Integer shown = shownSlots.get(commit.getSlot());
      differs |= shown != null && shown != commit.getTokenId();
    }
    if (differs) {
      restart(event, out);
    } else if (catchingUp) {
      showWhenCaughtUp(event, out);
    } else {
      markShown(step.getCommitsList());
      out.add(event);
    }
  }

  private void onText(GenerationEvent event, List<GenerationEvent> out) {
    lastText = event.getText();
    text.append(event.getText().getDelta());
    if (!agree(text, shownText)) {
      if (detail == EventDetail.EVENT_DETAIL_STEP) {
        restart(event, out);
      } else {
        abort(event, out);
      }
    } else if (detail == EventDetail.EVENT_DETAIL_STEP && catchingUp) {
      showWhenCaughtUp(event, out);
    } else {
      showNewText(event, out);
    }
  }

  private void onFinal(GenerationEvent event, List<GenerationEvent> out) {
    GenerateResponse answer = event.getFinal();
    if (showsText()) {
      text.setLength(0);
      text.append(answer.getText());
      if (!startsWith(answer.getText(), shownText)) {
        if (detail != EventDetail.EVENT_DETAIL_STEP) {
          abort(event, out);
          return;
        }
        restart(event, out);
      } else {
        if (catchingUp) {
          showNewSlots(event, out);
        }
        showNewText(event, out);
      }
    }
    ended = true;
    out.add(event);
  }

  private void showWhenCaughtUp(GenerationEvent event, List<GenerationEvent> out) {
    if (text.length() < shownText.length() || !slots.keySet().containsAll(shownSlots.keySet())) {
      return;
    }
    catchingUp = false;
    showNewSlots(event, out);
    showNewText(event, out);
  }

  /** Everything the current attempt has committed and the caller has not seen, as one step. */
  private void showNewSlots(GenerationEvent cause, List<GenerationEvent> out) {
    List<SlotCommit> fresh = new ArrayList<>();
    for (SlotCommit commit : slots.values()) {
      if (!shownSlots.containsKey(commit.getSlot())) {
        fresh.add(commit);
      }
    }
    if (!fresh.isEmpty()) {
      markShown(fresh);
      out.add(
          header(cause).setStep(lastStep.toBuilder().clearCommits().addAllCommits(fresh)).build());
    }
  }

  private void showNewText(GenerationEvent cause, List<GenerationEvent> out) {
    if (text.length() <= shownText.length()) {
      return;
    }
    String delta = text.substring(shownText.length());
    shownText.append(delta);
    out.add(header(cause).setText(lastText.toBuilder().setDelta(delta)).build());
  }

  private void restart(GenerationEvent cause, List<GenerationEvent> out) {
    shownText.setLength(0);
    shownSlots.clear();
    catchingUp = false;
    out.add(
        header(cause)
            .setRestarted(
                GenerationRestarted.newBuilder()
                    .setReason(
                        "Attempt "
                            + cause.getAttempt()
                            + " took another path than the one shown; what follows replaces it."))
            .build());
    showNewSlots(cause, out);
    showNewText(cause, out);
  }

  private void abort(GenerationEvent cause, List<GenerationEvent> out) {
    ended = true;
    out.add(
        header(cause)
            .setFailed(
                GenerationFailed.newBuilder()
                    .setCode(ErrorCode.ERROR_CODE_ABORTED)
                    .setMessage(
                        "Attempt "
                            + cause.getAttempt()
                            + " took another path than the text already sent, which is never"
                            + " revised; ask again."))
            .build());
  }

  private void markShown(List<SlotCommit> commits) {
    for (SlotCommit commit : commits) {
      shownSlots.put(commit.getSlot(), commit.getTokenId());
    }
  }

  private static GenerationEvent.Builder header(GenerationEvent event) {
    return GenerationEvent.newBuilder()
        .setRequestId(event.getRequestId())
        .setAttempt(event.getAttempt())
        .setSeq(event.getSeq())
        .setWorker(event.getWorker());
  }

  private static boolean startsWith(String whole, CharSequence start) {
    return whole.length() >= start.length() && whole.startsWith(start.toString());
  }

  /** Whether one of the two is a beginning of the other. */
  private static boolean agree(CharSequence a, CharSequence b) {
    int n = Math.min(a.length(), b.length());
    for (int i = 0; i < n; i++) {
      if (a.charAt(i) != b.charAt(i)) {
        return false;
      }
    }
    return true;
  }
}
