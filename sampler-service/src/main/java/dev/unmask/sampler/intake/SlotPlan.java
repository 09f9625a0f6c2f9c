package dev.unmask.sampler.intake;

import dev.unmask.proto.Topics;
import java.util.List;
import java.util.Set;

/**
 * Slots that take requests from the same topics.
 *
 * @param name for thread and client names
 * @param topics what each of them subscribes to
 * @param slots how many there are
 */
public record SlotPlan(String name, Set<String> topics, int slots) {

  /** People wait for these. */
  static final String INTERACTIVE = "interactive";

  /** Work that only has to be done. */
  static final String BULK = "bulk";

  /**
   * The groups of slots of one worker; the first serves people who wait.
   *
   * @param slots all slots, at least 1
   * @param bulkSlots those for the bulk topic; with one slot it serves both topics
   * @throws IllegalArgumentException with a sentence when a class of work would get no slot
   */
  public static List<SlotPlan> of(String base, int slots, int bulkSlots) {
    String interactive = Topics.interactiveRequests(base);
    String bulk = Topics.bulkRequests(base);
    if (slots == 1) {
      return List.of(new SlotPlan(INTERACTIVE, Set.of(interactive, bulk), 1));
    }
    if (slots < 1 || bulkSlots < 1 || bulkSlots >= slots) {
      throw new IllegalArgumentException(
          "unmask.sampler.slots is "
              + slots
              + " and unmask.sampler.bulk-slots is "
              + bulkSlots
              + "; both classes of requests need at least one slot");
    }
    return List.of(
        new SlotPlan(INTERACTIVE, Set.of(interactive), slots - bulkSlots),
        new SlotPlan(BULK, Set.of(bulk), bulkSlots));
  }
}
