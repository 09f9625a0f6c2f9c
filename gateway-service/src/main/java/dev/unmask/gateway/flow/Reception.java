package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.admission.RequestRules;
import dev.unmask.gateway.flow.admission.ValidCall;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.ScoreRequest;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Where every protocol brings its calls: they are checked, then let in. Any thread; each method is
 * called on {@code context} and throws {@link RefusedException} when the call is not let in, and
 * then the sink hears nothing.
 */
public final class Reception {

  private final RequestRules rules;
  private final GenerationFlow flow;

  public Reception(RequestRules rules, GenerationFlow flow) {
    this.rules = rules;
    this.flow = flow;
  }

  /**
   * How a call is made, apart from what it asks.
   *
   * @param timeLeft what is left of the transport's own deadline, if it has one
   */
  public record Caller(
      EventDetail detail, @Nullable Duration timeLeft, CallContext context, CallSink sink) {}

  public GenerationCall generate(GenerateRequest request, Caller caller) throws RefusedException {
    return start(parse(() -> rules.check(request)), caller);
  }

  public GenerationCall generate(GenerateStreamRequest request, Caller caller)
      throws RefusedException {
    return start(parse(() -> rules.check(request)), caller);
  }

  /** A call to fill gaps: a request to generate with that input. */
  public GenerationCall infill(GenerateRequest request, Caller caller) throws RefusedException {
    if (!request.hasInfill()) {
      throw flow.rejectedAtEdge(
          new RefusedException(
              Refusal.invalid("infill", "infill is missing; it must hold a text with gaps.")));
    }
    return generate(request, caller);
  }

  public GenerationCall score(ScoreRequest request, Caller caller) throws RefusedException {
    return start(parse(() -> rules.check(request)), caller);
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

  private GenerationCall start(ValidCall call, Caller caller) throws RefusedException {
    return flow.start(call, caller.detail(), caller.timeLeft(), caller.context(), caller.sink());
  }
}
