package dev.unmask.cli.bench.reload;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.bench.serve.Distribution;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * What the reloads did to the answers.
 *
 * @param answers of the load
 * @param undisturbed by digest, the answer to each prompt when nothing else runs
 * @param reloads durations of each reload
 * @param gaps longest time without a step, and the longest step, at any sampler around each reload
 */
record ReloadReport(
    List<Answered> answers,
    Map<String, List<String>> undisturbed,
    List<Reload> reloads,
    List<Gap> gaps) {

  /**
   * One reload; milliseconds are counted from the beginning of its publication.
   *
   * @param bytes that the store grew by
   * @param stored blobs and manifest are in the store
   * @param announced its record is on {@code unmask.checkpoints}
   * @param activated the alias has moved
   * @param answered the first answer of the new weights has arrived
   */
  record Reload(
      Variant.Kind kind,
      String digest,
      long bytes,
      double stored,
      double announced,
      double activated,
      double answered) {}

  /** Of one sampler since it began to take up the newest weights, in milliseconds. */
  record Gap(String worker, double gap, double step) {}

  long failed() {
    return answers.stream().filter(a -> a.failure() != null).count();
  }

  /** Answers that are not what their digest says when nothing else runs. */
  long mixed() {
    return answers.stream()
        .filter(a -> a.failure() == null)
        .filter(a -> !a.text().equals(expected(a)))
        .count();
  }

  private String expected(Answered answer) {
    List<String> known = undisturbed.get(answer.digest());
    return known == null ? "" : known.get(answer.prompt());
  }

  /** Prompts that not all versions answer alike: without any, nothing could be told apart. */
  int tellingPrompts() {
    int telling = 0;
    for (int i = 0; i < ReloadLoad.prompts(); i++) {
      Set<String> texts = new TreeSet<>();
      for (List<String> of : undisturbed.values()) {
        texts.add(of.get(i));
      }
      telling += texts.size() > 1 ? 1 : 0;
    }
    return telling;
  }

  ObjectNode json() {
    ObjectNode node = Json.object().put("what", "bench reload");
    node.put("reloads", reloads.size());
    node.put("requests", answers.size());
    node.put("failed", failed());
    node.put("mixed", mixed());
    node.put("digests_that_answered", answers.stream().map(Answered::digest).distinct().count());
    node.put("prompts", ReloadLoad.prompts());
    node.put("telling_prompts", tellingPrompts());
    long first = answers.stream().mapToLong(Answered::sentAt).min().orElse(0);
    long last = answers.stream().mapToLong(Answered::endedAt).max().orElse(0);
    node.put("seconds", (last - first) / 1e9);
    Distribution latency = new Distribution();
    answers.forEach(a -> latency.add((a.endedAt() - a.sentAt()) / 1e6));
    latency.writeTo(node.putObject("latency_ms"));
    for (Variant.Kind kind : Variant.Kind.values()) {
      List<Reload> of = reloads.stream().filter(reload -> reload.kind() == kind).toList();
      if (!of.isEmpty()) {
        put(node.putObject(kind.label()), of);
      }
    }
    put(node, "longest_gap_ms", gaps.stream().map(Gap::gap).toList());
    put(node, "longest_step_ms", gaps.stream().map(Gap::step).toList());
    node.put("pauses_over_a_step", gaps.stream().filter(g -> g.gap() > g.step()).count());
    return node;
  }

  private static void put(ObjectNode node, List<Reload> reloads) {
    node.put("reloads", reloads.size());
    node.put("largest_bytes", reloads.stream().mapToLong(Reload::bytes).max().orElse(0));
    put(node, "publish_to_stored_ms", reloads.stream().map(Reload::stored).toList());
    put(node, "publish_to_announced_ms", reloads.stream().map(Reload::announced).toList());
    put(node, "publish_to_activated_ms", reloads.stream().map(Reload::activated).toList());
    put(node, "publish_to_first_answer_ms", reloads.stream().map(Reload::answered).toList());
  }

  private static void put(ObjectNode node, String name, List<Double> values) {
    Distribution all = new Distribution();
    values.forEach(all::add);
    if (!all.isEmpty()) {
      all.writeTo(node.putObject(name));
    }
  }
}
