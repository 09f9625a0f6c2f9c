package dev.unmask.model.golden;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.oracle.OraclePredictor;
import dev.unmask.model.torch.Device;
import dev.unmask.model.transformer.Kernels;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Attention;

/** Opens a folder's model the way a path asks for, in float32. */
final class Predictors {

  private Predictors() {}

  /** What is done with an open model. */
  @FunctionalInterface
  interface Use<T> {
    T with(MaskPredictor predictor) throws InvalidModelException;
  }

  static <T> T open(GoldenFolder folder, GoldenPath path, Device device, Use<T> use)
      throws InvalidModelException {
    return switch (path) {
      case ORACLE -> {
        try (OraclePredictor oracle = OraclePredictor.load(folder.path(), folder.config())) {
          yield use.with(oracle);
        }
      }
      // Of a cluster only what it has no call for is computed here.
      case PACKED, CLUSTER ->
          open(folder, LoadedModel.Way.suited(folder.config(), Precision.F32, device), use);
      case STAGED ->
          open(
              folder,
              new LoadedModel.Way(Precision.F32, Attention.FUSED, Kernels.STAGED, device),
              use);
    };
  }

  private static <T> T open(GoldenFolder folder, LoadedModel.Way way, Use<T> use)
      throws InvalidModelException {
    try (LoadedModel model = LoadedModel.load(folder.path(), folder.config(), way)) {
      return use.with(model);
    }
  }
}
