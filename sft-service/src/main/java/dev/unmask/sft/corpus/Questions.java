package dev.unmask.sft.corpus;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** Draws questions to judge a model by: as many of each kind, in seen and in held-out words. */
final class Questions {

  private static final int OF_A_TASK = 8;
  private static final int OF_SMALL_TALK = 2;
  private static final int OF_A_SCENE = 24;

  /** A task with many facts is not written out: so many are drawn of it. */
  private static final int DRAWN = 400;

  private final DialogueMaker maker;
  private final Random random;
  private final Draw draw;

  Questions(DialogueMaker maker, long seed) {
    this.maker = maker;
    this.random = new Random(seed);
    this.draw = new Draw(seed);
  }

  /** In both wordings. */
  List<Probe> both() {
    List<Probe> probes = new ArrayList<>();
    for (Task task : maker.tasks()) {
      probes.addAll(of(task, false));
      probes.addAll(of(task, true));
    }
    for (Scene scene : maker.scenes()) {
      probes.addAll(of(scene, false));
      probes.addAll(of(scene, true));
    }
    return List.copyOf(probes);
  }

  /** In held-out words, about held-out values where there are some. */
  List<Probe> heldOut() {
    List<Probe> probes = new ArrayList<>();
    maker.tasks().forEach(task -> probes.addAll(of(task, true)));
    maker.scenes().forEach(scene -> probes.addAll(of(scene, true)));
    return List.copyOf(probes);
  }

  private List<Probe> of(Task task, boolean heldOut) {
    Set<Exchange> seen = new HashSet<>();
    List<Exchange> exchanges = new ArrayList<>();
    List<Map<String, String>> rows = new ArrayList<>(task.table().rows(heldOut));
    Collections.shuffle(rows, random);
    for (Map<String, String> row : rows.subList(0, Math.min(DRAWN, rows.size()))) {
      for (Template phrasing : task.phrasings(heldOut)) {
        Exchange exchange = task.exchange(phrasing, row);
        if (seen.add(exchange)) {
          exchanges.add(exchange);
        }
      }
    }
    Collections.shuffle(exchanges, random);
    int most = task.hasFacts() ? OF_A_TASK : OF_SMALL_TALK;
    return exchanges.subList(0, Math.min(most, exchanges.size())).stream()
        .map(exchange ->
            new Probe(
                task.name(), wording(heldOut), List.of(), exchange.question(), exchange.accepted()))
        .toList();
  }

  /** Questions that need the turns before them; those turns are given, with the right answers. */
  private List<Probe> of(Scene scene, boolean heldOut) {
    List<Probe> probes = new ArrayList<>();
    Set<String> keys = new HashSet<>();
    while (probes.size() < OF_A_SCENE) {
      List<Exchange> exchanges = scene.make(heldOut, draw);
      Exchange last = exchanges.getLast();
      Probe probe =
          new Probe(
              scene.name(),
              wording(heldOut),
              new Dialogue("", "", exchanges.subList(0, exchanges.size() - 1)).messages(),
              last.question(),
              last.accepted());
      if (keys.add(probe.key())) {
        probes.add(probe);
      }
    }
    return probes;
  }

  private static String wording(boolean heldOut) {
    return heldOut ? "held-out" : "seen";
  }
}
