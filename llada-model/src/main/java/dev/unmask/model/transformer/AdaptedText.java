package dev.unmask.model.transformer;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;

/**
 * The network with adapters beside its matrices, as a module of its own: a pass without adapters
 * runs the text that knows none.
 *
 * <p>The base's products run once over all rows. Rows of one adapter stand together in ranges
 * ({@link AdapterRanges}); for each range {@code adapt} adds the two thin products of its rows to
 * what the base gave, in place. An adapter that was made for another form of the network would be
 * wrong here: in the prepacked float32 form, norm weights are folded into A and the rows of B are
 * in the order of turned pairs.
 *
 * <p>Methods beyond those of {@link TransformerText} and {@link PackedText}; {@code g} has the
 * tensors of each adapter ({@link LowRankAdapter}), {@code ranges} three numbers for each range
 * (adapter, first row, rows), of which {@code lo} to {@code hi} count:
 *
 * <ul>
 *   <li>{@code thin}, {@code wide}: lay out A's and B's.
 *   <li>{@code adapt(y: List[Tensor], x, g, o: int, ranges, lo, hi)}: adds to each of {@code y},
 *       which the matrices with the A at {@code o} gave for {@code x}.
 *   <li>{@code adapts(g, o, ranges, lo, hi) -> bool}: whether that would add anything.
 *   <li>{@code embed(table, ids, prompts)}: ids below 0 mean virtual tokens, -1 the first one of
 *       all prompts' together.
 *   <li>{@code adapted_states}: as {@code states} or {@code packed_states}.
 * </ul>
 */
final class AdaptedText {

  private static final String METHODS =
      """
        def thin(self: __torch__.M, a: List[Tensor], norm: Tensor) -> Tensor:
          r = annotate(List[Tensor], [])
          for i in range(torch.len(a)):
            if torch.gt(torch.numel(a[i]), 0):
              n = torch.append(r, a[i])
          y = torch.empty([0], dtype=$DTYPE)
          if torch.gt(torch.len(r), 0):
            z = torch.cat(r)
            if torch.gt(torch.numel(norm), 0):
              z = torch.mul(z, torch.to(norm, 6))
            y = torch.contiguous(torch.to(torch.t(z), $DTYPE))
          return y
        def wide(self: __torch__.M, b: Tensor, scale: float, turned: bool) -> Tensor:
          y = torch.empty([0], dtype=$DTYPE)
          if torch.gt(torch.numel(b), 0):
            z = torch.mul(b, scale)
            if turned:
              z = torch.flatten(torch.transpose(torch.unflatten(z, 0, [-1, 2, $HALF_HEAD]), 1, 2), 0, 2)
            y = torch.contiguous(torch.to(torch.t(z), $DTYPE))
          return y
        def vectors(self: __torch__.M, x: Tensor) -> Tensor:
          return torch.clone(torch.to(x, $DTYPE))
        def embed(self: __torch__.M, table: Tensor, ids: Tensor, prompts: List[Tensor]) -> Tensor:
          x = torch.embedding(table, torch.clamp(ids, 0, None))
          if torch.gt(torch.len(prompts), 0):
            i = torch.clamp(torch.sub(torch.neg(ids), 1), 0, None)
            v = torch.embedding(torch.cat(prompts), i)
            x = torch.where(torch.unsqueeze(torch.lt(ids, 0), 1), v, x)
          return x
        def adapts(self: __torch__.M, g: List[List[Tensor]], o: int, ranges: List[int], lo: int, hi: int) -> bool:
          r = False
          for i in range(lo, hi):
            w = g[ranges[torch.mul(3, i)]]
            if torch.gt(torch.numel(w[o]), 0):
              r = True
          return r
        def adapt(self: __torch__.M, y: List[Tensor], x: Tensor, g: List[List[Tensor]], o: int, ranges: List[int], lo: int, hi: int) -> Tensor:
          for i in range(lo, hi):
            w = g[ranges[torch.mul(3, i)]]
            if torch.gt(torch.numel(w[o]), 0):
              s = ranges[torch.add(torch.mul(3, i), 1)]
              n = ranges[torch.add(torch.mul(3, i), 2)]
              t = torch.mm(torch.narrow(x, 0, s, n), w[o])
              c = 0
              for j in range(torch.len(y)):
                b = w[torch.add(torch.add(o, 1), j)]
                r = torch.size(b, 0)
                if torch.gt(r, 0):
                  z = torch.addmm_(torch.narrow(y[j], 0, s, n), torch.narrow(t, 1, c, r), b)
                  c = torch.add(c, r)
          return x
      """;

  private static final String PLAIN =
      """
        def adapted_block(self: __torch__.M, w: List[Tensor], layer: int, x: Tensor, cos: Tensor, sin: Tensor, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], g: List[List[Tensor]], ranges: List[int]) -> Tensor:
          o = torch.add(torch.mul(layer, $STRIDE), 1)
          e = torch.mul(layer, $ADAPTER_STRIDE)
          hi = torch.floordiv(torch.len(ranges), 3)
          a = (self).norm(x, w[o], )
          q = torch.linear(a, w[torch.add(o, 1)]$QUERY_BIAS)
          k = torch.linear(a, w[torch.add(o, 2)]$KEY_BIAS)
          v = torch.linear(a, w[torch.add(o, 3)]$VALUE_BIAS)
          n = (self).adapt([q, k, v], a, g, e, ranges, 0, hi, )
          q = (self).rope(torch.view(q, [-1, $HEADS, $HEAD_WIDTH]), cos, sin, )
          k = (self).rope(torch.view(k, [-1, $KV_HEADS, $HEAD_WIDTH]), cos, sin, )
          t = (self).attend(q, k, torch.view(v, [-1, $KV_HEADS, $HEAD_WIDTH]), layer, starts, lengths, keys, caches, )
          p = torch.linear(t, w[torch.add(o, 4)])
          n = (self).adapt([p], t, g, torch.add(e, $ADAPTER_OUT), ranges, 0, hi, )
          h = torch.add(x, p)
          m = (self).norm(h, w[torch.add(o, 5)], )
          b = torch.linear(m, w[torch.add(o, 6)])
          u = torch.linear(m, w[torch.add(o, 7)])
          n = (self).adapt([b, u], m, g, torch.add(e, $ADAPTER_MLP), ranges, 0, hi, )
          f = torch.mul(torch.silu(b), u)
          d = torch.linear(f, w[torch.add(o, 8)])
          n = (self).adapt([d], f, g, torch.add(e, $ADAPTER_DOWN), ranges, 0, hi, )
          return torch.add(h, d)
        def adapted_states(self: __torch__.M, w: List[Tensor], ids: Tensor, cosTable: Tensor, sinTable: Tensor, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], rows: Tensor, g: List[List[Tensor]], ranges: List[int], prompts: List[Tensor]) -> Tensor:
          cos = (self).rope_rows(cosTable, starts, lengths, )
          sin = (self).rope_rows(sinTable, starts, lengths, )
          x = (self).embed(w[0], ids, prompts, )
          for i in range($LAYERS):
            x = (self).adapted_block(w, i, x, cos, sin, starts, lengths, keys, caches, g, ranges, )
          return torch.index_select(x, 0, rows)
      """;

  private AdaptedText() {}

  /** Laying adapters out, alone. */
  static String preparation(ModelConfig config, Compute compute) {
    return TransformerText.fill(METHODS, config, compute);
  }

  /** For {@link PlainForward}. */
  static String plain(ModelConfig config, Compute compute, Attention attention) {
    String text =
        (METHODS + PLAIN)
            .replace("$ADAPTER_STRIDE", String.valueOf(LowRankAdapter.STRIDE))
            .replace("$ADAPTER_OUT", String.valueOf(LowRankAdapter.OUT))
            .replace("$ADAPTER_MLP", String.valueOf(LowRankAdapter.MLP))
            .replace("$ADAPTER_DOWN", String.valueOf(LowRankAdapter.DOWN));
    return TransformerText.of(config, compute, attention)
        + TransformerText.fill(text, config, compute);
  }

  /** For {@link PackedForward}. */
  static String packed(ModelConfig config, Compute compute, Attention attention) {
    return PackedText.withAdapters(config, compute, attention, METHODS);
  }
}
