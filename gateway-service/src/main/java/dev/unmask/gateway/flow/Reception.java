package dev.unmask.gateway.flow;

import com.google.protobuf.Message;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.Quotas;
import dev.unmask.gateway.flow.admission.RequestIds;
import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.admission.UnknownFields;
import dev.unmask.gateway.flow.admission.ValidCall;
import dev.unmask.gateway.flow.jobs.IdempotencyKeys;
import dev.unmask.gateway.flow.jobs.JobDesk;
import dev.unmask.tracing.TraceSpan;
import dev.unmask.tracing.Tracing;
import dev.unmask.v1.AbortRequest;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Priority;
import dev.unmask.v1.ScoreRequest;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Where every protocol brings its calls: they are checked, then let in. Any thread; each method is
 * called on {@code context} and throws {@link RefusedException} when the call is not let in, and
 * then the sink hears nothing.
 */
public final class Reception {

  private final RequestRules rules;
  private final GenerationFlow flow;
  private final JobDesk jobs;
  private final Quotas quotas;
  private final Siblings siblings;
  private final Tracing tracing;

  public Reception(
      RequestRules rules, GenerationFlow flow, JobDesk jobs, Quotas quotas, Tracing tracing) {
    this.rules = rules;
    this.flow = flow;
    this.jobs = jobs;
    this.quotas = quotas;
    this.siblings = new Siblings(flow.random());
    this.tracing = tracing;
  }

  /**
   * How a call is made, apart from what it asks.
   *
   * @param timeLeft what is left of the transport's own deadline, if it has one
   */
  public record Caller(
      Origin origin,
      EventDetail detail,
      @Nullable Duration timeLeft,
      CallContext context,
      CallSink sink) {}

  /** One request for each answer that is wanted, as they are made of {@code sampling.n}. */
  public List<GenerateRequest> answers(GenerateRequest request, Origin origin)
      throws RefusedException {
    int n = parse(() -> RequestRules.answers(request));
    if (n == 1) {
      return List.of(request);
    }
    GenerateRequest.Builder one = request.toBuilder();
    one.getSamplingBuilder().clearN();
    return siblings.of(one.build(), n, origin);
  }

  /** A call with one end, whatever {@code sampling.n} says: further answers are in the first. */
  public Call generateAll(GenerateRequest request, Caller caller) throws RefusedException {
    List<GenerateRequest> all = answers(request, caller.origin());
    if (all.size() == 1) {
      return generate(request, caller);
    }
    AnswerCalls calls = new AnswerCalls(caller.origin(), caller.timeLeft(), caller.context());
    WholeAnswer whole =
        new WholeAnswer(
            all.size(),
            answers ->
                caller
                    .sink()
                    .onAnswer(
                        GenerationEvent.newBuilder()
                            .setRequestId(answers.getFirst().getRequestId())
                            .setFinal(
                                answers.getFirst().toBuilder()
                                    .addAllOthers(answers.subList(1, answers.size())))
                            .build()),
            refusal -> {
              calls.cancel("another answer to the same request failed");
              caller.sink().onRefused(refusal);
            });
    calls.start(this, all, caller.detail(), whole::sink);
    return calls;
  }

  /** One answer. */
  public Call generate(GenerateRequest request, Caller caller) throws RefusedException {
    return start(parse(() -> rules.check(request)), request, caller);
  }

  public Call generate(GenerateStreamRequest request, Caller caller) throws RefusedException {
    if (request.getResumeAfterSeq() < 0) {
      throw flow.rejectedAtEdge(
          new RefusedException(
              Refusal.invalid(
                  "resume_after_seq", "resume_after_seq is negative; events count from 1.")));
    }
    if (request.getResumeAfterSeq() > 0 && caller.origin().key() == null) {
      throw flow.rejectedAtEdge(
          new RefusedException(
              Refusal.invalid(
                  "resume_after_seq",
                  "A stream can only go on under its idempotency-key, and there is none.")));
    }
    Call call = start(parse(() -> rules.check(request)), request.getRequest(), caller);
    if (request.getResumeAfterSeq() > 0) {
      flow.observer().resumed();
    }
    return call;
  }

  /**
   * A stream of several answers.
   *
   * @param all as {@link #answers} made them
   * @param sinks of each
   */
  public Call generate(
      GenerateStreamRequest request,
      List<GenerateRequest> all,
      Caller caller,
      IntFunction<? extends CallSink> sinks)
      throws RefusedException {
    parse(() -> {
      UnknownFields.refuse(request);
      if (request.getResumeAfterSeq() != 0) {
        throw new RefusedException(
            Refusal.invalid(
                "resume_after_seq", "A stream of several answers begins anew; leave it out."));
      }
      return all;
    });
    AnswerCalls calls = new AnswerCalls(caller.origin(), caller.timeLeft(), caller.context());
    calls.start(this, all, caller.detail(), sinks);
    return calls;
  }

  /** A call to fill gaps: a request to generate with that input. */
  public Call infill(GenerateRequest request, Caller caller) throws RefusedException {
    if (!request.hasInfill()) {
      throw flow.rejectedAtEdge(
          new RefusedException(
              Refusal.invalid("infill", "infill is missing; it must hold a text with gaps.")));
    }
    return generateAll(request, caller);
  }

  public Call score(ScoreRequest request, Caller caller) throws RefusedException {
    return start(parse(() -> rules.check(request)), request, caller);
  }

  /**
   * Ends requests by their ids, wherever they are. A caller of this gateway hears CANCELLED at
   * once, one of another gateway when a sampler has said so. Requests of other tenants go on.
   */
  public void abort(AbortRequest request, Principal who) throws RefusedException {
    List<String> ids =
        parse(() -> {
          UnknownFields.refuse(request);
          return RequestIds.check(request.getRequestIdsList());
        });
    flow.abort(ids, who);
  }

  /** Something that reads a request. */
  @FunctionalInterface
  public interface Parser<T> {
    T parse() throws RefusedException;
  }

  /** Runs an edge's own parser; what it refuses is counted like every refusal. */
  public <T> T parse(Parser<T> parser) throws RefusedException {
    try {
      return parser.parse();
    } catch (RefusedException e) {
      throw flow.rejectedAtEdge(e);
    }
  }

  /** A call under a key follows the job that does its work; any other is a call of its own. */
  private Call start(ValidCall call, Message asked, Caller caller) throws RefusedException {
    TraceSpan span =
        tracing.begin(
            asked instanceof ScoreRequest ? "score" : "generate",
            TraceSpan.Kind.SERVER,
            caller.origin().traceparent());
    if (!span.isRecording()) {
      return start(call, asked, caller, caller.sink(), span);
    }
    try {
      CallSink sink = TracedCall.sink(caller.sink(), span);
      return TracedCall.of(start(call, asked, caller, sink, span), span);
    } catch (RefusedException e) {
      span.failed(e.refusal().label()).end();
      throw e;
    }
  }

  private Call start(ValidCall call, Message asked, Caller caller, CallSink sink, TraceSpan span)
      throws RefusedException {
    Origin origin = caller.origin();
    if (origin.key() == null) {
      flow.charge(() -> quotas.charge(origin.tenant(), call));
      return flow.start(
          origin.who(), call, caller.detail(), caller.timeLeft(), caller.context(), sink, span);
    }
    Duration life = call.deadline().orElse(flow.limits().defaultDeadline());
    Duration left = caller.timeLeft();
    return jobs.follow(
        new JobDesk.Asking(
            origin.who(),
            origin.key(),
            IdempotencyKeys.fingerprint(asked, caller.detail()),
            call,
            caller.detail(),
            Priority.PRIORITY_INTERACTIVE,
            life,
            Map.of(),
            "",
            true,
            span.traceparent()),
        origin.afterSeq(),
        left == null || left.compareTo(life) > 0 ? life : left,
        caller.context(),
        sink);
  }
}
