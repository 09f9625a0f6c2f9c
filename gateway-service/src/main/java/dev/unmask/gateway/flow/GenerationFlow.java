package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.QueueAhead;
import dev.unmask.gateway.flow.admission.QueueDepth;
import dev.unmask.gateway.flow.admission.QueueRules;
import dev.unmask.gateway.flow.admission.ValidCall;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.proto.MinReader;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.Priority;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Lets calls in: resolves the model and pins its digest, fixes the seed and the deadline, registers
 * the caller, then produces the request. Any thread.
 */
public final class GenerationFlow {

  private static final String ABORTED = "The request was aborted.";

  private final Gate gate;
  private final ClusterView cluster;
  private final PendingCalls pending;
  private final JobOutbox outbox;
  private final FlowObserver observer;
  private final FlowLimits limits;
  private final QueueRules queue;
  private final QueueDepth depth;
  private final RandomGenerator random;
  private final Clock clock;

  public GenerationFlow(
      Gate gate,
      ClusterView cluster,
      PendingCalls pending,
      JobOutbox outbox,
      FlowObserver observer,
      FlowLimits limits,
      QueueRules queue,
      QueueDepth depth,
      RandomGenerator random,
      Clock clock) {
    this.gate = gate;
    this.cluster = cluster;
    this.pending = pending;
    this.outbox = outbox;
    this.observer = observer;
    this.limits = limits;
    this.queue = queue;
    this.depth = depth;
    this.random = random;
    this.clock = clock;
  }

  PendingCalls pending() {
    return pending;
  }

  JobOutbox outbox() {
    return outbox;
  }

  FlowObserver observer() {
    return observer;
  }

  FlowLimits limits() {
    return limits;
  }

  RandomGenerator random() {
    return random;
  }

  /**
   * Admits one call. Called on {@code context}.
   *
   * @param who whose call it is
   * @param callerTimeLeft what is left of the transport's own deadline, if it has one; the nearer
   *     of this, the request's and the default counts
   * @param span of the call
   * @throws RefusedException when the call is not let in; the sink then hears nothing
   */
  public GenerationCall start(
      Principal who,
      ValidCall request,
      EventDetail detail,
      @Nullable Duration callerTimeLeft,
      CallContext context,
      CallSink sink,
      TraceSpan span)
      throws RefusedException {
    TraceSpan admission = span.child("admission", TraceSpan.Kind.INTERNAL);
    Refusal closed = gate.closedForGeneration().orElse(null);
    if (closed != null) {
      throw reject(
          gate.draining() ? FlowObserver.Rejection.DRAINING : FlowObserver.Rejection.NOT_READY,
          closed);
    }
    // The id first: a canary takes its share of the requests by their ids.
    String id = newId();
    ResolvedModel model = resolve(who, request, id);
    Duration timeLeft = timeLeft(request, callerTimeLeft);
    Instant now = clock.instant();
    Instant deadline = now.plus(timeLeft);
    GenerationCall call =
        new GenerationCall(
            id, who.tenant(), model, detail, request.steps(), now, deadline, context, sink, this);
    if (!pending.register(call)) {
      throw reject(
          FlowObserver.Rejection.QUEUE_FULL,
          Refusal.temporary(
              ErrorCode.ERROR_CODE_RESOURCE_EXHAUSTED,
              "This gateway already waits for "
                  + pending.limit()
                  + " answers, as many as it may; ask again later.",
              limits.retryAfter()));
    }
    Refusal late =
        QueueRules.impossible(cluster.liveWorkers(model.base()), request.leastSteps(), timeLeft)
            .orElse(null);
    if (late != null) {
      pending.remove(id);
      throw reject(FlowObserver.Rejection.DEADLINE, late);
    }
    // Registered first, so that calls that come at the same moment see each other.
    Refusal overload =
        queue
            .check(
                model.base(),
                cluster.liveWorkers(model.base()),
                ahead(model.base(), call),
                request.steps(),
                timeLeft)
            .orElse(null);
    if (overload != null) {
      pending.remove(id);
      throw reject(FlowObserver.Rejection.OVERLOAD, overload);
    }
    observer.admitted(call);
    call.startTimer(timeLeft);
    admission.end();
    TraceSpan produce = span.child("produce", TraceSpan.Kind.PRODUCER);
    outbox.send(
        model.base(),
        job(call, request, detail, now, deadline),
        produce.traceparent(),
        failure -> {
          (failure == null ? produce : produce.failed("unavailable")).end();
          call.requestSent(failure);
        });
    return call;
  }

  /**
   * Whether there is room for one more request that this gateway does not wait for itself.
   *
   * @throws RefusedException RESOURCE_EXHAUSTED with a time to come back
   */
  public void checkRoom(String base, Priority priority, int steps, Duration timeLeft)
      throws RefusedException {
    boolean bulk = priority != Priority.PRIORITY_INTERACTIVE;
    Refusal overload =
        (bulk
                ? queue.checkBulk(base, depth.unfinished(base, true))
                : queue.check(base, cluster.liveWorkers(base), ahead(base, null), steps, timeLeft))
            .orElse(null);
    if (overload != null) {
      throw reject(FlowObserver.Rejection.OVERLOAD, overload);
    }
  }

  private QueueAhead ahead(String base, @Nullable GenerationCall except) {
    return pending.ahead(base, except).withOthers(depth.unfinishedOfOthers(base));
  }

  /** Ends requests by their ids, those of other gateways and workflows too. Any thread. */
  void abort(List<String> requestIds, Principal who) throws RefusedException {
    gate.look();
    Instant until = clock.instant().plus(limits.longestDeadline());
    for (String id : requestIds) {
      GenerationCall call = pending.find(id).orElse(null);
      if (call == null) {
        // Of another gateway, so the sampler that has it must look whose it is.
        outbox.cancel(id, ABORTED, until, who.isAdmin() ? "" : who.tenant());
      } else if (who.sees(call.tenant())) {
        call.abort(ABORTED);
      }
    }
  }

  /** Something that may be refused for a quota. */
  @FunctionalInterface
  interface Charge {
    void charge() throws RefusedException;
  }

  /** Charges a request; a refusal is counted. */
  void charge(Charge charge) throws RefusedException {
    try {
      charge.charge();
    } catch (RefusedException e) {
      throw reject(FlowObserver.Rejection.QUOTA, e.refusal());
    }
  }

  /** Counts a request that did not pass the edge's parser, and returns the same exception. */
  public RefusedException rejectedAtEdge(RefusedException e) {
    observer.rejected(FlowObserver.Rejection.INVALID, e.refusal());
    return e;
  }

  private ResolvedModel resolve(Principal who, ValidCall request, String id)
      throws RefusedException {
    try {
      ResolvedModel model = cluster.resolve(request.model(), who, id);
      request.checkAgainst(model);
      if (cluster.liveWorkers(model.base()).isEmpty()) {
        throw new RefusedException(
            Refusal.temporary(
                ErrorCode.ERROR_CODE_UNAVAILABLE,
                "No sampler that serves " + model.base() + " is alive; ask again later.",
                limits.retryAfter()));
      }
      return model;
    } catch (RefusedException e) {
      throw reject(
          switch (e.refusal().code()) {
            case ERROR_CODE_NOT_FOUND -> FlowObserver.Rejection.UNKNOWN_MODEL;
            case ERROR_CODE_UNAVAILABLE -> FlowObserver.Rejection.NO_WORKER;
            default -> FlowObserver.Rejection.INVALID;
          },
          e.refusal());
    }
  }

  private Duration timeLeft(ValidCall request, @Nullable Duration callerTimeLeft)
      throws RefusedException {
    Duration left = request.deadline().orElse(limits.defaultDeadline());
    if (callerTimeLeft != null && callerTimeLeft.compareTo(left) < 0) {
      left = callerTimeLeft;
    }
    if (left.toMillis() < 1) {
      throw reject(
          FlowObserver.Rejection.DEADLINE,
          Refusal.of(
              ErrorCode.ERROR_CODE_DEADLINE_EXCEEDED,
              "The call's deadline had passed when it was admitted."));
    }
    return left;
  }

  private GenerationJob job(
      GenerationCall call, ValidCall request, EventDetail detail, Instant now, Instant deadline) {
    GenerationJob.Builder job = GenerationJob.newBuilder();
    request.addTo(job, call.modelName(), () -> random.nextLong() >>> 1);
    return job.setMinReader(MinReader.of(job))
        .setRequestId(call.requestId())
        .setTenant(call.tenant())
        .setModelDigest(call.modelDigest())
        .setDeadlineAtMs(deadline.toEpochMilli())
        .setAdmittedAtMs(now.toEpochMilli())
        .setEvents(detail)
        .build();
  }

  private String newId() {
    return String.format("gen-%016x%016x", random.nextLong(), random.nextLong());
  }

  private RefusedException reject(FlowObserver.Rejection reason, Refusal refusal) {
    observer.rejected(reason, refusal);
    return new RefusedException(refusal);
  }
}
