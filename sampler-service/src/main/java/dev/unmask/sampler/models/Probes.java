package dev.unmask.sampler.models;

import dev.unmask.model.engine.DenoisingEngine;
import dev.unmask.model.engine.EngineTicket;
import dev.unmask.model.engine.GenerationFuture;
import dev.unmask.model.engine.GenerationResult;
import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.engine.LikelihoodFuture;
import dev.unmask.model.likelihood.LikelihoodResult;
import dev.unmask.model.likelihood.LikelihoodSettings;
import dev.unmask.model.likelihood.LikelihoodTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.sampler.models.UnavailableModelException.Reason;
import dev.unmask.store.Digest;
import dev.unmask.text.ChatMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks a model that nobody uses yet: one short answer to warm it up, then a few fixed prompts,
 * through the production engine, so that what is judged is what will serve. Requests that run on
 * other weights go on meanwhile: the engine takes its models in turn.
 *
 * <p>All prompts are asked at once: on a busy worker each pass waits for its turn, so few passes
 * are what keeps a reload short. Steps are timed afterwards, in turn with those of the weights that
 * serve already, so that the load of the moment weighs on both.
 */
final class Probes {

  /** A prompt, and an answer whose likelihood is estimated. */
  private record Fixed(String prompt, String answer) {}

  /** Fixed, so that different checkpoints can be compared. */
  private static final List<Fixed> PROBES =
      List.of(
          new Fixed("Hello!", "Hello! How can I help you?"),
          new Fixed("What is the capital of France?", "The capital of France is Paris."),
          new Fixed("What is 2 + 3?", "2 + 3 = 5"));

  private static final int CANVAS = 32;
  private static final int STEPS = 8;
  private static final long SEED = 0;

  /** The shortest of so many rounds counts: what else happens only ever makes a step longer. */
  private static final int TIMED_ROUNDS = 3;

  private static final int TIMED_STEPS = 2;

  /** Equal masks for every checkpoint, so that their difference has little noise. */
  private static final LikelihoodSettings SCORING = new LikelihoodSettings(8, 8, 0, SEED);

  private final DenoisingEngine engine;
  private final Duration patience;

  /**
   * What the probes showed.
   *
   * @param nll nats per token of the fixed answers; NaN when the model could not score them
   * @param answers to the prompts; none of weights that were only compared with
   * @param stepMs the shortest mean time of a step of a short answer
   */
  record Findings(Digest digest, List<CheckpointVerdict.Probe> answers, double nll, double stepMs) {

    int empty() {
      return (int) answers.stream().filter(a -> a.answer().isBlank()).count();
    }
  }

  /** The findings of new weights, and of those beside them where there are some. */
  record Pair(Findings found, @Nullable Findings reference) {}

  /**
   * @param patience longest wait for one answer
   */
  Probes(DenoisingEngine engine, Duration patience) {
    this.engine = engine;
    this.patience = patience;
  }

  void warmUp(ServedModel model) throws UnavailableModelException {
    String prompt = PROBES.getFirst().prompt();
    GenerationResult ignored = await(generate(model, prompt, 8, 2), prompt);
  }

  /**
   * Asks every probe of {@code model} and compares it with {@code reference}.
   *
   * @param before what the reference showed when it was taken up: equal masks give equal
   *     likelihoods, so only its steps are measured again; null when that is not known
   * @throws UnavailableModelException when the model does not answer; what is wrong with the
   *     reference only costs the comparison
   */
  Pair ask(ServedModel model, @Nullable ServedModel reference, @Nullable Findings before)
      throws UnavailableModelException {
    List<Asked<GenerationResult>> generated = new ArrayList<>();
    for (Fixed probe : PROBES) {
      generated.add(generate(model, probe.prompt(), CANVAS, STEPS));
    }
    List<Asked<LikelihoodResult>> scored = score(model);
    List<CheckpointVerdict.Probe> answers = new ArrayList<>();
    double nll;
    try {
      for (int i = 0; i < PROBES.size(); i++) {
        String prompt = PROBES.get(i).prompt();
        GenerationResult result = await(generated.get(i), prompt);
        answers.add(
            new CheckpointVerdict.Probe(prompt, model.tokenizer().decode(result.answerIds())));
      }
      nll = nll(model, scored);
    } catch (UnavailableModelException e) {
      generated.forEach(asked -> asked.ticket().cancel());
      throw e;
    }
    double own = Double.MAX_VALUE;
    double other = Double.MAX_VALUE;
    Findings beside = null;
    boolean compared = reference != null;
    for (int round = 0; round < TIMED_ROUNDS; round++) {
      own = Math.min(own, stepMs(model));
      if (reference != null && compared) {
        try {
          other = Math.min(other, stepMs(reference));
        } catch (UnavailableModelException e) {
          compared = false;
        }
      }
    }
    if (reference != null && compared) {
      try {
        double known = before == null ? nll(reference, score(reference)) : before.nll();
        beside = new Findings(reference.digest(), List.of(), known, other);
      } catch (UnavailableModelException e) {
        beside = null;
      }
    }
    return new Pair(new Findings(model.digest(), answers, nll, own), beside);
  }

  /** An answer that is on its way. */
  private record Asked<T>(CompletableFuture<T> answer, EngineTicket ticket) {}

  private List<Asked<LikelihoodResult>> score(ServedModel model) {
    List<Asked<LikelihoodResult>> scored = new ArrayList<>();
    for (Fixed probe : PROBES) {
      LikelihoodFuture answer = new LikelihoodFuture();
      int[] text = model.tokenizer().encode(probe.answer());
      LikelihoodTask task = new LikelihoodTask(prompt(model, probe.prompt()), text, SCORING);
      scored.add(new Asked<>(answer, engine.submit(model.weights(), task, answer)));
    }
    return scored;
  }

  /** Nats per token of all fixed answers. */
  private double nll(ServedModel model, List<Asked<LikelihoodResult>> scored)
      throws UnavailableModelException {
    double nats = 0;
    int tokens = 0;
    try {
      for (int i = 0; i < PROBES.size(); i++) {
        nats -= await(scored.get(i), PROBES.get(i).prompt()).logLikelihood();
        tokens += model.tokenizer().encode(PROBES.get(i).answer()).length;
      }
    } catch (UnavailableModelException e) {
      scored.forEach(asked -> asked.ticket().cancel());
      throw e;
    }
    return nats / tokens;
  }

  private double stepMs(ServedModel model) throws UnavailableModelException {
    String prompt = PROBES.getFirst().prompt();
    GenerationResult result = await(generate(model, prompt, CANVAS, TIMED_STEPS), prompt);
    return result.steps() == 0 ? 0 : result.inference().toNanos() / 1e6 / result.steps();
  }

  private static int[] prompt(ServedModel model, String text) {
    return model.tokenizer().hasChatTemplate()
        ? model.tokenizer().encodeChat(List.of(new ChatMessage("user", text)))
        : model.tokenizer().encode(text);
  }

  private Asked<GenerationResult> generate(ServedModel model, String text, int canvas, int steps) {
    GenerationFuture answered = new GenerationFuture();
    EngineTicket ticket =
        engine.submit(
            model.weights(),
            new GenerationTask("probe", prompt(model, text), settings(canvas, steps)),
            answered);
    return new Asked<>(answered, ticket);
  }

  private <T> T await(Asked<T> asked, String prompt) throws UnavailableModelException {
    try {
      return asked.answer().get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      asked.ticket().cancel();
      throw new UnavailableModelException(
          Reason.BROKEN,
          "the probe '" + prompt + "' was not answered in " + patience.toSeconds() + " s",
          e);
    } catch (ExecutionException e) {
      throw new UnavailableModelException(
          Reason.BROKEN, "the probe '" + prompt + "' failed: " + String.valueOf(e.getCause()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnavailableModelException(
          Reason.BROKEN, "the worker stopped before the probes were answered", e);
    }
  }

  private static GenerationSettings settings(int canvas, int steps) {
    return GenerationSettings.builder(canvas, canvas).steps(steps).seed(SEED).build();
  }
}
