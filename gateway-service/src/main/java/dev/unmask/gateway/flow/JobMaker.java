package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.Quotas;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.admission.ValidRequest;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.proto.MinReader;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationJob;
import java.time.Clock;
import java.util.random.RandomGenerator;

/** Makes jobs that nobody waits for on a connection: checked, pinned, with a seed. Any thread. */
public final class JobMaker {

  private final RequestRules rules;
  private final ClusterView cluster;
  private final Quotas quotas;
  private final RandomGenerator random;
  private final Clock clock;

  public JobMaker(
      RequestRules rules, ClusterView cluster, Quotas quotas, RandomGenerator random, Clock clock) {
    this.rules = rules;
    this.cluster = cluster;
    this.quotas = quotas;
    this.random = random;
    this.clock = clock;
  }

  /** A job and the base whose samplers can run it. */
  public record Made(String base, GenerationJob job) {}

  /**
   * The job of a request, charged to its tenant.
   *
   * @param who whose it is
   * @param deadlineAtMs Unix milliseconds
   * @throws RefusedException also when the quota is used up, with a time to come back
   */
  public Made make(Principal who, String requestId, GenerateRequest request, long deadlineAtMs)
      throws RefusedException {
    ValidRequest valid = rules.check(request);
    ResolvedModel model = cluster.resolve(valid.model(), who);
    valid.checkAgainst(model);
    quotas.charge(who.tenant(), valid);
    GenerationJob.Builder job = GenerationJob.newBuilder();
    valid.addTo(job, model.name(), () -> random.nextLong() >>> 1);
    return new Made(
        model.base(),
        job.setMinReader(MinReader.of(job))
            .setRequestId(requestId)
            .setTenant(who.tenant())
            .setModelDigest(model.digest())
            .setDeadlineAtMs(deadlineAtMs)
            .setAdmittedAtMs(clock.millis())
            .setEvents(EventDetail.EVENT_DETAIL_FINAL)
            .build());
  }
}
