package dev.unmask.model.transformer;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;

/**
 * The fast form of a forward pass, as methods that stand behind those of {@link TransformerText}.
 * What it does otherwise, and why (figures: docs/performance.md):
 *
 * <ul>
 *   <li>Matrices lie in oneDNN's blocked layout, made once at load; SiLU, the gate's product and
 *       the residual sums happen inside the products ({@code mkldnn::_linear_pointwise}).
 *   <li>Query, key and value are one product. In float32 norm weights are folded into the matrix
 *       behind the norm; in bfloat16 that would round each weight once more, so there they are
 *       multiplied in float32, before the one rounding.
 *   <li>In float32 the rotation is one complex product in place: query and key rows were reordered
 *       at load so that a pair stands side by side. A dot product does not see the order, so the
 *       answer stays; the cache holds reordered keys.
 *   <li>Tokens go through each block in chunks of whole sequences ({@link ChunkPlan}), which keeps
 *       what a chunk needs in the processor's caches; row counts are rounded up, because oneDNN
 *       makes and keeps kernels for every count.
 *   <li>In a bidirectional network the last block computes queries, and all that follows, for the
 *       rows asked for only.
 * </ul>
 *
 * <p>Weights are the list of {@link PackedWeights}. Lists with one entry a segment are those of
 * {@link TransformerText}; the others come from {@link ChunkPlan}.
 */
final class PackedText {

  private static final String PIECES =
      """
        def reorder(self: __torch__.M, w: Tensor, rows: int) -> Tensor:
          return ops.mkldnn._reorder_linear_weight(torch.contiguous(w), rows)
        def paired(self: __torch__.M, w: Tensor) -> Tensor:
          return $PAIRED
        def folded(self: __torch__.M, w: Tensor, norm: Tensor) -> Tensor:
          return $FOLDED
        def copied(self: __torch__.M, w: Tensor) -> Tensor:
          return torch.clone(w)
        def turn_table(self: __torch__.M, cos: Tensor, sin: Tensor) -> Tensor:
          return torch.complex(cos, sin)
        def turns(self: __torch__.M, table: Tensor, starts: List[int], lengths: List[int], first: int, end: int, pad: int) -> Tensor:
          r = annotate(List[Tensor], [])
          for i in range(first, end):
            n = torch.append(r, torch.narrow(table, 0, starts[i], lengths[i]))
          n = torch.append(r, torch.expand(torch.narrow(table, 0, 0, 1), [pad, -1]))
          return torch.unsqueeze(torch.cat(r), 1)
        def turn(self: __torch__.M, x: Tensor, t: Tensor) -> Tensor:
          $TURN
          return x
        def mix(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, layer: int, first: int, end: int, counts: List[int], starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor]) -> Tensor:
          o = torch.empty(torch.size(q), dtype=$DTYPE)
          s = 0
          t = 0
          for i in range(first, end):
            n = lengths[i]
            m = counts[i]
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
            if torch.gt(m, 0):
              qi = torch.narrow(q, 0, t, m)
              oi = torch.narrow(o, 0, t, m)
              $MIX
            s = torch.add(s, n)
            t = torch.add(t, m)
          z = torch.zero_(torch.narrow(o, 0, t, torch.sub(torch.size(o, 0), t)))
          return torch.flatten(o, 1)
      """;

  /** The whole pass; methods have to stand behind those that they call. */
  private static final String PASS =
      """
        def packed_states(self: __torch__.M, p: List[Tensor], table: Tensor, ids: Tensor, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], ends: List[int], sizes: List[int], asked: List[int], askedSizes: List[int], rows: Tensor) -> Tensor:
          x = annotate(List[Tensor], [])
          t = annotate(List[Tensor], [])
          firsts = annotate(List[int], [])
          s = 0
          first = 0
          for c in range(torch.len(sizes)):
            n = torch.append(x, torch.embedding(p[0], torch.narrow(ids, 0, s, sizes[c])))
            pad = sizes[c]
            for i in range(first, ends[c]):
              pad = torch.sub(pad, lengths[i])
            n = torch.append(t, (self).turns(table, starts, lengths, first, ends[c], pad, ))
            n = torch.append(firsts, first)
            s = torch.add(s, sizes[c])
            first = ends[c]
          for i in range($WHOLE_LAYERS):
            for c in range(torch.len(sizes)):
              x[c] = (self).packed_block(p, i, x[c], t[c], firsts[c], ends[c], starts, lengths, keys, caches, )
          r = annotate(List[Tensor], [])
          s = 0
          for c in range(torch.len(sizes)):
            m = 0
            for i in range(firsts[c], ends[c]):
              m = torch.add(m, asked[i])
            rc = torch.narrow(rows, 0, s, askedSizes[c])
            y = $LAST
            n = torch.append(r, torch.narrow(y, 0, 0, m))
            s = torch.add(s, askedSizes[c])
          return torch.cat(r)
        def packed_head(self: __torch__.M, p: List[Tensor], x: Tensor) -> Tensor:
          return torch.to(torch.linear((self).norm(x, p[1], ), p[2]), 6)
      """;

  /** Everything that touches a block's matrices: how they lie, and the products. */
  private static final String PRODUCTS =
      """
        def prepare(self: __torch__.M, b: List[Tensor], last: bool, rows: int) -> List[Tensor]:
          q = (self).paired((self).folded(b[1], b[0], ), )
          k = (self).paired((self).folded(b[2], b[0], ), )
          v = (self).folded(b[3], b[0], )
          r = annotate(List[Tensor], [])
          if last:
            n = torch.append(r, (self).reorder(q, rows, ))
            n = torch.append(r, (self).reorder(torch.cat([k, v]), rows, ))
          else:
            n = torch.append(r, (self).reorder(torch.cat([q, k, v]), rows, ))
          n = torch.append(r, (self).reorder(b[4], rows, ))
          n = torch.append(r, (self).reorder((self).folded(b[6], b[5], ), rows, ))
          n = torch.append(r, (self).reorder((self).folded(b[7], b[5], ), rows, ))
          n = torch.append(r, (self).reorder(b[8], rows, ))
          n = torch.append(r, torch.clone(b[0]))
          n = torch.append(r, torch.clone(b[5]))
          if torch.gt(torch.len(b), 9):
            bq = torch.flatten((self).paired(torch.unsqueeze(b[9], 1), ))
            bk = torch.flatten((self).paired(torch.unsqueeze(b[10], 1), ))
            if last:
              n = torch.append(r, bq)
              n = torch.append(r, torch.cat([bk, b[11]]))
            else:
              n = torch.append(r, torch.cat([bq, bk, b[11]]))
          return r
        def scaled(self: __torch__.M, x: Tensor, norm: Tensor) -> Tensor:
          n = torch.linalg_vector_norm(x, 2, [-1], True, dtype=6)
          s = torch.rsqrt_(torch.add_(torch.div_(torch.mul_(n, n), $WIDTH), $NORM_EPSILON))
          return $SCALED
        def mlp(self: __torch__.M, p: List[Tensor], o: int, x: Tensor) -> Tensor:
          m = (self).scaled(x, p[torch.add(o, 6)], )
          g = ops.mkldnn._linear_pointwise(m, p[torch.add(o, 2)], None, "swish", $NONE, "")
          u = ops.mkldnn._linear_pointwise(m, g, p[torch.add(o, 3)], None, "mul")
          return ops.mkldnn._linear_pointwise(u, x, p[torch.add(o, 4)], None, "add")
        def packed_block(self: __torch__.M, p: List[Tensor], layer: int, x: Tensor, t: Tensor, first: int, end: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor]) -> Tensor:
          o = torch.add(torch.mul(layer, $PACKED_STRIDE), $PACKED_FIRST)
          z = ops.mkldnn._linear_pointwise((self).scaled(x, p[torch.add(o, 5)], ), p[o], $BIAS, "none", $NONE, "")
          z = torch.view(z, [-1, $ALL_HEADS, $HEAD_WIDTH])
          y = (self).turn(torch.narrow(z, 1, 0, $ROTATED_HEADS), t, )
          q = torch.narrow(z, 1, 0, $HEADS)
          k = torch.narrow(z, 1, $HEADS, $KV_HEADS)
          v = torch.narrow(z, 1, $ROTATED_HEADS, $KV_HEADS)
          a = (self).mix(q, k, v, layer, first, end, lengths, starts, lengths, keys, caches, )
          h = ops.mkldnn._linear_pointwise(a, x, p[torch.add(o, 1)], None, "add")
          return (self).mlp(p, o, h, )
        def last_block(self: __torch__.M, p: List[Tensor], x: Tensor, t: Tensor, first: int, end: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], asked: List[int], rows: Tensor) -> Tensor:
          o = torch.add(torch.mul($LAST_LAYER, $PACKED_STRIDE), $PACKED_FIRST)
          y = (self).scaled(x, p[torch.add(o, 6)], )
          z = ops.mkldnn._linear_pointwise(y, p[torch.add(o, 1)], $LAST_KV_BIAS, "none", $NONE, "")
          z = torch.view(z, [-1, $KV_HEADS_TWICE, $HEAD_WIDTH])
          k = (self).turn(torch.narrow(z, 1, 0, $KV_HEADS), t, )
          v = torch.narrow(z, 1, $KV_HEADS, $KV_HEADS)
          q = ops.mkldnn._linear_pointwise(torch.index_select(y, 0, rows), p[o], $LAST_Q_BIAS, "none", $NONE, "")
          q = (self).turn(torch.view(q, [-1, $HEADS, $HEAD_WIDTH]), torch.index_select(t, 0, rows), )
          a = (self).mix(q, k, v, $LAST_LAYER, first, end, asked, starts, lengths, keys, caches, )
          h = ops.mkldnn._linear_pointwise(a, torch.index_select(x, 0, rows), p[torch.add(o, 2)], None, "add")
          return (self).mlp(p, torch.add(o, 1), h, )
      """;

  /** Attention on views, without a copy: each key-value head is a batch of its own. */
  private static final String FUSED =
      """
      qv = torch.permute(torch.unflatten(qi, 1, [$KV_HEADS, $GROUP]), [1, 2, 0, 3])
      ke = torch.expand(torch.unsqueeze(torch.transpose(ki, 0, 1), 1), [$KV_HEADS, $GROUP, -1, $HEAD_WIDTH])
      ve = torch.expand(torch.unsqueeze(torch.transpose(vi, 0, 1), 1), [$KV_HEADS, $GROUP, -1, $HEAD_WIDTH])
      a = torch.scaled_dot_product_attention(qv, ke, ve)
      z = torch.copy_(torch.permute(torch.unflatten(oi, 1, [$KV_HEADS, $GROUP]), [1, 2, 0, 3]), a)
      """;

  /** Without groups all heads are one batch, whose result lies as the rows do. */
  private static final String FUSED_UNGROUPED =
      """
      a = torch.scaled_dot_product_attention(torch.unsqueeze(torch.transpose(qi, 0, 1), 0), torch.unsqueeze(torch.transpose(ki, 0, 1), 0), torch.unsqueeze(torch.transpose(vi, 0, 1), 0))
      z = torch.copy_(torch.transpose(oi, 0, 1), torch.squeeze(a, 0))
      """;

  private static final String ROWS =
      "z = torch.copy_(torch.flatten(oi, 1), (self).attend_row(qi, ki, vi, starts[i], ))\n";

  private PackedText() {}

  /** Whether the last block computes the rows asked for only: where no row hides keys. */
  static boolean splitsLast(ModelConfig config) {
    return config.mask() instanceof AttentionMask.Full;
  }

  /** Index of the first block's first matrix in the list. */
  static final int FIRST = 3;

  /** Tensors of a block; the last has more where it is split. */
  static int stride(ModelConfig config) {
    return config.qkvBias() ? 8 : 7;
  }

  static String of(ModelConfig config, Compute compute, Attention attention) {
    return of(config, compute, attention, PRODUCTS);
  }

  /** With other products: methods {@code prepare}, {@code packed_block} and {@code last_block}. */
  static String of(ModelConfig config, Compute compute, Attention attention, String products) {
    boolean split = splitsLast(config);
    boolean fused = attention == Attention.FUSED && split;
    boolean grouped = config.heads() != config.kvHeads();
    boolean float32 = compute == Compute.FLOAT32;
    String text =
        (PIECES + products + PASS)
            .replace("$MIX", lines(fused ? (grouped ? FUSED : FUSED_UNGROUPED) : ROWS, 8))
            .replace(
                "$TURN",
                float32
                    ? "y = torch.mul_(torch.view_as_complex(torch.unflatten(x, 2, [$HALF_HEAD, 2])), t)"
                    : "y = torch.copy_(x, (self).rope(x, torch.to(torch.real(t), $ROPE_DTYPE),"
                        + " torch.to(torch.imag(t), $ROPE_DTYPE), ))")
            .replace(
                "$PAIRED",
                float32
                    ? "torch.flatten(torch.transpose(torch.unflatten(w, 0, [-1, 2, $HALF_HEAD]), 1, 2), 0, 2)"
                    : "w")
            .replace(
                "$SCALED",
                float32
                    ? "torch.mul(x, s)"
                    : "torch.to(torch.mul(torch.mul(torch.to(x, 6), s), torch.to(norm, 6)), $DTYPE)")
            .replace("$FOLDED", float32 ? "torch.mul(w, norm)" : "w")
            .replace("$NONE", "annotate(List[Optional[number]], [])")
            .replace("$BIAS", config.qkvBias() ? "p[torch.add(o, 7)]" : "None")
            .replace("$LAST_Q_BIAS", config.qkvBias() ? "p[torch.add(o, 8)]" : "None")
            .replace("$LAST_KV_BIAS", config.qkvBias() ? "p[torch.add(o, 9)]" : "None")
            .replace(
                "$LAST\n",
                split
                    ? "(self).last_block(p, x[c], t[c], firsts[c], ends[c], starts, lengths, keys,"
                        + " caches, asked, rc, )\n"
                    : "torch.index_select(x[c], 0, rc)\n")
            .replace("$PACKED_STRIDE", String.valueOf(stride(config)))
            .replace("$PACKED_FIRST", String.valueOf(FIRST))
            .replace("$LAST_LAYER", String.valueOf(config.layers() - 1))
            .replace("$WHOLE_LAYERS", String.valueOf(config.layers() - (split ? 1 : 0)))
            .replace("$ALL_HEADS", String.valueOf(config.heads() + 2 * config.kvHeads()))
            .replace("$ROTATED_HEADS", String.valueOf(config.heads() + config.kvHeads()))
            .replace("$KV_HEADS_TWICE", String.valueOf(2 * config.kvHeads()));
    return TransformerText.of(config, compute, attention)
        + TransformerText.fill(text, config, compute);
  }

  private static String lines(String text, int indent) {
    // The first line stands behind the indentation that the name had.
    return text.stripTrailing().indent(indent).strip();
  }
}
