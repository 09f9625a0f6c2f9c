package dev.unmask.gateway.api.grpc;

import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.SlotCommit;
import java.util.TreeMap;

/** What a canvas shows after each step. Holds one canvas. The call's context. */
final class CanvasSnapshot {

  private final TreeMap<Integer, SlotCommit> slots = new TreeMap<>();

  /** The event with all slots that are committed by then, if it is a step. */
  GenerationEvent of(GenerationEvent event) {
    if (event.hasRestarted()) {
      slots.clear();
    }
    if (!event.hasStep()) {
      return event;
    }
    event.getStep().getCommitsList().forEach(commit -> slots.put(commit.getSlot(), commit));
    return event.toBuilder()
        .setStep(event.getStep().toBuilder().clearCommits().addAllCommits(slots.values()))
        .build();
  }
}
