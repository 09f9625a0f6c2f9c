package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/**
 * A whole corpus from one seed.
 *
 * @param train what the model learns from
 * @param valid dialogues that ask in words held out from training; none of them is in {@code train}
 * @param probes single questions with what a right answer has in it
 */
public record Corpus(List<Dialogue> train, List<Dialogue> valid, List<Probe> probes) {

  /** A greeting has few forms; more copies than this of one dialogue teach nothing new. */
  private static final int MOST_COPIES = 10;

  private static final int VALID = 2000;
  private static final int PROBES_OF_A_TASK = 24;

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
    return new Corpus(train, List.copyOf(valid), probes(maker, seed));
  }

  private static List<Probe> probes(DialogueMaker maker, long seed) {
    Random random = new Random(seed);
    List<Probe> probes = new ArrayList<>();
    for (Task task : maker.tasks()) {
      for (boolean heldOut : new boolean[] {false, true}) {
        Set<Exchange> exchanges = new HashSet<>();
        List<Exchange> all = new ArrayList<>();
        for (Map<String, String> row : task.table().rows(heldOut)) {
          for (Template phrasing : task.phrasings(heldOut)) {
            Exchange exchange = task.exchange(phrasing, row);
            if (exchanges.add(exchange)) {
              all.add(exchange);
            }
          }
        }
        Collections.shuffle(all, random);
        int most = task.hasFacts() ? PROBES_OF_A_TASK : 2;
        for (Exchange exchange : all.subList(0, Math.min(most, all.size()))) {
          probes.add(
              new Probe(
                  task.name(),
                  heldOut ? "held-out" : "seen",
                  List.of(),
                  exchange.question(),
                  exchange.accepted()));
        }
      }
    }
    probes.addAll(followUpProbes(maker, new Draw(seed)));
    return probes;
  }

  /** Questions that need the turns before them; those turns are given, with the right answers. */
  private static List<Probe> followUpProbes(DialogueMaker maker, Draw draw) {
    List<Probe> probes = new ArrayList<>();
    Map<String, Integer> made = new HashMap<>();
    while (probes.size() < 4 * PROBES_OF_A_TASK) {
      boolean heldOut = draw.chance(0.5);
      Dialogue dialogue = maker.next(heldOut, draw);
      String kind = dialogue.task() + heldOut;
      boolean wanted =
          dialogue.system().isEmpty()
              && (dialogue.task().equals("follow-up") || dialogue.task().equals("recall"));
      if (wanted && made.merge(kind, 1, Integer::sum) <= PROBES_OF_A_TASK) {
        List<Exchange> exchanges = dialogue.exchanges();
        Exchange last = exchanges.getLast();
        probes.add(
            new Probe(
                dialogue.task(),
                heldOut ? "held-out" : "seen",
                new Dialogue("", "", exchanges.subList(0, exchanges.size() - 1)).messages(),
                last.question(),
                last.accepted()));
      }
    }
    return probes;
  }
}
