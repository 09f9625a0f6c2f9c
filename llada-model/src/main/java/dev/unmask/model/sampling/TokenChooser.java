package dev.unmask.model.sampling;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.Device;
import dev.unmask.model.torch.HostNumbers;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.torch.Transfer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Turns logits into tokens and confidences for many requests at once, by tensor operations; only
 * the chosen ids and probabilities come to Java.
 *
 * <p>The order is that of LLaDA's generate.py: guidance, then (not there) what a row's {@link
 * TokenLimits} forbid, then EOS forbidden where asked, then the choice (above temperature 0 one
 * uniform number a row and the inverse distribution function in float64, or the reference's noise
 * where it is given), then EOS and EoT taken out of the confidence where asked, then the softmax
 * over all columns, without noise, in float32. Dream's sampler first cuts the tempered distribution
 * by top_p and top_k. The mask and ids that are no tokens are never chosen, but stay in the
 * softmax. One thread at a time.
 */
public final class TokenChooser implements AutoCloseable {

  /** Most logits that exist at once: enough rows to read the head's weights for. */
  private static final int HEAD_NUMBERS = 1 << 22;

  /** Most logits looked at together, so that what is made of them stays in the cache. */
  private static final int TAIL_NUMBERS = 1 << 18;

  /** The same on a device, whose memory is fast and which small operations leave idle. */
  private static final int DEVICE_HEAD_NUMBERS = 1 << 26;

  private static final int DEVICE_TAIL_NUMBERS = 1 << 25;

  /** Sets of classes kept beside the logits: one for each request that runs, if not too many do. */
  private static final int KEPT_CLASSES = 64;

  /** Logits of a chunk, with guidance those of its copy and the mixture. */
  private static final long HEAD_BYTES = 3 * Float.BYTES;

  /** A logit tempered, and what is made of it, mostly in float64. */
  private static final long TAIL_BYTES = 5 * Double.BYTES;

  /**
   * What was chosen for each row.
   *
   * @param confidences softmax probability of the token, without noise
   * @param scores what slots are ordered by: the confidence, unless the decoding orders otherwise
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; handed over.
  public record Choices(int[] tokens, float[] confidences, float[] scores) {}

  /**
   * The rows that one request asked for.
   *
   * @param draw addresses the draws: the reference's count of forward passes
   * @param asked positions in the request's sequence, one row each
   * @param limits what each row may become; null is anything
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
  public record Request(
      GenerationSettings settings,
      Draws draws,
      int draw,
      int[] asked,
      @Nullable TokenLimits limits) {

    /** Rows that may become any token. */
    public Request(GenerationSettings settings, Draws draws, int draw, int[] asked) {
      this(settings, draws, draw, asked, null);
    }
  }

  /** Where rows of logits come from. Each row is asked for once. */
  @FunctionalInterface
  public interface LogitRows {
    /**
     * Float32 {@code [count, embedding]}: the rows from {@code start}, owned by {@code owner}. They
     * are written into, so they must be nobody else's.
     */
    NDArray get(NDManager owner, int start, int count);
  }

  private final ModelConfig config;
  private final NDManager manager = TorchRuntime.newManager();
  private final Transfer transfer;
  private final TorchScriptModule module;
  private final NDArray forbidden;
  private final NDArray none;

  /** Class of each column, of those that were used last. */
  private final Map<TokenClasses, NDArray> classes =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<TokenClasses, NDArray> eldest) {
          if (size() <= KEPT_CLASSES) {
            return false;
          }
          eldest.getValue().close();
          return true;
        }
      };

  private final int headRows;
  private final int tailRows;

  /** On the processor. */
  public TokenChooser(ModelConfig config) {
    this(config, Device.cpu());
  }

  /**
   * For logits of a device.
   *
   * @param device of the logits
   */
  public TokenChooser(ModelConfig config, Device device) {
    this(
        config,
        device,
        Math.max(1, headNumbers(device) / config.embeddingSize()),
        Math.max(1, tailNumbers(device) / config.embeddingSize()));
  }

  private static int headNumbers(Device device) {
    return device.isCpu() ? HEAD_NUMBERS : DEVICE_HEAD_NUMBERS;
  }

  private static int tailNumbers(Device device) {
    return device.isCpu() ? TAIL_NUMBERS : DEVICE_TAIL_NUMBERS;
  }

  /** {@link #workBytes(ModelConfig, Device)} on the processor. */
  public static long workBytes(ModelConfig config) {
    return workBytes(config, Device.cpu());
  }

  /** Most bytes that a choice needs at once on a device, however many rows there are. */
  public static long workBytes(ModelConfig config, Device device) {
    return HEAD_BYTES * Math.max(headNumbers(device), config.embeddingSize())
        + TAIL_BYTES * Math.max(tailNumbers(device), config.embeddingSize());
  }

  /** With numbers of rows whose logits exist, and that are looked at, together. */
  TokenChooser(ModelConfig config, Device device, int headRows, int tailRows) {
    this.config = config;
    this.headRows = headRows;
    this.tailRows = tailRows;
    this.transfer = new Transfer(device);
    this.module = TorchScriptModule.shared(ChoiceText.of(config.embeddingSize()));
    try (NDManager passing = manager.newSubManager()) {
      long[] columns =
          LongStream.concat(
                  LongStream.of(config.tokens().mask()),
                  LongStream.range(config.vocabularySize(), config.embeddingSize()))
              .toArray();
      this.forbidden = transfer.copy(manager, passing.create(columns));
      this.none = transfer.copy(manager, passing.create(new double[0]));
    }
  }

  /**
   * Chooses for all rows.
   *
   * @param logits float32 {@code [rows, embedding]}: the asked rows of each request in order, then
   *     the unconditional rows of the guided ones in order
   */
  public Choices choose(NDArray logits, List<Request> requests) {
    return choose(
        (owner, start, count) -> {
          NDArray own = rows(owner, logits, start, count).duplicate();
          own.attach(owner);
          return own;
        },
        requests);
  }

  /** Rows {@code [start, start + count)} of any tensor, without a copy. */
  public NDArray rows(NDManager owner, NDArray tensor, int start, int count) {
    return module.callOne(
        owner, "rows", Argument.of(tensor), Argument.of((long) start), Argument.of((long) count));
  }

  /** {@link #choose(NDArray, List)} with rows that are made when they are looked at. */
  public Choices choose(LogitRows logits, List<Request> requests) {
    HostNumbers numbers = new HostNumbers();
    ChoicePlan plan = plan(requests, numbers);
    try (NDManager step = manager.newSubManager()) {
      return choose(logits, plan, send(step, numbers));
    }
  }

  /** Writes what choosing will need, so that it crosses over with what else a step needs. */
  public ChoicePlan plan(List<Request> requests, HostNumbers numbers) {
    return ChoicePlan.of(requests, config, headRows, tailRows, numbers);
  }

  /** Sends the numbers of a step, where there are any; {@code owner} gets what arrives. */
  public HostNumbers.Sent send(NDManager owner, HostNumbers numbers) {
    return numbers.size() == 0 ? new HostNumbers.Sent(none, none) : transfer.send(owner, numbers);
  }

  /** {@link #choose(LogitRows, List)} as it was planned, with the numbers that were sent. */
  public Choices choose(LogitRows logits, ChoicePlan plan, HostNumbers.Sent sent) {
    try (NDManager step = manager.newSubManager()) {
      List<NDArray> parts = new ArrayList<>();
      for (ChoicePlan.Stretch stretch : plan.stretches()) {
        try (NDManager inputs = step.newSubManager()) {
          NDArray z = logits.get(inputs, stretch.start(), stretch.count());
          if (stretch.guided() > 0) {
            NDArray u = logits.get(inputs, stretch.unconditional(), stretch.guided());
            z = guide(inputs, z, u, stretch, sent);
          }
          for (ChoicePlan.Tail tail : stretch.tails()) {
            try (NDManager passing = inputs.newSubManager()) {
              boolean all = tail.count() == stretch.count();
              NDArray some = all ? z : rows(passing, z, tail.from(), tail.count());
              NDArray chosen = choose(passing, some, tail, sent);
              chosen.attach(step);
              parts.add(chosen);
            }
          }
        }
      }
      // The only thing that a step reads back, and waits for.
      return choices(transfer.back(step, parts, 1).toDoubleArray(), plan.rows());
    }
  }

  private static Choices choices(double[] numbers, int rows) {
    int[] tokens = new int[rows];
    float[] confidences = new float[rows];
    float[] scores = new float[rows];
    for (int i = 0; i < rows; i++) {
      tokens[i] = (int) numbers[i];
      confidences[i] = (float) numbers[rows + i];
      scores[i] = (float) numbers[2 * rows + i];
    }
    return new Choices(tokens, confidences, scores);
  }

  /** u + (scale + 1)(c - u) in the rows of guided requests. */
  private NDArray guide(
      NDManager inputs, NDArray c, NDArray u, ChoicePlan.Stretch stretch, HostNumbers.Sent sent) {
    return module.callOne(
        inputs,
        "guided",
        Argument.of(c),
        Argument.of(u),
        Argument.of(sent.reals()),
        Argument.of(sent.wholes()),
        Argument.of((long) stretch.guidance()));
  }

  /** The usual choice, which takes no list, costs nothing for cutting lists apart. */
  private NDArray greedy(NDManager inputs, NDArray z) {
    Argument nothing = Argument.of(none);
    return module.callOne(
        inputs,
        "choose",
        Argument.of(z),
        Argument.of(forbidden),
        Argument.of((long) config.tokens().eos()),
        Argument.of((long) config.tokens().eot()),
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        nothing,
        Argument.of(Double.NEGATIVE_INFINITY));
  }

  /** The logits without what their rows may not become. */
  private NDArray limited(
      NDManager inputs, NDArray z, ChoicePlan.Limited limited, HostNumbers.Sent sent) {
    NDArray columns =
        classes.computeIfAbsent(
            limited.classes(),
            used -> {
              try (NDManager passing = manager.newSubManager()) {
                return transfer.copy(manager, passing.create(used.columns(config.embeddingSize())));
              }
            });
    return module.callOne(
        inputs,
        "limited",
        Argument.of(z),
        Argument.of(sent.reals()),
        Argument.of(sent.wholes()),
        Argument.of((long) limited.first()),
        Argument.of((long) limited.rows()),
        Argument.of((long) limited.classes().count()),
        Argument.of(columns),
        Argument.of(Double.NEGATIVE_INFINITY));
  }

  private NDArray choose(
      NDManager inputs, NDArray logits, ChoicePlan.Tail tail, HostNumbers.Sent sent) {
    NDArray z = logits;
    for (ChoicePlan.Limited limited : tail.limited()) {
      z = limited(inputs, z, limited, sent);
    }
    if (LongStream.of(tail.lengths()).allMatch(length -> length == 0)) {
      return greedy(inputs, z);
    }
    return module.callOne(
        inputs,
        "planned",
        Argument.of(z),
        Argument.of(sent.reals()),
        Argument.of(sent.wholes()),
        Argument.of((long) tail.first()),
        Argument.ofInts(tail.lengths()),
        Argument.of(forbidden),
        Argument.of((long) config.tokens().eos()),
        Argument.of((long) config.tokens().eot()),
        Argument.of(Double.NEGATIVE_INFINITY));
  }

  @Override
  public void close() {
    module.close();
    transfer.close();
    manager.close();
  }
}
