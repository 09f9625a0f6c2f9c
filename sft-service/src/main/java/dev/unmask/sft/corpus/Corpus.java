package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A whole corpus from one seed.
 *
 * @param train what the model learns from
 * @param drills dialogues that are nothing but copying, to begin with
 * @param texts sentences on their own, to fill in and to learn facts from both sides
 * @param valid dialogues that ask in words held out from training; none of them is in {@code train}
 * @param probes single questions with what a right answer has in it
 * @param unseen other questions, in words and about values that are held out: for a last judgement,
 *     by which nothing is chosen
 */
public record Corpus(
    List<Dialogue> train,
    List<Dialogue> drills,
    List<String> texts,
    List<Dialogue> valid,
    List<Probe> probes,
    List<Probe> unseen) {

  /** A greeting has few forms; more copies than this of one dialogue teach nothing new. */
  private static final int MOST_COPIES = 10;

  private static final int VALID = 2000;

  /** Far from the seeds that people choose. */
  private static final long OTHER_SEED = 7_777_777;

  /** Another stream of the same seed, so that drills change nothing else. */
  private static final long DRILLS = 1_000_003;

  public static Corpus make(long seed, int dialogues) {
    DialogueMaker maker = new DialogueMaker();
    Draw draw = new Draw(seed);
    Map<Dialogue, Integer> copies = new HashMap<>();
    List<Dialogue> train = new ArrayList<>();
    while (train.size() < dialogues) {
      Dialogue dialogue = maker.next(false, draw);
      if (copies.merge(dialogue, 1, Integer::sum) <= MOST_COPIES) {
        train.add(dialogue);
      }
    }
    Set<Dialogue> valid = new LinkedHashSet<>();
    while (valid.size() < VALID) {
      Dialogue dialogue = maker.next(true, draw);
      if (!copies.containsKey(dialogue)) {
        valid.add(dialogue);
      }
    }
    List<String> texts = new Texts(maker.tasks()).make(dialogues / 6, draw);
    List<Probe> probes = new Questions(maker, seed).both();
    Set<String> asked = new HashSet<>();
    probes.forEach(probe -> asked.add(probe.key()));
    List<Probe> unseen =
        new Questions(maker, seed + OTHER_SEED)
            .heldOut().stream().filter(probe -> !asked.contains(probe.key())).toList();
    List<Dialogue> drills = new Drills(new Pools()).make(dialogues / 2, new Draw(seed + DRILLS));
    return new Corpus(train, drills, texts, List.copyOf(valid), probes, unseen);
  }
}
