package dev.unmask.sampler.intake;

import dev.unmask.proto.Topics;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which topics each slot of a worker subscribes to. */
public final class SlotPlan {

  private SlotPlan() {}

  /**
   * One set of topics per slot.
   *
   * @param slots all slots, at least 1
   * @param bulkSlots those for the bulk topic; with one slot it serves both topics
   * @throws IllegalArgumentException with a sentence when a class of work would get no slot
   */
  public static List<Set<String>> topics(String base, int slots, int bulkSlots) {
    String interactive = Topics.interactiveRequests(base);
    String bulk = Topics.bulkRequests(base);
    if (slots == 1) {
      return List.of(Set.of(interactive, bulk));
    }
    if (slots < 1 || bulkSlots < 1 || bulkSlots >= slots) {
      throw new IllegalArgumentException(
          "unmask.sampler.slots is "
              + slots
              + " and unmask.sampler.bulk-slots is "
              + bulkSlots
              + "; both classes of requests need at least one slot");
    }
    List<Set<String>> plan = new ArrayList<>();
    for (int i = 0; i < slots; i++) {
      plan.add(Set.of(i < slots - bulkSlots ? interactive : bulk));
    }
    return plan;
  }
}
