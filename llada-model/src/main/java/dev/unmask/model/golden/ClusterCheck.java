package dev.unmask.model.golden;

import com.fasterxml.jackson.databind.JsonNode;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.golden.GoldenVerdict.Verdict;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Judges what a cluster answered as the library's own checks judge the library. Kinds that a
 * cluster has no call for go to the library, and their verdicts say so.
 */
final class ClusterCheck implements GoldenCheck {

  private static final String NO_CALL =
      "the cluster has no such call; computed by the engine library";

  private final GoldenCheck library;
  private final ClusterAnswers answers;

  /**
   * @param library the check of these kinds without a cluster
   */
  ClusterCheck(GoldenCheck library, ClusterAnswers answers) {
    this.library = library;
    this.answers = answers;
  }

  @Override
  public Set<String> kinds() {
    return library.kinds();
  }

  @Override
  public List<GoldenVerdict> judge(GoldenFolder folder, List<GoldenCase> cases, GoldenPath path)
      throws InvalidModelException {
    if (!ClusterRequests.KINDS.containsAll(kinds())) {
      return library.judge(folder, cases, path).stream().map(ClusterCheck::byLibrary).toList();
    }
    List<GoldenVerdict> verdicts = new ArrayList<>();
    for (GoldenCase c : cases) {
      verdicts.add(judge(folder, c));
    }
    return verdicts;
  }

  private static GoldenVerdict byLibrary(GoldenVerdict v) {
    String detail = v.detail().isEmpty() ? NO_CALL : NO_CALL + ": " + v.detail();
    return new GoldenVerdict(v.name(), v.kind(), v.path(), v.verdict(), v.largestError(), detail);
  }

  /** The worst of all ways the cluster was asked. */
  private GoldenVerdict judge(GoldenFolder folder, GoldenCase c) throws InvalidModelException {
    GoldenVerdict worst = null;
    List<String> ways = new ArrayList<>();
    for (ClusterAnswers.Answer answer : answers.of(folder, c)) {
      ways.add(answer.way());
      GoldenVerdict verdict = judge(folder, c, answer.line());
      if (verdict.verdict() != Verdict.PASS) {
        return new GoldenVerdict(
            verdict.name(),
            verdict.kind(),
            verdict.path(),
            verdict.verdict(),
            verdict.largestError(),
            answer.way() + ": " + verdict.detail());
      }
      if (worst == null || verdict.largestError() > worst.largestError()) {
        worst = verdict;
      }
    }
    if (worst == null) {
      return GoldenVerdict.failed(folder, c, GoldenPath.CLUSTER, "the cluster was not asked");
    }
    return new GoldenVerdict(
        worst.name(),
        worst.kind(),
        worst.path(),
        worst.verdict(),
        worst.largestError(),
        "over " + String.join(" and ", ways));
  }

  private static GoldenVerdict judge(GoldenFolder folder, GoldenCase c, JsonNode answer)
      throws InvalidModelException {
    if (answer.has("unsupported")) {
      return GoldenVerdict.unsupported(
          folder, c, GoldenPath.CLUSTER, answer.path("unsupported").asText());
    }
    if (answer.has("error")) {
      return GoldenVerdict.failed(folder, c, GoldenPath.CLUSTER, answer.path("error").asText());
    }
    if (c.kind().equals("likelihood")) {
      return LikelihoodCheck.compare(
          folder, c, GoldenPath.CLUSTER, answer.path("log_likelihood").asDouble(Double.NaN));
    }
    JsonNode canvas = answer.path("canvas_ids");
    int length = c.integer("gen_length");
    if (canvas.size() != length) {
      return GoldenVerdict.failed(
          folder,
          c,
          GoldenPath.CLUSTER,
          "the canvas has " + canvas.size() + " slots instead of " + length);
    }
    return GenerateCheck.compare(
        folder,
        c,
        GoldenPath.CLUSTER,
        IntStream.range(0, length).map(i -> canvas.get(i).asInt()).toArray(),
        answer.path("steps").asInt());
  }
}
