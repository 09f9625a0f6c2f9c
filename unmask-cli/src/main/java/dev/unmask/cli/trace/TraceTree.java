package dev.unmask.cli.trace;

import dev.unmask.tracing.SpanRecord;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** A trace as a tree with times, and a bar for where each part lies in the whole. Pure. */
final class TraceTree {

  private static final int BAR = 32;
  private static final int MOST_EVENTS = 3;

  /** What is worth a word beside a span's name, in this order. */
  private static final List<String> FACTS =
      List.of(
          "unmask.id",
          "unmask.attempt",
          "unmask.prompt_tokens",
          "unmask.canvas",
          "unmask.completion_tokens",
          "unmask.denoising_steps",
          "unmask.forward_passes",
          "unmask.samples",
          "unmask.rows",
          "unmask.steps",
          "unmask.model_digest");

  private static final int LONGEST_DIGEST = "sha256:".length() + 12;

  private final List<SpanRecord> spans;
  private final Map<String, List<SpanRecord>> children = new HashMap<>();
  private final long start;
  private final long end;
  private final int widest;

  private TraceTree(List<SpanRecord> spans) {
    this.spans = spans;
    for (SpanRecord span : spans) {
      children.computeIfAbsent(span.parent(), parent -> new ArrayList<>()).add(span);
    }
    children.values().forEach(list -> list.sort(Comparator.comparingLong(SpanRecord::startNanos)));
    this.start = spans.stream().mapToLong(SpanRecord::startNanos).min().orElse(0);
    this.end = spans.stream().mapToLong(SpanRecord::endNanos).max().orElse(0);
    this.widest =
        spans.stream().mapToInt(span -> 2 * depth(span) + label(span).length()).max().orElse(0);
  }

  /** The lines of the spans of one trace. */
  static List<String> lines(List<SpanRecord> spans) {
    if (spans.isEmpty()) {
      return List.of();
    }
    TraceTree tree = new TraceTree(spans);
    List<String> lines = new ArrayList<>();
    lines.add(
        "trace "
            + spans.getFirst().trace()
            + "  "
            + millis(tree.end - tree.start)
            + "  "
            + spans.size()
            + " spans of "
            + spans.stream().map(SpanRecord::instance).distinct().count()
            + " processes");
    Set<String> known = spans.stream().map(SpanRecord::span).collect(Collectors.toSet());
    spans.stream()
        .filter(span -> !known.contains(span.parent()))
        .sorted(Comparator.comparingLong(SpanRecord::startNanos))
        .forEach(root -> tree.add(lines, root, 0));
    return lines;
  }

  private void add(List<String> lines, SpanRecord span, int depth) {
    String name = "  ".repeat(depth) + label(span);
    lines.add(
        (name
                + " ".repeat(Math.max(0, widest - name.length()))
                + "  "
                + bar(span)
                + "  "
                + right(millis(span.startNanos() - start), 10)
                + right(millis(span.nanos()), 11)
                + "  "
                + facts(span))
            .stripTrailing());
    for (SpanRecord child : children.getOrDefault(span.span(), List.of())) {
      add(lines, child, depth + 1);
    }
  }

  private int depth(SpanRecord span) {
    int depth = 0;
    SpanRecord at = span;
    while (depth < spans.size()) {
      String parent = at.parent();
      SpanRecord above =
          spans.stream().filter(s -> s.span().equals(parent)).findFirst().orElse(null);
      if (above == null) {
        return depth;
      }
      at = above;
      depth++;
    }
    return depth;
  }

  private static String label(SpanRecord span) {
    return span.service().replaceFirst("^unmask-", "") + " " + span.name();
  }

  private String bar(SpanRecord span) {
    double whole = Math.max(1, end - start);
    int from = (int) Math.floor(BAR * (span.startNanos() - start) / whole);
    int to = (int) Math.ceil(BAR * (span.endNanos() - start) / whole);
    from = Math.clamp(from, 0, BAR - 1);
    to = Math.clamp(to, from + 1, BAR);
    return "·".repeat(from) + "█".repeat(to - from) + "·".repeat(BAR - to);
  }

  private static String facts(SpanRecord span) {
    List<String> facts = new ArrayList<>();
    if (!span.error().isEmpty()) {
      facts.add("FAILED " + span.error());
    }
    for (String name : FACTS) {
      Object value = span.attributes().get(name);
      if (value != null) {
        String text = value.toString();
        facts.add(
            name.substring(name.indexOf('.') + 1).replace('_', ' ')
                + " "
                + (text.startsWith("sha256:")
                    ? text.substring(0, Math.min(LONGEST_DIGEST, text.length()))
                    : text));
      }
    }
    Map<String, Long> happened =
        span.events().stream()
            .collect(
                Collectors.groupingBy(
                    SpanRecord.Happening::name,
                    java.util.LinkedHashMap::new,
                    Collectors.counting()));
    happened.entrySet().stream()
        .limit(MOST_EVENTS)
        .forEach(event ->
            facts.add(
                event.getValue() == 1
                    ? event.getKey()
                    : event.getValue() + " × " + event.getKey()));
    return String.join(", ", facts);
  }

  private static String millis(long nanos) {
    return String.format(Locale.ROOT, "%.1f ms", nanos / 1e6);
  }

  private static String right(String text, int width) {
    return " ".repeat(Math.max(0, width - text.length())) + text;
  }
}
