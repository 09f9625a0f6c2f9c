package dev.unmask.sft.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.Layout;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.Method;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.training.TrainingState;
import dev.unmask.model.training.WeightAverage;
import dev.unmask.sft.evaluation.DiffusionLoss;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.evaluation.HeldOutLoss;
import dev.unmask.sft.evaluation.PairRanking;
import dev.unmask.sft.recipe.BatchStream;
import dev.unmask.sft.recipe.PairRows;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A run: the model, the optimizer, the position, and the loop over them. A run that is opened again
 * on its state goes on bit for bit as if it had never stopped.
 */
public final class TrainingRun implements AutoCloseable {

  /** The file of a run's state in its folder. */
  public static final String STATE_FILE = "train-state.safetensors";

  /** The state at the best evaluation, in the same folder. */
  static final String BEST_FILE = "best-state.safetensors";

  private static final double SMOOTHING = 0.95;

  /** Time between two states by time, in times that writing one took: 1 % of a run. */
  private static final double WRITE_REST = 100;

  private final TrainingRecipe recipe;
  private final Path state;
  private final ModelSource source;
  private final RunIdentity identity;
  private TrainableModel model;
  private AdamW optimizer;
  private @Nullable WeightAverage average;
  private Objective objective;
  private TrainingPosition position;
  private EvaluationHistory evaluations;
  private double writeSeconds;
  private double stepSeconds;

  private TrainingRun(
      TrainingRecipe recipe,
      Path state,
      ModelSource source,
      RunIdentity identity,
      TrainableModel model,
      AdamW optimizer,
      @Nullable WeightAverage average,
      Objective objective,
      TrainingPosition position,
      EvaluationHistory evaluations) {
    this.recipe = recipe;
    this.state = state;
    this.source = source;
    this.identity = identity;
    this.model = model;
    this.optimizer = optimizer;
    this.average = average;
    this.objective = objective;
    this.position = position;
    this.evaluations = evaluations;
  }

  /** {@link #open(Path, TrainingRecipe, ModelSource, RunIdentity)} without a check of choices. */
  public static TrainingRun open(Path folder, TrainingRecipe recipe, ModelSource source)
      throws InvalidModelException, IOException {
    return open(folder, recipe, source, RunIdentity.UNKNOWN);
  }

  /**
   * Opens the run of {@code folder}: the state it left there, or a new run.
   *
   * @param identity what its losses depend on; every state carries it
   * @throws InvalidModelException when the state belongs to another model or run or is damaged, or
   *     when the model does not learn by masks
   */
  public static TrainingRun open(
      Path folder, TrainingRecipe recipe, ModelSource source, RunIdentity identity)
      throws InvalidModelException, IOException {
    if (source.config().layout() == Layout.AUTOREGRESSIVE) {
      throw new InvalidModelException(
          "an autoregressive model cannot be trained here: this loop masks tokens and learns to"
              + " fill them in, and such a model never saw a mask; give it a diffusion model");
    }
    Files.createDirectories(folder);
    Path file = folder.resolve(STATE_FILE);
    if (!Files.exists(file)) {
      TrainableModel model = source.first();
      return new TrainingRun(
          recipe,
          file,
          source,
          identity,
          model,
          new AdamW(model, recipe.optimizer()),
          recipe.emaDecay() > 0 ? WeightAverage.of(model, recipe.emaDecay()) : null,
          objective(recipe, source, model),
          TrainingPosition.START,
          EvaluationHistory.NONE);
    }
    TrainingState stored = TrainingState.read(file);
    identity.require(stored.facts());
    TrainingPosition position = TrainingPosition.of(stored.facts());
    EvaluationHistory evaluations = EvaluationHistory.of(stored.facts());
    TrainableModel model = source.resume(stored);
    try {
      AdamW optimizer = AdamW.resume(model, recipe.optimizer(), stored);
      WeightAverage average = average(recipe, model, stored);
      TrainingRun run =
          new TrainingRun(
              recipe,
              file,
              source,
              identity,
              model,
              optimizer,
              average,
              objective(recipe, source, model),
              position,
              evaluations);
      if (position.step() > 0 && evaluations.best() == position.step()) {
        // It may have died between the state and the link to it.
        run.keepAsBest();
      }
      return run;
    } catch (InvalidModelException | IOException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  private static Objective objective(
      TrainingRecipe recipe, ModelSource source, TrainableModel model)
      throws InvalidModelException {
    if (!(model.method() instanceof Method.Preference method)) {
      return new MaskedObjective(model, recipe.noise(), recipe.seed());
    }
    if (!(recipe.data() instanceof PairRows pairs)) {
      throw new InvalidModelException("preferences are learned from pairs of answers only");
    }
    TrainableModel reference = method.lora() == null ? source.reference() : null;
    return new PreferenceObjective(model, method, reference, pairs, recipe.seed());
  }

  private static @Nullable WeightAverage average(
      TrainingRecipe recipe, TrainableModel model, TrainingState stored)
      throws InvalidModelException {
    return recipe.emaDecay() > 0 ? WeightAverage.resume(model, recipe.emaDecay(), stored) : null;
  }

  /** The model as the last step left it, or what to publish after {@link #goBackToBest}. */
  public TrainableModel model() {
    return model;
  }

  public TrainingPosition position() {
    return position;
  }

  /** Time of the updates that this process made; evaluations and states are not among it. */
  public double stepSeconds() {
    return stepSeconds;
  }

  /** The step with the lowest bound so far; 0 when none was evaluated. */
  public long bestStep() {
    return evaluations.best();
  }

  /** What was judged so far, before a restart too. */
  public EvaluationHistory evaluations() {
    return evaluations;
  }

  /**
   * Trains until the recipe's end or until the listener asks to stop, and leaves the state of the
   * last step on the disk. A run with an {@link EvaluationPlan} is judged before its first step, as
   * often as planned, and after its last.
   *
   * @throws TrainingDivergedException when a loss or gradient is not finite; nothing was updated or
   *     written with it
   */
  public void run(TrainingListener listener) throws IOException, TrainingDivergedException {
    BatchStream batches =
        new BatchStream(
            recipe.data(), recipe.shape(), recipe.seed(), position.epoch(), position.batch());
    Stopwatch watch = new Stopwatch(position);
    TrainingPosition saved = position;
    int batchesInEpoch = batches.batchesInEpoch();
    // Also where a stop came before or in the evaluation of the last step.
    if (evaluationIsDue(recipe.stop().progress(position, batchesInEpoch)) && evaluate(listener)) {
      save(listener);
      keepAsBest();
    }
    while (recipe.stop().progress(position, batchesInEpoch) < 1 && !listener.stopRequested()) {
      long begun = System.nanoTime();
      List<BatchStream.Rows> step = nextStep(batches);
      batchesInEpoch = step.getLast().batchesInEpoch();

      Objective.Outcome outcome = objective.lossAndGradients(step, position.step());
      LossValue loss = outcome.loss();
      double norm = optimizer.gradientNorm();
      refuseToDiverge(loss.loss(), norm);
      double rate =
          recipe.rate().at(position.step(), recipe.stop().progress(position, batchesInEpoch));
      optimizer.step(rate, norm);
      if (average != null) {
        average.follow(optimizer.steps());
      }

      advance(step, loss.loss(), watch);
      stepSeconds += (System.nanoTime() - begun) / 1e9;
      double progress = recipe.stop().progress(position, batchesInEpoch);
      listener.onStep(report(outcome, rate, norm, progress, step.getLast(), watch));
      boolean best = evaluationIsDue(progress) && evaluate(listener);
      if (best || checkpointIsDue(saved)) {
        save(listener);
        saved = position;
      }
      if (best) {
        keepAsBest();
      }
    }
    if (saved.step() != position.step()) {
      save(listener);
    }
  }

  /**
   * Makes {@link #model} what is to be published: the weights of the best evaluation, or of the
   * last step when none was judged; their moving average where the recipe has one. {@link
   * #position} then is the step that they are from. Afterwards the run cannot train on.
   *
   * @return whether an earlier step than the last was the best
   */
  public boolean goBackToBest() throws InvalidModelException {
    boolean back = evaluations.best() > 0 && evaluations.best() < position.step();
    if (back) {
      TrainingState best = TrainingState.read(state.resolveSibling(BEST_FILE));
      TrainableModel earlier = source.resume(best);
      try {
        AdamW moments = AdamW.resume(earlier, recipe.optimizer(), best);
        WeightAverage averaged = average(recipe, earlier, best);
        close();
        optimizer = moments;
        average = averaged;
        model = earlier;
        objective = objective(recipe, source, earlier);
        position = TrainingPosition.of(best.facts());
      } catch (InvalidModelException | RuntimeException e) {
        earlier.close();
        throw e;
      }
    }
    if (average != null) {
      average.swap();
    }
    return back;
  }

  /** The batches of one update. A pass ends with a smaller step rather than inside one. */
  private List<BatchStream.Rows> nextStep(BatchStream batches) {
    List<BatchStream.Rows> step = new ArrayList<>();
    boolean passIsOver = false;
    while (step.size() < recipe.accumulation() && !passIsOver) {
      BatchStream.Rows rows = batches.next();
      passIsOver = rows.index() + 1 == rows.batchesInEpoch();
      step.add(recipe.lengths().apply(rows));
    }
    return step;
  }

  private void refuseToDiverge(double loss, double norm) throws TrainingDivergedException {
    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
      throw new TrainingDivergedException(
          "Training stopped at step "
              + (position.step() + 1)
              + ": the loss is "
              + loss
              + " and the gradient's norm is "
              + norm
              + ". The state before it is kept; a lower learning rate or a longer warm-up usually"
              + " helps.");
    }
  }

  private void advance(List<BatchStream.Rows> step, double loss, Stopwatch watch) {
    BatchStream.Rows rows = step.getLast();
    long tokens = objective.tokens(step);
    double smoothed =
        position.step() == 0 ? loss : SMOOTHING * position.smoothedLoss() + (1 - SMOOTHING) * loss;
    // A pass that is over is written as the beginning of the next, so that there is only one way to
    // say where a run is.
    boolean passIsOver = rows.index() + 1 == rows.batchesInEpoch();
    position =
        new TrainingPosition(
            position.step() + 1,
            passIsOver ? rows.epoch() + 1 : rows.epoch(),
            passIsOver ? 0 : rows.index() + 1,
            position.tokens() + tokens,
            watch.seconds(),
            smoothed);
  }

  private StepReport report(
      Objective.Outcome outcome,
      double rate,
      double norm,
      double progress,
      BatchStream.Rows rows,
      Stopwatch watch) {
    double total = progress > 0 ? position.step() / Math.min(1, progress) : position.step();
    double left = progress > 0 ? position.seconds() * (1 / Math.min(1, progress) - 1) : 0;
    return new StepReport(
        position.step(),
        Math.round(total),
        rows.epoch() + (rows.index() + 1.0) / rows.batchesInEpoch(),
        outcome.loss().loss(),
        position.smoothedLoss(),
        outcome.loss().crossEntropy(),
        rate,
        norm,
        position.tokens(),
        watch.tokensPerSecond(position.tokens()),
        position.seconds(),
        left,
        outcome.ranking());
  }

  private boolean evaluationIsDue(double progress) {
    EvaluationPlan plan = recipe.evaluation();
    return plan != null
        && (position.step() == 0
            || progress >= 1
            || (plan.everySteps() > 0 && position.step() % plan.everySteps() == 0));
  }

  /** Judges the model as it is, unless asked to stop; true when it is the best so far. */
  private boolean evaluate(TrainingListener listener) throws IOException {
    EvaluationPlan plan = recipe.evaluation();
    if (plan == null || evaluations.last() == position.step()) {
      return false;
    }
    Judgement judged;
    try {
      judged = judge(plan, listener);
    } catch (StoppedException e) {
      return false;
    }
    evaluations = evaluations.with(position.step(), judged.loss(), plan.keepBest());
    boolean best = evaluations.best() == position.step() && position.step() > 0;
    listener.onEvaluation(new Evaluation(position.step(), judged.loss(), best, judged.ranking()));
    return best;
  }

  private record Judgement(DiffusionLoss loss, @Nullable PairRanking ranking) {}

  /** With the moving average in the weights' place where there is one, for that long only. */
  private Judgement judge(EvaluationPlan plan, TrainingListener listener) throws StoppedException {
    Runnable unlessAskedToStop =
        () -> {
          if (listener.stopRequested()) {
            throw new StoppedException();
          }
        };
    if (average != null) {
      average.swap();
    }
    try {
      DiffusionLoss loss =
          HeldOutLoss.of(
              batch -> {
                unlessAskedToStop.run();
                return model.scores(batch);
              },
              plan.rows(),
              plan.masks(),
              model.config().tokens().mask(),
              unused -> {});
      PairRows pairs = plan.pairs();
      // Before the first step no pair has moved: there is nothing to rank.
      return new Judgement(
          loss,
          pairs == null || position.step() == 0 ? null : objective.rank(pairs, unlessAskedToStop));
    } finally {
      if (average != null) {
        average.swap();
      }
    }
  }

  /** The listener asked to stop inside an evaluation, which is done again when the run goes on. */
  private static final class StoppedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  private boolean checkpointIsDue(TrainingPosition saved) {
    // A large state on a slow disk is written less often than asked for rather than all the time.
    double rest = Math.max(recipe.checkpointSeconds(), WRITE_REST * writeSeconds);
    return (recipe.checkpointSteps() > 0
            && position.step() - saved.step() >= recipe.checkpointSteps())
        || (recipe.checkpointSeconds() > 0 && position.seconds() - saved.seconds() >= rest);
  }

  private void save(TrainingListener listener) throws IOException {
    Map<String, String> facts = new LinkedHashMap<>(position.toFacts());
    facts.putAll(evaluations.toFacts());
    facts.putAll(identity.toFacts());
    long start = System.nanoTime();
    try {
      TrainingState.write(state, model, optimizer, average, facts);
      writeSeconds = (System.nanoTime() - start) / 1e9;
    } catch (IOException e) {
      throw new IOException(
          "the state of step "
              + position.step()
              + " could not be written to "
              + state
              + " ("
              + e.getMessage()
              + "); the state before it stays",
          e);
    }
    listener.onCheckpoint(position);
  }

  /** The state on the disk gets a second name, which outlives it. */
  private void keepAsBest() throws IOException {
    Path best = state.resolveSibling(BEST_FILE);
    Path link = state.resolveSibling(BEST_FILE + ".tmp");
    Files.deleteIfExists(link);
    try {
      Files.createLink(link, state);
    } catch (UnsupportedOperationException | FileSystemException e) {
      Files.copy(state, link);
    }
    Files.move(link, best, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() {
    if (average != null) {
      average.close();
    }
    objective.close();
    optimizer.close();
    model.close();
  }
}
