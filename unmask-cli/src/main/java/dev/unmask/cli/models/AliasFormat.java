package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.v1.AliasMove;
import dev.unmask.v1.CanaryCount;
import dev.unmask.v1.ModelAlias;
import java.time.Instant;
import java.util.Locale;

/** An alias for people and for machines. */
public final class AliasFormat {

  private static final int SHORT_DIGEST = "sha256:".length() + 12;

  private AliasFormat() {}

  /** Enough of a digest to know it by. */
  public static String shortDigest(String digest) {
    return digest.substring(0, Math.min(SHORT_DIGEST, digest.length()));
  }

  /** Where it points, in one line. */
  static String line(ModelAlias alias) {
    String line =
        alias.getName()
            + "@"
            + alias.getAlias()
            + " -> "
            + shortDigest(alias.getDigest())
            + "  epoch "
            + alias.getEpoch();
    if (alias.getCandidateDigest().isEmpty()) {
      return line;
    }
    return line
        + (alias.getCanaryPercent() == 0
            ? ", " + shortDigest(alias.getCandidateDigest()) + " is being loaded"
            : String.format(
                Locale.ROOT,
                ", %d %% of the requests go to %s until it has answered %d and %d s are over: so far"
                    + " %s; the others %s",
                alias.getCanaryPercent(),
                shortDigest(alias.getCandidateDigest()),
                alias.getCanaryRequests(),
                alias.getCanarySeconds(),
                count(alias.getCandidateCount()),
                count(alias.getDigestCount())));
  }

  private static String count(CanaryCount count) {
    return String.format(
        Locale.ROOT,
        "%d answered, %d failed, %d empty, %.1f ms a step",
        count.getAnswered(),
        count.getFailed(),
        count.getEmpty(),
        count.getStepMs());
  }

  /** One move in one line. */
  static String line(AliasMove move) {
    String what =
        move.getTrial()
            ? move.getCanaryPercent() == 0 ? "staged " : "canary " + move.getCanaryPercent() + " % "
            : "-> ";
    return String.format(
        Locale.ROOT,
        "%5d  %s  %s%s  %s  %s",
        move.getEpoch(),
        Instant.ofEpochMilli(move.getAtMs()),
        what,
        shortDigest(move.getDigest()),
        move.getActor(),
        move.getReason());
  }

  static ObjectNode json(ModelAlias alias) {
    ObjectNode node = Json.object();
    node.put("name", alias.getName());
    node.put("alias", alias.getAlias());
    node.put("epoch", alias.getEpoch());
    node.put("digest", alias.getDigest());
    if (!alias.getCandidateDigest().isEmpty()) {
      node.put("candidate_digest", alias.getCandidateDigest());
      node.put("canary_percent", alias.getCanaryPercent());
      node.put("canary_requests", alias.getCanaryRequests());
      node.put("canary_seconds", alias.getCanarySeconds());
      put(node.putObject("candidate_count"), alias.getCandidateCount());
      put(node.putObject("digest_count"), alias.getDigestCount());
    }
    for (AliasMove move : alias.getMovesList()) {
      ObjectNode one = node.withArray("moves").addObject();
      one.put("epoch", move.getEpoch());
      one.put("digest", move.getDigest());
      one.put("previous_digest", move.getPreviousDigest());
      one.put("trial", move.getTrial());
      one.put("canary_percent", move.getCanaryPercent());
      one.put("reason", move.getReason());
      one.put("actor", move.getActor());
      one.put("at_ms", move.getAtMs());
    }
    return node;
  }

  private static void put(ObjectNode node, CanaryCount count) {
    node.put("answered", count.getAnswered());
    node.put("failed", count.getFailed());
    node.put("empty", count.getEmpty());
    node.put("step_ms", count.getStepMs());
  }
}
