package dev.unmask.sft.training;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.Layout;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.AdamW;
import dev.unmask.model.training.LossValue;
import dev.unmask.model.training.MaskedBatch;
import dev.unmask.model.training.TrainableModel;
import dev.unmask.model.training.TrainingState;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.recipe.BatchStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A run: the model, the optimizer, the position, and the loop over them. A run that is opened again
 * on its state goes on bit for bit as if it had never stopped.
 */
public final class TrainingRun implements AutoCloseable {

  /** The file of a run's state in its folder. */
  public static final String STATE_FILE = "train-state.safetensors";

  private static final double SMOOTHING = 0.95;

  /** Makes the weights a new run starts from. */
  @FunctionalInterface
  public interface FirstModel {
    TrainableModel make() throws InvalidModelException;
  }

  private final TrainingRecipe recipe;
  private final Path state;
  private final TrainableModel model;
  private final AdamW optimizer;
  private TrainingPosition position;

  private TrainingRun(
      TrainingRecipe recipe,
      Path state,
      TrainableModel model,
      AdamW optimizer,
      TrainingPosition position) {
    this.recipe = recipe;
    this.state = state;
    this.model = model;
    this.optimizer = optimizer;
    this.position = position;
  }

  /**
   * Opens the run of {@code folder}: the state it left there, or a new run.
   *
   * @param config the model's shape, for a state
   * @throws InvalidModelException when the state belongs to another model or is damaged, or when
   *     the model does not learn by masks
   */
  public static TrainingRun open(
      Path folder, TrainingRecipe recipe, ModelConfig config, Compute compute, FirstModel first)
      throws InvalidModelException, IOException {
    if (config.layout() == Layout.AUTOREGRESSIVE) {
      throw new InvalidModelException(
          "an autoregressive model cannot be trained here: this loop masks tokens and learns to"
              + " fill them in, and such a model never saw a mask; give it a diffusion model");
    }
    Files.createDirectories(folder);
    Path file = folder.resolve(STATE_FILE);
    if (!Files.exists(file)) {
      TrainableModel model = first.make();
      return new TrainingRun(
          recipe, file, model, new AdamW(model, recipe.optimizer()), TrainingPosition.START);
    }
    TrainingState stored = TrainingState.read(file);
    TrainingPosition position = TrainingPosition.of(stored.facts());
    TrainableModel model = TrainableModel.of(config, compute, stored.tensors());
    try {
      AdamW optimizer = AdamW.resume(model, recipe.optimizer(), stored);
      return new TrainingRun(recipe, file, model, optimizer, position);
    } catch (InvalidModelException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  public TrainableModel model() {
    return model;
  }

  public TrainingPosition position() {
    return position;
  }

  /**
   * Trains until the recipe's end or until the listener asks to stop, and leaves the state of the
   * last step on the disk.
   *
   * @throws TrainingDivergedException when a loss or gradient is not finite; nothing was updated or
   *     written with it
   */
  public void run(TrainingListener listener) throws IOException, TrainingDivergedException {
    BatchStream batches =
        new BatchStream(
            recipe.data(), recipe.shape(), recipe.seed(), position.epoch(), position.batch());
    int mask = model.config().tokens().mask();
    int eos = model.config().tokens().eos();
    Stopwatch watch = new Stopwatch(position);
    TrainingPosition saved = position;
    int batchesInEpoch = batches.batchesInEpoch();
    while (recipe.stop().progress(position, batchesInEpoch) < 1 && !listener.stopRequested()) {
      List<BatchStream.Rows> step = nextStep(batches);
      batchesInEpoch = step.getLast().batchesInEpoch();

      LossValue loss = lossAndGradients(recipe.noise().mask(step, mask, eos, position.step()));
      double norm = optimizer.gradientNorm();
      refuseToDiverge(loss.loss(), norm);
      double rate =
          recipe.rate().at(position.step(), recipe.stop().progress(position, batchesInEpoch));
      optimizer.step(rate, norm);

      advance(step, loss.loss(), watch);
      double progress = recipe.stop().progress(position, batchesInEpoch);
      listener.onStep(report(loss, rate, norm, progress, step.getLast(), watch));
      if (checkpointIsDue(saved)) {
        save(listener);
        saved = position;
      }
    }
    if (saved.step() != position.step()) {
      save(listener);
    }
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

  private LossValue lossAndGradients(List<MaskedBatch> step) {
    double loss = 0;
    double crossEntropy = 0;
    int slots = 0;
    for (MaskedBatch batch : step) {
      LossValue value = model.lossAndGradients(batch);
      loss += value.loss();
      crossEntropy += value.crossEntropySum();
      slots += value.maskedSlots();
    }
    return new LossValue(loss, crossEntropy, slots);
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
    long tokens = step.stream().mapToLong(BatchStream.Rows::tokens).sum();
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
      LossValue loss,
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
        loss.loss(),
        position.smoothedLoss(),
        loss.crossEntropy(),
        rate,
        norm,
        position.tokens(),
        watch.tokensPerSecond(position.tokens()),
        position.seconds(),
        left);
  }

  private boolean checkpointIsDue(TrainingPosition saved) {
    return (recipe.checkpointSteps() > 0
            && position.step() - saved.step() >= recipe.checkpointSteps())
        || (recipe.checkpointSeconds() > 0
            && position.seconds() - saved.seconds() >= recipe.checkpointSeconds());
  }

  private void save(TrainingListener listener) throws IOException {
    TrainingState.write(state, model, optimizer, position.toFacts());
    listener.onCheckpoint(position);
  }

  @Override
  public void close() {
    optimizer.close();
    model.close();
  }

  /** Time of the run, those before this process included. */
  private static final class Stopwatch {

    private static final int WINDOW = 20;

    private final long started = System.nanoTime();
    private final double before;
    private final long[] times = new long[WINDOW];
    private final long[] tokens = new long[WINDOW];
    private int count;

    Stopwatch(TrainingPosition from) {
      this.before = from.seconds();
      times[0] = started;
      tokens[0] = from.tokens();
      count = 1;
    }

    double seconds() {
      return before + (System.nanoTime() - started) / 1e9;
    }

    double tokensPerSecond(long tokensNow) {
      long now = System.nanoTime();
      int oldest = count < WINDOW ? 0 : count % WINDOW;
      double rate = (tokensNow - tokens[oldest]) * 1e9 / (now - times[oldest]);
      times[count % WINDOW] = now;
      tokens[count % WINDOW] = tokensNow;
      count++;
      return rate;
    }
  }
}
