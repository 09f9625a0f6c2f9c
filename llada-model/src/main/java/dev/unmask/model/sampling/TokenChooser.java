package dev.unmask.model.sampling;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import java.util.Arrays;
import java.util.List;

/**
 * Turns logits into tokens and confidences for many requests at once, by tensor operations; only
 * the chosen ids and probabilities come to Java.
 *
 * <p>The order is that of LLaDA's generate.py: guidance, then EOS forbidden where asked, then the
 * choice (with noise in float64 above temperature 0), then EOS and EoT taken out of the confidence
 * where asked, then the softmax over all columns, without noise, in float32. The mask and ids that
 * are no tokens are never chosen, but stay in the softmax. One thread at a time.
 */
public final class TokenChooser implements AutoCloseable {

  private static final String TEXT =
      """
        def guide(self: __torch__.M, z: Tensor, count: int, into: Tensor, scale: Tensor) -> Tensor:
          c = torch.narrow(z, 0, 0, count)
          u = torch.narrow(z, 0, count, torch.sub(torch.size(z, 0), count))
          g = torch.add(u, torch.mul(torch.sub(torch.index_select(c, 0, into), u), scale))
          return torch.index_copy(c, 0, into, g)
        def without(self: __torch__.M, z: Tensor, rows: Tensor, column: int, lowest: float) -> Tensor:
          y = torch.index_fill_(torch.select(z, 1, column), 0, rows, lowest)
          return z
        def shifted(self: __torch__.M, x: Tensor, by: int, keep: int) -> Tensor:
          return torch.bitwise_and(torch.bitwise_right_shift(x, by), keep)
        def uniforms(self: __torch__.M, keys: Tensor, columns: int) -> Tensor:
          c = torch.mul(torch.add(torch.arange(columns, dtype=4), 1), -7046029254386353131)
          x = torch.add(torch.unsqueeze(keys, 1), torch.unsqueeze(c, 0))
          x = torch.mul(torch.bitwise_xor(x, (self).shifted(x, 30, 17179869183, )), -4658895280553007687)
          x = torch.mul(torch.bitwise_xor(x, (self).shifted(x, 27, 137438953471, )), -7723592293110705685)
          x = torch.bitwise_xor(x, (self).shifted(x, 31, 8589934591, ))
          u = torch.to((self).shifted(x, 11, 9007199254740991, ), 7)
          return torch.mul(torch.add(u, 0.5), 1.1102230246251565e-16)
        def choose(self: __torch__.M, z: Tensor, forbidden: Tensor, eos: int, eot: int, noEos: Tensor, lateEos: Tensor, noisy: Tensor, temperatures: Tensor, keys: Tensor, given: Tensor, lowest: float) -> Tuple[Tensor, Tensor]:
          z = torch.clone(z)
          if torch.gt(torch.numel(noEos), 0):
            z = (self).without(z, noEos, eos, lowest, )
          allowed = torch.add(z, forbidden)
          y = torch.argmax(allowed, 1)
          if torch.gt(torch.numel(noisy), 0):
            u = given
            if torch.eq(torch.numel(given), 0):
              u = (self).uniforms(keys, torch.size(z, 1), )
            g = torch.neg(torch.log(torch.neg(torch.log(u))))
            s = torch.add(torch.to(torch.index_select(allowed, 0, noisy), 7), torch.mul(g, temperatures))
            y = torch.index_copy(y, 0, noisy, torch.argmax(s, 1))
          if torch.gt(torch.numel(lateEos), 0):
            z = (self).without(z, lateEos, eos, lowest, )
            if torch.ge(eot, 0):
              z = (self).without(z, lateEos, eot, lowest, )
          p = torch.sub(torch.squeeze(torch.gather(z, 1, torch.unsqueeze(y, 1)), 1), torch.logsumexp(z, [1]))
          return (y, torch.exp(p))
      """;

  /** What was chosen for each row. */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; handed over.
  public record Choices(int[] tokens, float[] confidences) {}

  /**
   * The rows that one request asked for.
   *
   * @param forward index of the forward pass within the request; it addresses the draws
   * @param asked positions in the request's sequence, one row each
   */
  @SuppressWarnings("ArrayRecordComponent") // Never compared; read only.
  public record Request(GenerationSettings settings, Draws draws, int forward, int[] asked) {}

  private final ModelConfig config;
  private final NDManager manager = TorchRuntime.newManager();
  private final TorchScriptModule module = TorchScriptModule.compile(TEXT);
  private final NDArray forbidden;

  public TokenChooser(ModelConfig config) {
    this.config = config;
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
    try (NDManager inputs = manager.newSubManager()) {
      NDArray z = guided(inputs, logits, requests);
      RowLists rows = new RowLists(requests, config.embeddingSize());
      List<NDArray> chosen =
          module.call(
              inputs,
              "choose",
              Argument.of(z),
              Argument.of(forbidden),
              Argument.of((long) config.tokens().eos()),
              Argument.of((long) config.tokens().eot()),
              Argument.of(inputs.create(rows.noEos())),
              Argument.of(inputs.create(rows.lateEos())),
              Argument.of(inputs.create(rows.noisy())),
              Argument.of(
                  inputs.create(rows.temperatures(), new Shape(rows.temperatures().length, 1))),
              Argument.of(inputs.create(rows.keys())),
              Argument.of(
                  inputs.create(
                      rows.given(),
                      rows.given().length == 0
                          ? new Shape(0)
                          : new Shape(rows.noisy().length, config.embeddingSize()))),
              Argument.of(Double.NEGATIVE_INFINITY));
      long[] ids = chosen.get(0).toLongArray();
      return new Choices(
          Arrays.stream(ids).mapToInt(Math::toIntExact).toArray(), chosen.get(1).toFloatArray());
    }
  }

  /** u + (scale + 1)(c - u) in the rows of guided requests. */
  private NDArray guided(NDManager inputs, NDArray logits, List<Request> requests) {
    int rows = requests.stream().mapToInt(r -> r.asked().length).sum();
    int extra = (int) logits.getShape().get(0) - rows;
    if (extra == 0) {
      return logits;
    }
    long[] into = new long[extra];
    float[] scale = new float[extra];
    int row = 0;
    int at = 0;
    for (Request request : requests) {
      for (int i = 0; i < request.asked().length; i++, row++) {
        if (request.settings().cfgScale() > 0) {
          into[at] = row;
          scale[at++] = (float) (request.settings().cfgScale() + 1);
        }
      }
    }
    return module.callOne(
        inputs,
        "guide",
        Argument.of(logits),
        Argument.of((long) rows),
        Argument.of(inputs.create(into)),
        Argument.of(inputs.create(scale, new Shape(extra, 1))));
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
