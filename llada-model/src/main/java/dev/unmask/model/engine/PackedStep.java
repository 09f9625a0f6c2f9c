package dev.unmask.model.engine;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.sampling.ChoicePlan;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.HostNumbers;
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

  /**
   * What a step did, and what it cost.
   *
   * @param results of each run: one step, or more when drafts proved right
   * @param usefulTokens see {@link EngineOptions.EngineStep#usefulTokens}
   */
  record Outcome(
      List<List<StepResult>> results, int packedTokens, int usefulTokens, int askedRows) {}

  private final MaskPredictor predictor;
  private final TokenChooser chooser;
  private final NDManager manager = TorchRuntime.newManager();

  PackedStep(MaskPredictor predictor) {
    this.predictor = predictor;
    this.chooser = new TokenChooser(predictor.config(), predictor.device());
  }

  /**
   * Takes every run at least one step further.
   *
   * @param runs at least one, none finished
   * @throws IllegalStateException when the network gave numbers that are not finite
   */
  Outcome step(List<CanvasRun> runs) {
    // Each run, followed by its drafts.
    List<List<CanvasRun>> lines = runs.stream().map(CanvasRun::withDrafts).toList();
    PackedBatch batch = new PackedBatch();
    List<TokenChooser.Request> requests = new ArrayList<>(runs.size());
    for (CanvasRun run : flat(lines)) {
      batch.add(run.segment(predictor, false));
      requests.add(run.request());
    }
    // Unconditional copies stand behind all others: the chooser expects their rows last.
    for (CanvasRun run : flat(lines)) {
      if (run.guided()) {
        batch.add(run.segment(predictor, true));
      }
    }
    HostNumbers numbers = new HostNumbers();
    MaskPredictor.PreparedPass pass = predictor.prepare(batch, numbers);
    ChoicePlan plan = chooser.plan(requests, numbers);
    TokenChooser.Choices choices;
    try (NDManager step = manager.newSubManager()) {
      // One way there and, inside the chooser, one way back: all that a step waits for.
      HostNumbers.Sent sent = chooser.send(step, numbers);
      NDArray states = pass.run(step, sent);
      choices =
          chooser.choose(
              (owner, start, count) ->
                  predictor.head(owner, chooser.rows(owner, states, start, count)),
              plan,
              sent);
    }
    for (int i = 0; i < choices.tokens().length; i++) {
      if (!Float.isFinite(choices.confidences()[i]) || !Float.isFinite(choices.scores()[i])) {
        throw new IllegalStateException("the network's logits are not finite numbers");
      }
    }
    List<List<StepResult>> results = new ArrayList<>(runs.size());
    int row = 0;
    int useful = 0;
    for (List<CanvasRun> line : lines) {
      CanvasRun run = line.get(0);
      List<StepResult> steps = new ArrayList<>(line.size());
      boolean right = true;
      for (CanvasRun forwarded : line) {
        int end = row + forwarded.askedCount();
        right = right && !run.finished() && run.standsLike(forwarded);
        if (right) {
          useful += forwarded.usefulTokens();
          steps.add(run.commit(part(choices, row, end)));
        }
        row = end;
      }
      run.forwarded(line.size());
      results.add(steps);
    }
    return new Outcome(results, batch.tokens(), useful, batch.askedRows());
  }

  private static List<CanvasRun> flat(List<List<CanvasRun>> lines) {
    return lines.stream().flatMap(List::stream).toList();
  }

  private static TokenChooser.Choices part(TokenChooser.Choices all, int from, int to) {
    return new TokenChooser.Choices(
        Arrays.copyOfRange(all.tokens(), from, to),
        Arrays.copyOfRange(all.confidences(), from, to),
        Arrays.copyOfRange(all.scores(), from, to));
  }

  @Override
  public void close() {
    chooser.close();
    manager.close();
  }
}
