package dev.unmask.model.sampling;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Turns logits into tokens and confidences for many requests at once, by tensor operations; only
 * the chosen ids and probabilities come to Java.
 *
 * <p>The order is that of LLaDA's generate.py: guidance, then EOS forbidden where asked, then the
 * choice (with noise in float64 above temperature 0), then EOS and EoT taken out of the confidence
 * where asked, then the softmax over all columns, without noise, in float32. Dream's sampler first
 * cuts the tempered distribution by top_p and top_k. The mask and ids that are no tokens are never
 * chosen, but stay in the softmax. One thread at a time.
 */
public final class TokenChooser implements AutoCloseable {

  /** Most logits looked at together: temporaries are a few times as large. */
  private static final int CHUNK = 1 << 20;

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
    /** Float32 {@code [count, embedding]}: the rows from {@code start}, owned by {@code owner}. */
    NDArray get(NDManager owner, int start, int count);
  }

  /** Most bytes of a logit and of what is made of it. */
  private static final long BYTES = 32;

  private final ModelConfig config;
  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule module = TorchScriptModule.compile(ChoiceText.TEXT);
  private final NDArray forbidden;
  private final int chunkRows;

  public TokenChooser(ModelConfig config) {
    this(config, Math.max(1, CHUNK / config.embeddingSize()));
  }

  /** Most bytes that a choice needs at once, however many rows there are. */
  public static long workBytes(ModelConfig config) {
    return BYTES * Math.max(CHUNK, config.embeddingSize());
  }

  /** With a number of rows looked at together. */
  TokenChooser(ModelConfig config, int chunkRows) {
    this.config = config;
    this.chunkRows = chunkRows;
    float[] bias = new float[config.embeddingSize()];
    bias[config.tokens().mask()] = Float.NEGATIVE_INFINITY;
    Arrays.fill(bias, config.vocabularySize(), bias.length, Float.NEGATIVE_INFINITY);
    this.forbidden = manager.create(bias);
  }

  /**
   * Chooses for all rows.
   *
   * @param logits float32 {@code [rows, embedding]}: the asked rows of each request in order, then
   *     the unconditional rows of the guided ones in order
   */
  public Choices choose(NDArray logits, List<Request> requests) {
    return choose((owner, start, count) -> rows(owner, logits, start, count), requests);
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
    int[] tokens = new int[rows.size()];
    float[] confidences = new float[rows.size()];
    float[] scores = new float[rows.size()];
    int unconditional = rows.size();
    for (int start = 0; start < tokens.length; start += chunkRows) {
      List<RowLists.Row> chunk = rows.subList(start, Math.min(tokens.length, start + chunkRows));
      try (NDManager inputs = manager.newSubManager()) {
        NDArray z = logits.get(inputs, start, chunk.size());
        List<Integer> guided = guided(chunk);
        if (!guided.isEmpty()) {
          z = guide(inputs, z, logits.get(inputs, unconditional, guided.size()), chunk, guided);
          unconditional += guided.size();
        }
        List<NDArray> chosen = choose(inputs, z, new RowLists(chunk, config.embeddingSize()));
        long[] ids = chosen.get(0).toLongArray();
        for (int i = 0; i < ids.length; i++) {
          tokens[start + i] = Math.toIntExact(ids[i]);
        }
        System.arraycopy(chosen.get(1).toFloatArray(), 0, confidences, start, ids.length);
        System.arraycopy(chosen.get(2).toFloatArray(), 0, scores, start, ids.length);
      }
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

  private List<NDArray> choose(NDManager inputs, NDArray z, RowLists rows) {
    double[] temperatures = rows.temperatures();
    double[] given = rows.given();
    float[] divisors = rows.divisors();
    float[] topP = rows.topP();
    int columns = config.embeddingSize();
    return module.call(
        inputs,
        "choose",
        Argument.of(z),
        Argument.of(forbidden),
        Argument.of((long) config.tokens().eos()),
        Argument.of((long) config.tokens().eot()),
        Argument.of(inputs.create(rows.noEos())),
        Argument.of(inputs.create(rows.lateEos())),
        Argument.of(inputs.create(rows.noisy())),
        Argument.of(inputs.create(temperatures, new Shape(temperatures.length, 1))),
        Argument.of(inputs.create(rows.keys())),
        Argument.of(inputs.create(given, new Shape(given.length / columns, columns))),
        Argument.of(inputs.create(rows.measured())),
        Argument.of(inputs.create(divisors, new Shape(divisors.length, 1))),
        Argument.of(inputs.create(topP, new Shape(topP.length, 1))),
        Argument.of(inputs.create(rows.lastRank(), new Shape(topP.length, 1))),
        Argument.of(inputs.create(rows.measures())),
        Argument.of(Double.NEGATIVE_INFINITY));
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
