package dev.unmask.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * One denoising step of any number of requests on one model: pack, forward, choose, commit. Nothing
 * is committed unless all of it succeeded. One thread at a time.
 */
final class PackedStep implements AutoCloseable {

  /** What a step did, and what it cost. */
  record Outcome(List<StepResult> results, int packedTokens, int askedRows) {}

  private final MaskPredictor predictor;
  private final TokenChooser chooser;
  private final NDManager manager = TorchRuntime.newManager();

  PackedStep(MaskPredictor predictor) {
    this.predictor = predictor;
    this.chooser = new TokenChooser(predictor.config());
  }

  /**
   * Takes every run one step further.
   *
   * @param runs at least one, none finished
   * @throws IllegalStateException when the network gave numbers that are not finite
   */
  Outcome step(List<CanvasRun> runs) {
    PackedBatch batch = new PackedBatch();
    List<TokenChooser.Request> requests = new ArrayList<>(runs.size());
    for (CanvasRun run : runs) {
      int[] asked = run.askedPositions();
      batch.add(run.sequence(), asked);
      requests.add(run.request(asked));
    }
    // Unconditional copies stand behind all others: the chooser expects their rows last.
    for (int i = 0; i < runs.size(); i++) {
      if (runs.get(i).guided()) {
        batch.add(runs.get(i).unconditional(), requests.get(i).asked());
      }
    }
    TokenChooser.Choices choices;
    try (NDManager step = manager.newSubManager()) {
      NDArray logits = predictor.logits(step, batch);
      choices = chooser.choose(logits, requests);
    }
    for (float confidence : choices.confidences()) {
      if (!Float.isFinite(confidence)) {
        throw new IllegalStateException("the network's logits are not finite numbers");
      }
    }
    List<StepResult> results = new ArrayList<>(runs.size());
    int row = 0;
    for (int i = 0; i < runs.size(); i++) {
      int[] asked = requests.get(i).asked();
      results.add(
          runs.get(i)
              .commit(
                  asked,
                  Arrays.copyOfRange(choices.tokens(), row, row + asked.length),
                  Arrays.copyOfRange(choices.confidences(), row, row + asked.length)));
      row += asked.length;
    }
    return new Outcome(results, batch.tokens(), batch.askedRows());
  }

  @Override
  public void close() {
    chooser.close();
    manager.close();
  }
}
