package dev.unmask.model.golden;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.InvalidModelException;
import dev.unmask.model.safetensors.StoredTensor;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.Transfer;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * Kind {@code forward}: the logits of every position of a batch, row by row as the reference's
 * network returns them. A layout whose samplers shift the logits (Dream) is judged before the
 * shift, which is no part of its network.
 */
final class ForwardCheck implements GoldenCheck {

  private final Device device;

  ForwardCheck(Device device) {
    this.device = device;
  }

  private static final double TOLERANCE = 2e-5;

  @Override
  public Set<String> kinds() {
    return Set.of("forward");
  }

  @Override
  public List<GoldenVerdict> judge(GoldenFolder folder, List<GoldenCase> cases, GoldenPath path)
      throws InvalidModelException {
    return Predictors.open(
        folder.withConfig(folder.config().changed().logitShift(0).build()),
        path,
        device,
        predictor -> {
          List<GoldenVerdict> verdicts = new ArrayList<>();
          for (GoldenCase c : cases) {
            verdicts.add(
                GoldenVerdict.byError(folder, c, path, error(folder, c, predictor), TOLERANCE));
          }
          return verdicts;
        });
  }

  private static double error(GoldenFolder folder, GoldenCase c, MaskPredictor predictor)
      throws InvalidModelException {
    StoredTensor input = folder.array(c, "input_ids");
    int[] ids = folder.ids(c, "input_ids");
    int length = (int) input.shape()[1];
    PackedBatch batch = new PackedBatch();
    for (int start = 0; start < ids.length; start += length) {
      batch.add(
          Arrays.copyOfRange(ids, start, start + length), IntStream.range(0, length).toArray());
    }
    try (NDManager manager = TorchRuntime.newManager();
        Transfer transfer = new Transfer(predictor.device())) {
      List<NDArray> logits = List.of(predictor.logits(manager, batch));
      return ArrayError.relative(
          transfer.back(manager, logits, 0).toFloatArray(), folder.array(c, "logits").toFloats());
    }
  }
}
