package dev.unmask.cli.models;

import dev.unmask.cli.client.GatewayClient;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasState;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.ListFineTuningJobsRequest;
import dev.unmask.v1.ListFineTuningJobsResponse;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.ModelVersion;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * What of the store a cluster needs now.
 *
 * @param digests manifests that have to stay
 * @param superfluous published versions that may go
 */
record ClusterNeeds(Set<Digest> digests, List<ModelPublication.Withdrawn> superfluous) {

  private static final int PAGE = 100;

  /** Whoever published it may not have moved an alias to it yet. */
  private static final Duration NEW = Duration.ofHours(1);

  /**
   * Asks the gateway; aliases are the fold of their topic, because what an alias tries and what it
   * would go back to stands only there.
   *
   * @param keep versions of each model that stay
   */
  static ClusterNeeds of(
      GatewayClient client, Collection<AliasState> aliases, int keep, Instant now) {
    List<ModelVersion> versions =
        client.models().list(ListModelsRequest.getDefaultInstance()).getModelsList();
    return of(versions, jobs(client), aliases, keep, now);
  }

  static ClusterNeeds of(
      List<ModelVersion> versions,
      List<FineTuningJob> jobs,
      Collection<AliasState> aliases,
      int keep,
      Instant now) {
    Set<String> needed = new HashSet<>();
    for (AliasState alias : aliases) {
      alias.needed().forEach(digest -> needed.add(digest.toString()));
    }
    for (FineTuningJob job : jobs) {
      if (!hasEnded(job)) {
        needed.add(job.getBaseDigest());
        needed.add(job.getResultDigest());
      }
    }
    Map<String, List<ModelVersion>> byName =
        versions.stream().collect(Collectors.groupingBy(ModelVersion::getName));
    for (List<ModelVersion> of : byName.values()) {
      of.stream()
          .sorted(Comparator.comparingLong(ModelVersion::getCreatedAt).reversed())
          .limit(keep)
          .forEach(version -> needed.add(version.getDigest()));
    }
    for (ModelVersion version : versions) {
      if (version.getAliasesCount() > 0
          || version.getServingWorkersCount() > 0
          || version.getCreatedAt() > now.minus(NEW).getEpochSecond()) {
        needed.add(version.getDigest());
      }
    }
    List<ModelPublication.Withdrawn> superfluous = new ArrayList<>();
    for (ModelVersion version : versions) {
      if (!needed.contains(version.getDigest()) && !isBase(version, versions, needed)) {
        superfluous.add(new ModelPublication.Withdrawn(version.getName(), version.getDigest()));
      }
    }
    needed.remove("");
    return new ClusterNeeds(
        needed.stream().map(Digest::parse).collect(Collectors.toSet()), superfluous);
  }

  /** An adapter's parent is its base; it is listed for as long as the adapter is. */
  private static boolean isBase(
      ModelVersion version, List<ModelVersion> versions, Set<String> needed) {
    return versions.stream()
        .anyMatch(v ->
            (v.getKind().equals("lora") || v.getKind().equals("prompt_tuning"))
                && needed.contains(v.getDigest())
                && v.getParentDigest().equals(version.getDigest()));
  }

  private static boolean hasEnded(FineTuningJob job) {
    return job.getStatus() == JobStatus.JOB_STATUS_SUCCEEDED
        || job.getStatus() == JobStatus.JOB_STATUS_FAILED
        || job.getStatus() == JobStatus.JOB_STATUS_CANCELLED;
  }

  private static List<FineTuningJob> jobs(GatewayClient client) {
    List<FineTuningJob> jobs = new ArrayList<>();
    String after = "";
    ListFineTuningJobsResponse page;
    do {
      page =
          client
              .fineTuning()
              .list(ListFineTuningJobsRequest.newBuilder().setLimit(PAGE).setAfter(after).build());
      jobs.addAll(page.getJobsList());
      after = jobs.isEmpty() ? "" : jobs.getLast().getId();
    } while (page.getHasMore());
    return jobs;
  }
}
