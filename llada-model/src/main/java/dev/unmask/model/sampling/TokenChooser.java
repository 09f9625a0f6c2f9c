package dev.unmask.model.sampling;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Turns logits into tokens and confidences for many requests at once, by tensor operations; only
 * the chosen ids and probabilities come to Java.
 *
 * <p>The order is that of LLaDA's generate.py: guidance, then EOS forbidden where asked, then the
 * choice (above temperature 0 one uniform number a row and the inverse distribution function in
 * float64, or the reference's noise where it is given), then EOS and EoT taken out of the
 * confidence where asked, then the softmax over all columns, without noise, in float32. Dream's
 * sampler first cuts the tempered distribution by top_p and top_k. The mask and ids that are no
 * tokens are never chosen, but stay in the softmax. One thread at a time.
 */
public final class TokenChooser implements AutoCloseable {

  /** Most logits that exist at once: enough rows to read the head's weights for. */
  private static final int HEAD_NUMBERS = 1 << 22;

  /** Most logits looked at together, so that what is made of them stays in the cache. */
  private static final int TAIL_NUMBERS = 1 << 18;

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
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
  public record Request(GenerationSettings settings, Draws draws, int draw, int[] asked) {}

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
  private final TorchScriptModule module;
  private final NDArray forbidden;
  private final NDArray none;
  private final int headRows;
  private final int tailRows;

  public TokenChooser(ModelConfig config) {
    this(
        config,
        Math.max(1, HEAD_NUMBERS / config.embeddingSize()),
        Math.max(1, TAIL_NUMBERS / config.embeddingSize()));
  }

  /** Most bytes that a choice needs at once, however many rows there are. */
  public static long workBytes(ModelConfig config) {
    return HEAD_BYTES * Math.max(HEAD_NUMBERS, config.embeddingSize())
        + TAIL_BYTES * Math.max(TAIL_NUMBERS, config.embeddingSize());
  }

  /** With numbers of rows whose logits exist, and that are looked at, together. */
  TokenChooser(ModelConfig config, int headRows, int tailRows) {
    this.config = config;
    this.headRows = headRows;
    this.tailRows = tailRows;
    this.module = TorchScriptModule.compile(ChoiceText.of(config.embeddingSize()));
    this.forbidden =
        manager.create(
            LongStream.concat(
                    LongStream.of(config.tokens().mask()),
                    LongStream.range(config.vocabularySize(), config.embeddingSize()))
                .toArray());
    this.none = manager.create(new float[0]);
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
    List<RowLists.Row> rows = new ArrayList<>();
    for (Request request : requests) {
      for (int position : request.asked()) {
        rows.add(new RowLists.Row(request, position));
      }
    }
    try (NDManager step = manager.newSubManager()) {
      List<NDArray> parts = new ArrayList<>();
      int unconditional = rows.size();
      for (int start = 0; start < rows.size(); start += headRows) {
        List<RowLists.Row> chunk = rows.subList(start, Math.min(rows.size(), start + headRows));
        List<Integer> guided = guided(chunk);
        try (NDManager inputs = step.newSubManager()) {
          NDArray z = logits.get(inputs, start, chunk.size());
          if (!guided.isEmpty()) {
            NDArray u = logits.get(inputs, unconditional, guided.size());
            z = guide(inputs, z, u, chunk, guided);
          }
          for (int from = 0; from < chunk.size(); from += tailRows) {
            int to = Math.min(chunk.size(), from + tailRows);
            try (NDManager passing = inputs.newSubManager()) {
              NDArray chosen =
                  choose(
                      passing,
                      to - from == chunk.size() ? z : rows(passing, z, from, to - from),
                      new RowLists(chunk.subList(from, to), config.embeddingSize()));
              chosen.attach(step);
              parts.add(chosen);
            }
          }
        }
        unconditional += guided.size();
      }
      // The only transfer of the step.
      return choices(
          module.callOne(step, "together", Argument.of(parts)).toDoubleArray(), rows.size());
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

  private static List<Integer> guided(List<RowLists.Row> chunk) {
    List<Integer> guided = new ArrayList<>();
    for (int i = 0; i < chunk.size(); i++) {
      if (chunk.get(i).request().settings().cfgScale() > 0) {
        guided.add(i);
      }
    }
    return guided;
  }

  /** u + (scale + 1)(c - u) in the rows of guided requests. */
  private NDArray guide(
      NDManager inputs, NDArray c, NDArray u, List<RowLists.Row> chunk, List<Integer> guided) {
    long[] into = new long[guided.size()];
    float[] scale = new float[into.length];
    for (int i = 0; i < into.length; i++) {
      into[i] = guided.get(i);
      scale[i] = (float) (chunk.get(guided.get(i)).request().settings().cfgScale() + 1);
    }
    return module.callOne(
        inputs,
        "guide",
        Argument.of(c),
        Argument.of(u),
        Argument.of(inputs.create(into)),
        Argument.of(inputs.create(scale, new Shape(into.length, 1))));
  }

  private NDArray choose(NDManager inputs, NDArray z, RowLists rows) {
    double[] given = rows.given();
    int columns = config.embeddingSize();
    return module.callOne(
        inputs,
        "choose",
        Argument.of(z),
        Argument.of(forbidden),
        Argument.of((long) config.tokens().eos()),
        Argument.of((long) config.tokens().eot()),
        Argument.of(array(inputs, rows.noEos())),
        Argument.of(array(inputs, rows.lateEos())),
        Argument.of(array(inputs, rows.warm())),
        Argument.of(column(inputs, rows.temperatures())),
        Argument.of(column(inputs, rows.uniforms())),
        Argument.of(array(inputs, rows.noisy())),
        Argument.of(column(inputs, rows.noiseScales())),
        Argument.of(
            given.length == 0
                ? none
                : inputs.create(given, new Shape(given.length / columns, columns))),
        Argument.of(array(inputs, rows.measured())),
        Argument.of(column(inputs, rows.divisors())),
        Argument.of(column(inputs, rows.topP())),
        Argument.of(column(inputs, rows.lastRank())),
        Argument.of(array(inputs, rows.measures())),
        Argument.of(Double.NEGATIVE_INFINITY));
  }

  private NDArray array(NDManager inputs, long[] values) {
    return values.length == 0 ? none : inputs.create(values);
  }

  private NDArray column(NDManager inputs, long[] values) {
    return values.length == 0 ? none : inputs.create(values, new Shape(values.length, 1));
  }

  private NDArray column(NDManager inputs, float[] values) {
    return values.length == 0 ? none : inputs.create(values, new Shape(values.length, 1));
  }

  private NDArray column(NDManager inputs, double[] values) {
    return values.length == 0 ? none : inputs.create(values, new Shape(values.length, 1));
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
