package dev.unmask.model.transformer;

import dev.unmask.model.config.AttentionMask;
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
 * <p>Methods (all on {@code self}; {@code w} is the list of weights; {@code starts}, {@code
 * lengths}, {@code keys} and {@code caches} have one entry a segment, see {@link
 * PackedBatch.Segment}; a cache without numbers means none):
 *
 * <ul>
 *   <li>{@code rope_table(n: int) -> Tuple[Tensor, Tensor]}: cosines and sines {@code [n, head/2]}
 *       float32, made on the processor whatever the weights are on, so that they are the same
 *       numbers everywhere.
 *   <li>{@code rope_rows(table: Tensor, starts: List[int], lengths: List[int]) -> Tensor}: the rows
 *       of each segment, packed, {@code [tokens, 1, head/2]}.
 *   <li>{@code new_cache(like: Tensor, n: int) -> Tensor}: {@code [layers, 2, n, kv heads, head]}
 *       on the device of {@code like}; index 0 holds keys after the rotation, 1 values.
 *   <li>{@code block(w, layer: int, x, cos, sin, starts, lengths, keys, caches) -> Tensor}: one
 *       block; writes the caches.
 *   <li>{@code states(w, ids, cosTable, sinTable, starts, lengths, keys, caches, rows) -> Tensor}:
 *       embedding and all blocks, then the packed rows asked for; {@code ids} is int64 {@code
 *       [tokens]}.
 *   <li>{@code head(w, x) -> Tensor}: final norm and head of the rows given, float32 {@code [rows,
 *       embedding]}. Select rows first: the head is the largest matrix.
 *   <li>{@code ints(t: Tensor) -> List[int]}: for callers that can pass tensors only; of a device
 *       it would wait for each number.
 *   <li>{@code cast_all(w: List[Tensor]) -> List[Tensor]}: to the compute type.
 * </ul>
 *
 * <p>What a method makes it makes beside its inputs, on their device: nothing but the tables of
 * rotations names one.
 *
 * <p>Numerics follow the public LLaDA modelling code: RMSNorm's variance in float32 and the cast
 * back <em>before</em> the weight, rotary positions in float32 (or the compute type, {@link
 * ModelConfig#ropeInActivationType}) with half-split pairs, attention scaled by the root of the
 * head's width, without a mask unless {@link ModelConfig#mask} hides keys. Attention runs sequence
 * by sequence, so that a sequence's result cannot depend on its neighbours, and folds the query
 * heads of one key-value head into the query length, because libtorch's own grouped mode leaves the
 * fast kernel.
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
          e = torch.div(torch.arange(0, $HEAD_WIDTH, 2, dtype=6, device=torch.device("cpu")), $HEAD_WIDTH)
          f = torch.reciprocal(torch.pow($ROPE_THETA, e))
          a = torch.mul(torch.unsqueeze(torch.arange(n, dtype=6, device=torch.device("cpu")), 1), torch.unsqueeze(f, 0))
          return (torch.cos(a), torch.sin(a))
        def new_cache(self: __torch__.M, like: Tensor, n: int) -> Tensor:
          return torch.new_zeros(like, [$LAYERS, 2, n, $KV_HEADS, $HEAD_WIDTH], dtype=$DTYPE)
        def rope_rows(self: __torch__.M, table: Tensor, starts: List[int], lengths: List[int]) -> Tensor:
          r = annotate(List[Tensor], [])
          for i in range(torch.len(lengths)):
            n = torch.append(r, torch.narrow(table, 0, starts[i], lengths[i]))
          return torch.to(torch.unsqueeze(torch.cat(r), 1), $ROPE_DTYPE)
        def norm(self: __torch__.M, x: Tensor, weight: Tensor) -> Tensor:
          y = torch.rms_norm(torch.to(x, 6), [$WIDTH], None, $NORM_EPSILON)
          return torch.mul(torch.to(y, $DTYPE), weight)
        def rope(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
          f = torch.to(x, $ROPE_DTYPE)
          a = torch.narrow(f, 2, 0, $HALF_HEAD)
          b = torch.narrow(f, 2, $HALF_HEAD, $HALF_HEAD)
          l = torch.sub(torch.mul(a, cos), torch.mul(b, sin))
          r = torch.add(torch.mul(b, cos), torch.mul(a, sin))
          return torch.to(torch.cat([l, r], 2), $DTYPE)
        def seen(self: __torch__.M, like: Tensor, first: int, n: int, keys: int) -> Tensor:
          i = torch.unsqueeze(torch.arange(first, torch.add(first, n), dtype=4, device=ops.prim.device(like)), 1)
          j = torch.unsqueeze(torch.arange(keys, dtype=4, device=ops.prim.device(like)), 0)
          return torch.repeat(torch.le(torch.floor_divide(j, $MASK_BLOCK), torch.floor_divide(i, $MASK_BLOCK)), [$GROUP, 1])
        def attend_row(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, first: int) -> Tensor:
          n = torch.size(q, 0)
          qs = torch.view(q, [n, $KV_HEADS, $GROUP, $HEAD_WIDTH])
          qf = torch.reshape(torch.permute(qs, [1, 2, 0, 3]), [1, $KV_HEADS, torch.mul($GROUP, n), $HEAD_WIDTH])
          kf = torch.unsqueeze(torch.transpose(k, 0, 1), 0)
          vf = torch.unsqueeze(torch.transpose(v, 0, 1), 0)
      $ATTENTION
          y = torch.permute(torch.view(torch.squeeze(a, 0), [$KV_HEADS, $GROUP, n, $HEAD_WIDTH]), [2, 0, 1, 3])
          return torch.reshape(y, [n, $QUERY_WIDTH])
        def attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, layer: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor]) -> Tensor:
          r = annotate(List[Tensor], [])
          s = 0
          for i in range(torch.len(lengths)):
            n = lengths[i]
            ki = torch.narrow(k, 0, s, n)
            vi = torch.narrow(v, 0, s, n)
            if torch.gt(torch.numel(caches[i]), 0):
              c = torch.select(caches[i], 0, layer)
              kc = torch.select(c, 0, 0)
              vc = torch.select(c, 0, 1)
              z = torch.copy_(torch.narrow(kc, 0, starts[i], n), ki)
              z = torch.copy_(torch.narrow(vc, 0, starts[i], n), vi)
              ki = torch.narrow(kc, 0, 0, keys[i])
              vi = torch.narrow(vc, 0, 0, keys[i])
            m = torch.append(r, (self).attend_row(torch.narrow(q, 0, s, n), ki, vi, starts[i], ))
            s = torch.add(s, n)
          return torch.cat(r)
        def block(self: __torch__.M, w: List[Tensor], layer: int, x: Tensor, cos: Tensor, sin: Tensor, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor]) -> Tensor:
          o = torch.add(torch.mul(layer, $STRIDE), 1)
          a = (self).norm(x, w[o], )
          q = torch.view(torch.linear(a, w[torch.add(o, 1)]$QUERY_BIAS), [-1, $HEADS, $HEAD_WIDTH])
          k = torch.view(torch.linear(a, w[torch.add(o, 2)]$KEY_BIAS), [-1, $KV_HEADS, $HEAD_WIDTH])
          v = torch.view(torch.linear(a, w[torch.add(o, 3)]$VALUE_BIAS), [-1, $KV_HEADS, $HEAD_WIDTH])
          t = (self).attend((self).rope(q, cos, sin, ), (self).rope(k, cos, sin, ), v, layer, starts, lengths, keys, caches, )
          h = torch.add(x, torch.linear(t, w[torch.add(o, 4)]))
          m = (self).norm(h, w[torch.add(o, 5)], )
          g = torch.silu(torch.linear(m, w[torch.add(o, 6)]))
          u = torch.linear(m, w[torch.add(o, 7)])
          return torch.add(h, torch.linear(torch.mul(g, u), w[torch.add(o, 8)]))
        def states(self: __torch__.M, w: List[Tensor], ids: Tensor, cosTable: Tensor, sinTable: Tensor, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], rows: Tensor) -> Tensor:
          cos = (self).rope_rows(cosTable, starts, lengths, )
          sin = (self).rope_rows(sinTable, starts, lengths, )
          x = torch.embedding(w[0], ids)
          for i in range($LAYERS):
            x = (self).block(w, i, x, cos, sin, starts, lengths, keys, caches, )
          return torch.index_select(x, 0, rows)
        def head(self: __torch__.M, w: List[Tensor], x: Tensor) -> Tensor:
          return torch.to(torch.linear((self).norm(x, w[$FINAL_NORM], ), w[$HEAD_WEIGHT]), 6)
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

    /** Bytes of a number. */
    int bytes() {
      return this == FLOAT32 ? 4 : 2;
    }

    /** As in {@code torch.to(x, code)}. */
    public int code() {
      return code;
    }
  }

  /** How softmax(q k') v is computed. */
  public enum Attention {
    /** libtorch's fused kernel: never holds the scores as a whole. */
    FUSED("sdpa"),
    /**
     * The fused kernel with keys extended to a multiple of 16 by rows that an additive mask hides:
     * its fast form on processors with matrix tiles, and one that avoids odd lengths.
     */
    FUSED_ROUNDED("sdpa16"),
    /**
     * Two products around a softmax: slower, for machines on which the fused kernel is not safe.
     */
    PRODUCTS("bmm");

    private final String label;

    Attention(String label) {
      this.label = label;
    }

    /** As command lines and reports write it. */
    public String label() {
      return label;
    }

    /**
     * Reads a {@link #label}.
     *
     * @throws IllegalArgumentException with a sentence for anything else
     */
    public static Attention parse(String text) {
      for (Attention attention : values()) {
        if (attention.label.equals(text)) {
          return attention;
        }
      }
      throw new IllegalArgumentException(
          "the attention is " + text + "; it must be sdpa, sdpa16 or bmm");
    }

    /**
     * Lines that set {@code a} from {@code qf, kf, vf}; {@code masked} where some keys are hidden.
     */
    private String lines(boolean masked) {
      String seen = masked ? "    p = (self).seen(qf, first, n, torch.size(k, 0), )\n" : "";
      return switch (this) {
        case FUSED ->
            seen
                + "    a = torch.scaled_dot_product_attention(qf, kf, vf"
                + (masked ? ", p)" : ")");
        case FUSED_ROUNDED ->
            """
                e = torch.remainder(torch.neg(torch.size(k, 0)), 16)
                b = torch.new_zeros(qf, [1, 1, 1, torch.add(torch.size(k, 0), e)])
                c = torch.fill_(torch.narrow(b, 3, torch.size(k, 0), e), -inf)
            """
                + (masked
                    ? seen
                        + """
                            d = torch.new_zeros(qf, torch.size(p))
                            c = torch.masked_fill_(d, torch.logical_not(p), -inf)
                            b = torch.add(b, torch.constant_pad_nd(d, [0, e]))
                        """
                    : "")
                + """
                    a = torch.scaled_dot_product_attention(qf, torch.constant_pad_nd(kf, [0, 0, 0, e]), torch.constant_pad_nd(vf, [0, 0, 0, e]), b)
                """;
        case PRODUCTS ->
            seen
                + "    h = torch.div(torch.matmul(qf, torch.transpose(kf, 2, 3)), $ROOT_HEAD)\n"
                + (masked ? "    h = torch.masked_fill(h, torch.logical_not(p), -inf)\n" : "")
                + "    a = torch.matmul(torch.softmax(h, -1), vf)";
      };
    }
  }

  /** The methods above for one model; append own methods with {@link #fill} and compile. */
  public static String of(ModelConfig config, Compute compute) {
    return of(config, compute, Attention.FUSED);
  }

  /** {@link #of(ModelConfig, Compute)} with a choice of attention. */
  public static String of(ModelConfig config, Compute compute, Attention attention) {
    boolean masked = !(config.mask() instanceof AttentionMask.Full);
    String lines =
        attention.lines(masked).replace("-inf", "float(\"-inf\")").stripTrailing().stripIndent();
    return fill(TEXT.replace("$ATTENTION", lines.indent(4).stripTrailing()), config, compute);
  }

  /** Replaces the {@code $NAMES} of a text by the model's numbers. */
  public static String fill(String text, ModelConfig config, Compute compute) {
    // Longer names first, so that $HEADS is not taken for $HEAD followed by an S.
    Map<String, Object> values =
        Map.ofEntries(
            Map.entry("$DTYPE", compute.code()),
            Map.entry(
                "$ROPE_DTYPE",
                config.ropeInActivationType() ? compute.code() : Compute.FLOAT32.code()),
            Map.entry("$WIDTH", config.width()),
            Map.entry("$QUERY_WIDTH", config.attentionWidth()),
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
            Map.entry("$STRIDE", WeightTable.perBlock(config)),
            Map.entry("$QUERY_BIAS", bias(config, 9)),
            Map.entry("$KEY_BIAS", bias(config, 10)),
            Map.entry("$VALUE_BIAS", bias(config, 11)),
            Map.entry(
                "$MASK_BLOCK",
                switch (config.mask()) {
                  // A block of one token sees nothing behind itself; the full mask is never asked.
                  case AttentionMask.Full full -> 1;
                  case AttentionMask.Causal causal -> 1;
                  case AttentionMask.BlockCausal blocks -> blocks.blockLength();
                }),
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

  private static String bias(ModelConfig config, int offset) {
    return config.qkvBias() ? ", w[torch.add(o, " + offset + ")]" : "";
  }
}
