package dev.unmask.gateway.flow.tools;

import dev.unmask.gateway.flow.Call;
import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.CallSink;
import dev.unmask.gateway.flow.Origin;
import dev.unmask.gateway.flow.Reception;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.text.TokenDesk;
import dev.unmask.text.ChatMessage;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TokenIds;
import dev.unmask.v1.Usage;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Decides what a turn with functions becomes, by the model's own judgement: whether to call one
 * (unless it has to) by the likelihood of a call's first words after the dialogue, and which one by
 * filling its name alone into the layout of a call.
 */
public final class ToolTurns {

  /** How every call begins. */
  private static final String OPENING = "{\"name\":\"";

  /** More likely than everything else together. */
  private static final double LIKELY = Math.log(0.5);

  private static final int SAMPLES = 8;

  private final Reception reception;
  private final TokenDesk tokens;

  public ToolTurns(Reception reception, TokenDesk tokens) {
    this.reception = reception;
    this.tokens = tokens;
  }

  /**
   * Who asked. Its methods are called on its context; exactly one of the consumers is, once, unless
   * the turn is given up.
   *
   * @param decided hears the turn's request: as it was, or as the call of a function
   */
  public record Asker(
      Origin origin,
      CallContext context,
      @Nullable Duration timeLeft,
      Decided decided,
      Consumer<Refusal> refused) {}

  /** Hears what a turn becomes. */
  @FunctionalInterface
  public interface Decided {

    /**
     * What is to be generated now.
     *
     * @param spent on the decision: steps and passes
     */
    void on(GenerateRequest request, Usage spent);
  }

  /** Starts a turn; called on the asker's context. What comes back gives the turn up. */
  public Consumer<String> start(GenerateRequest turn, ToolSet tools, Asker asker) {
    Turn deciding = new Turn(turn, tools, asker);
    deciding.guarded(deciding::whether);
    return deciding::cancel;
  }

  /** One turn. The asker's context. */
  private final class Turn {

    private final GenerateRequest request;
    private final ToolSet tools;
    private final Asker asker;
    private final Usage.Builder spent = Usage.newBuilder();
    private @Nullable Call running;
    private boolean over;

    Turn(GenerateRequest request, ToolSet tools, Asker asker) {
      this.request = request;
      this.tools = tools;
      this.asker = asker;
    }

    void cancel(String reason) {
      over = true;
      if (running != null) {
        running.cancel(reason);
      }
    }

    private void whether() throws RefusedException {
      if (tools.required()) {
        which();
        return;
      }
      // The tokenizer may have to come from the store first.
      Thread.ofVirtual()
          .name("tool-turn")
          .start(() -> {
            try {
              List<ChatMessage> dialogue =
                  request.getMessages().getMessagesList().stream()
                      .map(m -> new ChatMessage(m.getRole(), m.getContent()))
                      .toList();
              int[] prompt =
                  tokens.tokenize(asker.origin().who(), request.getModel(), dialogue).ids();
              int[] opening =
                  tokens.tokenize(asker.origin().who(), request.getModel(), OPENING).ids();
              asker.context().execute(() -> guarded(() -> score(prompt, opening)));
            } catch (RefusedException e) {
              asker.context().execute(() -> refuse(e.refusal()));
            } catch (RuntimeException e) {
              asker.context().execute(() -> refuse(Refusal.from(e)));
            }
          });
    }

    private void score(int[] prompt, int[] opening) throws RefusedException {
      ScoreRequest.Builder score =
          ScoreRequest.newBuilder()
              .setModel(request.getModel())
              .setContext(part(prompt))
              .setContinuation(part(opening))
              .setSamples(SAMPLES)
              .setBatch(SAMPLES);
      if (request.getSampling().hasSeed()) {
        score.setSeed(request.getSampling().getSeed());
      }
      if (request.hasDeadlineMs()) {
        score.setDeadlineMs(request.getDeadlineMs());
      }
      running =
          reception.score(
              score.build(),
              caller(
                  "call",
                  event -> {
                    // Each sample is a pass; with guidance there would be two.
                    spent.setForwardPasses(
                        spent.getForwardPasses() + event.getScored().getSamples());
                    if (event.getScored().getLogLikelihood() > LIKELY) {
                      which();
                    } else {
                      decide(request);
                    }
                  }));
    }

    private void which() throws RefusedException {
      if (tools.tools().size() == 1) {
        decide(ToolSet.call(request, tools.tools().getFirst()));
        return;
      }
      GenerateRequest.Builder named =
          ToolSet.call(request, new ToolSet.Tool("", ToolNames.schema(tools))).toBuilder();
      named.getSamplingBuilder().clearMaxTokens();
      running =
          reception.generate(
              named.build(),
              caller(
                  "name",
                  event -> {
                    Usage naming = event.getFinal().getUsage();
                    spent
                        .setForwardPasses(spent.getForwardPasses() + naming.getForwardPasses())
                        .setDenoisingSteps(naming.getDenoisingSteps());
                    decide(
                        ToolSet.call(request, ToolNames.chosen(tools, event.getFinal().getText())));
                  }));
    }

    private void decide(GenerateRequest decided) {
      over = true;
      asker.decided().on(decided, spent.build());
    }

    private void refuse(Refusal refusal) {
      if (!over) {
        over = true;
        asker.refused().accept(refusal);
      }
    }

    private Reception.Caller caller(String question, Step next) {
      return new Reception.Caller(
          asker.origin().part(question),
          EventDetail.EVENT_DETAIL_FINAL,
          asker.timeLeft(),
          asker.context(),
          new CallSink() {
            @Override
            public void onEvent(GenerationEvent event) {
              // Only what was found counts.
            }

            @Override
            public void onAnswer(GenerationEvent event) {
              guarded(() -> next.on(event));
            }

            @Override
            public void onRefused(Refusal refusal) {
              refuse(refusal);
            }
          });
    }

    private void guarded(Doing doing) {
      if (over) {
        return;
      }
      try {
        doing.run();
      } catch (RefusedException e) {
        refuse(e.refusal());
      }
    }
  }

  private static TextOrTokens part(int[] ids) {
    return TextOrTokens.newBuilder()
        .setTokenIds(TokenIds.newBuilder().addAllIds(Arrays.stream(ids).boxed().toList()))
        .build();
  }

  /** Something that may be refused. */
  @FunctionalInterface
  private interface Doing {
    void run() throws RefusedException;
  }

  /** What follows on an answer. */
  @FunctionalInterface
  private interface Step {
    void on(GenerationEvent event) throws RefusedException;
  }
}
