package dev.unmask.model.training;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.WeightTable;
import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * How an adapter enters the loss, as two TorchScript methods that the blocks call:
 *
 * <ul>
 *   <li>{@code embed(w, ids) -> Tensor}: the rows of the embedding, where ids from the embedding's
 *       size upwards mean virtual tokens.
 *   <li>{@code adapt(y, w, x, o: int, j: int, c: List[int]) -> Tensor}: what a projection gives;
 *       {@code y} is the base's product for the input {@code x}, {@code o} the place of the block's
 *       first weight, {@code j} the projection's number in {@link LoraTargets#ROLES}, {@code c} the
 *       {@link #control} of the pass.
 * </ul>
 *
 * <p>B A x is added as two thin products, the second in the place of W x, which nobody needs again:
 * at 135m that is half a gigabyte less for 1024 tokens. W + B A is never formed, so neither it nor
 * its gradient takes memory. Dropout's masks depend on the seed of the pass and the place of the
 * adapter alone: a pass that is computed again drops the same numbers.
 */
final class AdapterText {

  private static final String PLAIN_EMBEDDING =
      """
        def embed(self: __torch__.M, w: List[Tensor], ids: Tensor) -> Tensor:
          return torch.embedding(w[0], ids)
      """;

  private static final String WITH_PROMPT =
      """
        def embed(self: __torch__.M, w: List[Tensor], ids: Tensor) -> Tensor:
          x = torch.embedding(w[0], torch.clamp(ids, None, $LAST_ROW))
          p = torch.embedding(w[$PROMPT], torch.clamp(torch.sub(ids, $ROWS), 0, None))
          return torch.where(torch.unsqueeze(torch.ge(ids, $ROWS), -1), p, x)
      """;

  private static final String PLAIN_PROJECTION =
      """
        def adapt(self: __torch__.M, y: Tensor, w: List[Tensor], x: Tensor, o: int, j: int, c: List[int]) -> Tensor:
          return y
      """;

  private static final String LOW_RANK =
      """
        def adapt(self: __torch__.M, y: Tensor, w: List[Tensor], x: Tensor, o: int, j: int, c: List[int]) -> Tensor:
          places = [$PLACES]
          k = places[torch.add(torch.mul(torch.floordiv(torch.sub(o, 1), $STRIDE), $ROLES), j)]
          z = y
          if torch.ge(k, 0):
            if torch.gt(c[0], 0):
              $INPUT
              z = torch.addmm_(y, torch.linear(a, w[k]), torch.t(w[torch.add(k, 1)]), beta=1, alpha=s)
            else:
              pass
          else:
            pass
          return z
      """;

  private static final String WHOLE_INPUT =
      """
      a = x
              s = $SCALE
      """;

  private static final String DROPPED_INPUT =
      """
      a = x
              s = $SCALE
              if torch.ge(c[1], 0):
                g = torch.Generator(device=None, seed=torch.add(c[1], k))
                m = torch.bernoulli_(torch.empty(torch.size(x), dtype=11), $DROPOUT, generator=g)
                a = torch.masked_fill(x, m, 0)
                s = $SCALE_KEPT
              else:
                pass
      """;

  private AdapterText() {}

  /**
   * The numbers that a pass carries: whether the adapter counts, and the seed of dropout, or -1 for
   * none.
   */
  static long[] control(boolean adapterOn, long dropoutSeed) {
    return new long[] {adapterOn ? 1 : 0, dropoutSeed};
  }

  static String of(ModelConfig config, @Nullable Adapter adapter) {
    return switch (adapter) {
      case null -> PLAIN_EMBEDDING + PLAIN_PROJECTION;
      case Adapter.Nothing nothing -> PLAIN_EMBEDDING + PLAIN_PROJECTION;
      case Adapter.LowRank lowRank -> PLAIN_EMBEDDING + lowRank(config, lowRank);
      case Adapter.SoftPrompt prompt ->
          WITH_PROMPT
                  .replace("$LAST_ROW", Integer.toString(config.embeddingSize() - 1))
                  .replace("$ROWS", Integer.toString(config.embeddingSize()))
                  .replace("$PROMPT", Integer.toString(WeightTable.of(config).size()))
              + PLAIN_PROJECTION;
    };
  }

  private static String lowRank(ModelConfig config, Adapter.LowRank adapter) {
    Method.Lora method = adapter.method();
    String input = method.dropout() > 0 ? DROPPED_INPUT : WHOLE_INPUT;
    return LOW_RANK
        .replace("$INPUT", input.strip())
        .replace(
            "$PLACES",
            Arrays.stream(adapter.places(config))
                .mapToObj(Integer::toString)
                .collect(Collectors.joining(", ")))
        .replace("$ROLES", Integer.toString(LoraTargets.ROLES.size()))
        .replace("$SCALE_KEPT", Double.toString(method.scale() / (1 - method.dropout())))
        .replace("$SCALE", Double.toString(method.scale()))
        .replace("$DROPOUT", Double.toString(method.dropout()));
  }
}
