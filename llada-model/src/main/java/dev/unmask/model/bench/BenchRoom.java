package dev.unmask.model.bench;

import dev.unmask.model.inspect.Costs;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.transformer.LoadedModel;
import dev.unmask.model.transformer.Precision;
import java.util.Locale;

/** Whether there is memory for a measurement, before anything of it is made. */
final class BenchRoom {

  /** The virtual machine, the library, and what the bench multiplies beside the model. */
  private static final long BESIDE = 2L << 30;

  private BenchRoom() {}

  /**
   * Refuses what does not fit.
   *
   * @throws IllegalArgumentException with the numbers
   */
  static void require(BenchOptions options, LoadedModel.Way way) {
    long free =
        switch (way.device()) {
          case Device.Cpu cpu -> Memory.availableBytes();
          case Device.Cuda cuda -> TorchRuntime.freeBytes(cuda);
        };
    require(options, way, free);
  }

  static void require(BenchOptions options, LoadedModel.Way way, long free) {
    Costs costs = new Costs(options.size().config());
    int number = way.precision() == Precision.BF16 ? 2 : Float.BYTES;
    long weights = costs.weightBytes(number);
    Workload workload = new Workload(options, options.size().config());
    long tokens = workload.rows().stream().mapToLong(row -> row.ids().length).sum();
    long step = tokens * costs.activationBytesPerToken(number);
    // Both the cached scenario and requests with a cache keep keys and values.
    long caches = 2 * tokens * costs.cacheBytesPerToken(number);
    long needed =
        weights
            + step
            + caches
            + TokenChooser.workBytes(options.size().config(), way.device())
            + BESIDE;
    if (needed > free) {
      throw new IllegalArgumentException(
          "--size %s in %s needs about %s on %s (weights %s, a step of %d tokens %s, keys and values %s, the rest for logits and the measurement), but %s are free; take a smaller size, fewer requests or another --device"
              .formatted(
                  options.size().label(),
                  way.precision().name().toLowerCase(Locale.ROOT),
                  gigabytes(needed),
                  way.device().label(),
                  gigabytes(weights),
                  tokens,
                  gigabytes(step),
                  gigabytes(caches),
                  gigabytes(free)));
    }
  }

  private static String gigabytes(long bytes) {
    return String.format(Locale.ROOT, "%.1f GB", bytes / 1e9);
  }
}
