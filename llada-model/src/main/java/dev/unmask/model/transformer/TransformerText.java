package dev.unmask.model.transformer;

import dev.unmask.model.config.ModelConfig;
import java.util.Map;

/**
 * Writes the network as TorchScript methods with a model's shapes filled in. Inference and training
 * compile the same text; each adds methods of its own behind it.
 *
 * <p>Activations are packed: the tokens of several sequences stand one after the other in {@code
 * [tokens, width]}, without padding, and {@code lengths} says where each ends. Nothing but
 * attention looks across tokens, so only attention knows the sequences. Weights are one list in the
 * order of {@link WeightTable}, in the compute type ({@link Compute}): masters of another type are
 * cast by {@code cast_all}, which autograd passes through.
 *
 * <p>Methods (all on {@code self}; {@code w} is the list of weights):
 *
 * <ul>
 *   <li>{@code rope_table(n: int) -> Tuple[Tensor, Tensor]}: cosines and sines {@code [n, head/2]}
 *       float32.
 *   <li>{@code rope_rows(table: Tensor, lengths: List[int]) -> Tensor}: the rows of each sequence
 *       from position 0, packed, {@code [tokens, 1, head/2]}.
 *   <li>{@code block(w, o: int, x, cos, sin, lengths) -> Tensor}: one block; {@code o} is the index
 *       of its first weight.
 *   <li>{@code hidden(w, ids, cos, sin, lengths) -> Tensor}: embedding and all blocks; {@code ids}
 *       is int64 {@code [tokens]}.
 *   <li>{@code head(w, x) -> Tensor}: final norm and head of the rows given, float32 {@code [rows,
 *       embedding]}. Select rows first: the head is the largest matrix.
 *   <li>{@code logits(w, ids, cosTable, sinTable, lengths, rows) -> Tensor}: all of it for the
 *       packed rows asked for.
 *   <li>{@code ints(t: Tensor) -> List[int]}: for callers that can pass tensors only.
 *   <li>{@code cast_all(w: List[Tensor]) -> List[Tensor]}: to the compute type.
 * </ul>
 *
 * <p>Numerics follow the public LLaDA modelling code: RMSNorm's variance in float32 and the cast
 * back <em>before</em> the weight, rotary positions in float32 with half-split pairs, attention
 * without any mask, scaled by the root of the head's width. Attention runs sequence by sequence, so
 * that a sequence's result cannot depend on its neighbours, and folds the query heads of one
 * key-value head into the query length, because libtorch's own grouped mode leaves the fast kernel.
 */
public final class TransformerText {

  private static final String TEXT =
      """
        def ints(self: __torch__.M, t: Tensor) -> List[int]:
          r = annotate(List[int], [])
          for i in range(torch.numel(t)):
            n = torch.append(r, int(torch.select(t, 0, i)))
          return r
        def cast_all(self: __torch__.M, w: List[Tensor]) -> List[Tensor]:
          r = annotate(List[Tensor], [])
          for i in range(torch.len(w)):
            n = torch.append(r, torch.to(w[i], $DTYPE))
          return r
        def rope_table(self: __torch__.M, n: int) -> Tuple[Tensor, Tensor]:
          e = torch.div(torch.arange(0, $HEAD_WIDTH, 2, dtype=6), $HEAD_WIDTH)
          f = torch.reciprocal(torch.pow($ROPE_THETA, e))
          a = torch.mul(torch.unsqueeze(torch.arange(n, dtype=6), 1), torch.unsqueeze(f, 0))
          return (torch.cos(a), torch.sin(a))
        def rope_rows(self: __torch__.M, table: Tensor, lengths: List[int]) -> Tensor:
          r = annotate(List[Tensor], [])
          for i in range(torch.len(lengths)):
            n = torch.append(r, torch.narrow(table, 0, 0, lengths[i]))
          return torch.unsqueeze(torch.cat(r), 1)
        def norm(self: __torch__.M, x: Tensor, weight: Tensor) -> Tensor:
          y = torch.rms_norm(torch.to(x, 6), [$WIDTH], None, $NORM_EPSILON)
          return torch.mul(torch.to(y, $DTYPE), weight)
        def rope(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
          f = torch.to(x, 6)
          a = torch.narrow(f, 2, 0, $HALF_HEAD)
          b = torch.narrow(f, 2, $HALF_HEAD, $HALF_HEAD)
          l = torch.sub(torch.mul(a, cos), torch.mul(b, sin))
          r = torch.add(torch.mul(b, cos), torch.mul(a, sin))
          return torch.to(torch.cat([l, r], 2), $DTYPE)
        def attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, lengths: List[int]) -> Tensor:
          r = annotate(List[Tensor], [])
          s = 0
          for i in range(torch.len(lengths)):
            n = lengths[i]
            qs = torch.view(torch.narrow(q, 0, s, n), [n, $KV_HEADS, $GROUP, $HEAD_WIDTH])
            qf = torch.reshape(torch.permute(qs, [1, 2, 0, 3]), [1, $KV_HEADS, torch.mul($GROUP, n), $HEAD_WIDTH])
            kf = torch.unsqueeze(torch.transpose(torch.narrow(k, 0, s, n), 0, 1), 0)
            vf = torch.unsqueeze(torch.transpose(torch.narrow(v, 0, s, n), 0, 1), 0)
            a = $ATTENTION
            y = torch.permute(torch.view(torch.squeeze(a, 0), [$KV_HEADS, $GROUP, n, $HEAD_WIDTH]), [2, 0, 1, 3])
            m = torch.append(r, torch.reshape(y, [n, $WIDTH]))
            s = torch.add(s, n)
          return torch.cat(r)
        def block(self: __torch__.M, w: List[Tensor], o: int, x: Tensor, cos: Tensor, sin: Tensor, lengths: List[int]) -> Tensor:
          a = (self).norm(x, w[o], )
          q = torch.view(torch.linear(a, w[torch.add(o, 1)]), [-1, $HEADS, $HEAD_WIDTH])
          k = torch.view(torch.linear(a, w[torch.add(o, 2)]), [-1, $KV_HEADS, $HEAD_WIDTH])
          v = torch.view(torch.linear(a, w[torch.add(o, 3)]), [-1, $KV_HEADS, $HEAD_WIDTH])
          t = (self).attend((self).rope(q, cos, sin, ), (self).rope(k, cos, sin, ), v, lengths, )
          h = torch.add(x, torch.linear(t, w[torch.add(o, 4)]))
          m = (self).norm(h, w[torch.add(o, 5)], )
          g = torch.silu(torch.linear(m, w[torch.add(o, 6)]))
          u = torch.linear(m, w[torch.add(o, 7)])
          return torch.add(h, torch.linear(torch.mul(g, u), w[torch.add(o, 8)]))
        def hidden(self: __torch__.M, w: List[Tensor], ids: Tensor, cos: Tensor, sin: Tensor, lengths: List[int]) -> Tensor:
          x = torch.embedding(w[0], ids)
          for i in range($LAYERS):
            x = (self).block(w, torch.add(torch.mul(i, 9), 1), x, cos, sin, lengths, )
          return x
        def head(self: __torch__.M, w: List[Tensor], x: Tensor) -> Tensor:
          return torch.to(torch.linear((self).norm(x, w[$FINAL_NORM], ), w[$HEAD_WEIGHT]), 6)
        def logits(self: __torch__.M, w: List[Tensor], ids: Tensor, cosTable: Tensor, sinTable: Tensor, lengths: List[int], rows: Tensor) -> Tensor:
          cos = (self).rope_rows(cosTable, lengths, )
          sin = (self).rope_rows(sinTable, lengths, )
          x = (self).hidden(w, ids, cos, sin, lengths, )
          return (self).head(w, torch.index_select(x, 0, rows), )
      """;

  private TransformerText() {}

  /** The numbers that TorchScript uses for element types. */
  public enum Compute {
    FLOAT32(6),
    BFLOAT16(15);

    private final int code;

    Compute(int code) {
      this.code = code;
    }

    /** As in {@code torch.to(x, code)}. */
    public int code() {
      return code;
    }
  }

  /** How softmax(q k') v is computed. */
  public enum Attention {
    /** libtorch's fused kernel: never holds the scores as a whole. */
    FUSED("torch.scaled_dot_product_attention(qf, kf, vf)"),
    /**
     * Two products around a softmax: slower, for machines on which the fused kernel is not safe.
     */
    PRODUCTS(
        "torch.matmul(torch.softmax(torch.div(torch.matmul(qf, torch.transpose(kf, 2, 3)),"
            + " $ROOT_HEAD), -1), vf)");

    private final String call;

    Attention(String call) {
      this.call = call;
    }
  }

  /** The methods above for one model; append own methods with {@link #fill} and compile. */
  public static String of(ModelConfig config, Compute compute) {
    return of(config, compute, Attention.FUSED);
  }

  /** {@link #of(ModelConfig, Compute)} with a choice of attention. */
  public static String of(ModelConfig config, Compute compute, Attention attention) {
    return fill(TEXT.replace("$ATTENTION", attention.call), config, compute);
  }

  /** Replaces the {@code $NAMES} of a text by the model's numbers. */
  public static String fill(String text, ModelConfig config, Compute compute) {
    // Longer names first, so that $HEADS is not taken for $HEAD followed by an S.
    Map<String, Object> values =
        Map.ofEntries(
            Map.entry("$DTYPE", compute.code()),
            Map.entry("$WIDTH", config.width()),
            Map.entry("$LAYERS", config.layers()),
            Map.entry("$HEADS", config.heads()),
            Map.entry("$HEAD_WIDTH", config.headWidth()),
            Map.entry("$HALF_HEAD", config.headWidth() / 2),
            Map.entry("$KV_HEADS", config.kvHeads()),
            Map.entry("$GROUP", config.heads() / config.kvHeads()),
            Map.entry("$ROOT_HEAD", Math.sqrt(config.headWidth())),
            Map.entry("$ROPE_THETA", config.ropeTheta()),
            Map.entry("$NORM_EPSILON", config.normEpsilon()),
            Map.entry("$EMBEDDING", config.embeddingSize()),
            Map.entry("$FINAL_NORM", WeightTable.finalNorm(config)),
            Map.entry("$HEAD_WEIGHT", WeightTable.head(config)));
    String filled = text;
    for (String name :
        values.keySet().stream()
            .sorted(java.util.Comparator.comparingInt(String::length).reversed())
            .toList()) {
      filled = filled.replace(name, String.valueOf(values.get(name)));
    }
    return filled;
  }
}
