package dev.unmask.model.transformer;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;
import java.util.stream.Collectors;

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
        def $FORM_states(self: __torch__.M, p: List[Tensor], table: Tensor, ids: Tensor, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], ends: List[int], sizes: List[int], asked: List[int], askedSizes: List[int], rows: Tensor$PASS_PARAMETERS) -> Tensor:
          x = annotate(List[Tensor], [])
          t = annotate(List[Tensor], [])
          firsts = annotate(List[int], [])
          s = 0
          first = 0
          for c in range(torch.len(sizes)):
            n = torch.append(x, $EMBEDDED)
            pad = sizes[c]
            for i in range(first, ends[c]):
              pad = torch.sub(pad, lengths[i])
            n = torch.append(t, (self).turns(table, starts, lengths, first, ends[c], pad, ))
            n = torch.append(firsts, first)
            s = torch.add(s, sizes[c])
            first = ends[c]
          for i in range($WHOLE_LAYERS):
            for c in range(torch.len(sizes)):
              x[c] = (self).$FORM_block(p, i, x[c], t[c], firsts[c], ends[c], starts, lengths, keys, caches, $CHUNK_ARGUMENTS)
          r = annotate(List[Tensor], [])
          s = 0
          for c in range(torch.len(sizes)):
            m = 0
            for i in range(firsts[c], ends[c]):
              m = torch.add(m, asked[i])
            rc = torch.narrow(rows, 0, s, askedSizes[c])
            y = $LAST_ROWS
            n = torch.append(r, torch.narrow(y, 0, 0, m))
            s = torch.add(s, askedSizes[c])
          return torch.cat(r)
      """;

  private static final String HEAD =
      """
        def packed_head(self: __torch__.M, p: List[Tensor], x: Tensor) -> Tensor:
          return torch.to(torch.linear((self).norm(x, p[1], ), p[2]), 6)
      """;

  /** How a block's matrices lie, and what needs no form with adapters. */
  private static final String PREPARATION =
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
      """;

  private static final String MLP =
      """
        def mlp(self: __torch__.M, p: List[Tensor], o: int, x: Tensor) -> Tensor:
          m = (self).scaled(x, p[torch.add(o, 6)], )
          g = ops.mkldnn._linear_pointwise(m, p[torch.add(o, 2)], None, "swish", $NONE, "")
          u = ops.mkldnn._linear_pointwise(m, g, p[torch.add(o, 3)], None, "mul")
          return ops.mkldnn._linear_pointwise(u, x, p[torch.add(o, 4)], None, "add")
      """;

  /** SiLU cannot be inside the product, because what an adapter adds comes between them. */
  private static final String ADAPTED_MLP =
      """
        def adapted_mlp(self: __torch__.M, p: List[Tensor], o: int, x: Tensor, g: List[List[Tensor]], e: int, ranges: List[int], lo: int, hi: int) -> Tensor:
          m = (self).scaled(x, p[torch.add(o, 6)], )
          if (self).adapts(g, e, ranges, lo, hi, ):
            a = ops.mkldnn._linear_pointwise(m, p[torch.add(o, 2)], None, "none", $NONE, "")
            u = ops.mkldnn._linear_pointwise(m, p[torch.add(o, 3)], None, "none", $NONE, "")
            n = (self).adapt([a, u], m, g, e, ranges, lo, hi, )
            b = torch.mul_(u, torch.silu_(a))
          else:
            c = ops.mkldnn._linear_pointwise(m, p[torch.add(o, 2)], None, "swish", $NONE, "")
            b = ops.mkldnn._linear_pointwise(m, c, p[torch.add(o, 3)], None, "mul")
          y = ops.mkldnn._linear_pointwise(b, x, p[torch.add(o, 4)], None, "add")
          n = (self).adapt([y], b, g, torch.add(e, $ADAPTER_DOWN), ranges, lo, hi, )
          return y
      """;

  /**
   * The blocks, in two forms: lines with a plus belong to the one with adapters only, those with a
   * minus to the other.
   */
  private static final String BLOCKS =
      """
        def $FORM_block(self: __torch__.M, p: List[Tensor], layer: int, x: Tensor, t: Tensor, first: int, end: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor]$BLOCK_PARAMETERS) -> Tensor:
          o = torch.add(torch.mul(layer, $PACKED_STRIDE), $PACKED_FIRST)
          y = (self).scaled(x, p[torch.add(o, 5)], )
          z = ops.mkldnn._linear_pointwise(y, p[o], $BIAS, "none", $NONE, "")
        + e = torch.mul(layer, $ADAPTER_STRIDE)
        + n = (self).adapt([torch.narrow(z, 1, 0, $QUERY_WIDTH), torch.narrow(z, 1, $QUERY_WIDTH, $KV_WIDTH), torch.narrow(z, 1, $ROTATED_WIDTH, $KV_WIDTH)], y, g, e, ranges, lo, hi, )
          z = torch.view(z, [-1, $ALL_HEADS, $HEAD_WIDTH])
          y = (self).turn(torch.narrow(z, 1, 0, $ROTATED_HEADS), t, )
          q = torch.narrow(z, 1, 0, $HEADS)
          k = torch.narrow(z, 1, $HEADS, $KV_HEADS)
          v = torch.narrow(z, 1, $ROTATED_HEADS, $KV_HEADS)
          a = (self).mix(q, k, v, layer, first, end, lengths, starts, lengths, keys, caches, )
          h = ops.mkldnn._linear_pointwise(a, x, p[torch.add(o, 1)], None, "add")
        + n = (self).adapt([h], a, g, torch.add(e, $ADAPTER_OUT), ranges, lo, hi, )
        + return (self).adapted_mlp(p, o, h, g, torch.add(e, $ADAPTER_MLP), ranges, lo, hi, )
        - return (self).mlp(p, o, h, )
        def $FORM_last_block(self: __torch__.M, p: List[Tensor], x: Tensor, t: Tensor, first: int, end: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], asked: List[int], rows: Tensor$LAST_PARAMETERS) -> Tensor:
          o = torch.add(torch.mul($LAST_LAYER, $PACKED_STRIDE), $PACKED_FIRST)
          y = (self).scaled(x, p[torch.add(o, 6)], )
          z = ops.mkldnn._linear_pointwise(y, p[torch.add(o, 1)], $LAST_KV_BIAS, "none", $NONE, "")
        + e = torch.mul($LAST_LAYER, $ADAPTER_STRIDE)
        + n = (self).adapt([torch.narrow(z, 1, 0, $KV_WIDTH), torch.narrow(z, 1, $KV_WIDTH, $KV_WIDTH)], y, g, torch.add(e, 2), ranges, lo, hi, )
          z = torch.view(z, [-1, $KV_HEADS_TWICE, $HEAD_WIDTH])
          k = (self).turn(torch.narrow(z, 1, 0, $KV_HEADS), t, )
          v = torch.narrow(z, 1, $KV_HEADS, $KV_HEADS)
          y = torch.index_select(y, 0, rows)
          q = ops.mkldnn._linear_pointwise(y, p[o], $LAST_Q_BIAS, "none", $NONE, "")
        + n = (self).adapt([q], y, g, e, askedRanges, lo, hi, )
          q = (self).turn(torch.view(q, [-1, $HEADS, $HEAD_WIDTH]), torch.index_select(t, 0, rows), )
          a = (self).mix(q, k, v, $LAST_LAYER, first, end, asked, starts, lengths, keys, caches, )
          h = ops.mkldnn._linear_pointwise(a, torch.index_select(x, 0, rows), p[torch.add(o, 2)], None, "add")
        + e = torch.add(e, 1)
        + n = (self).adapt([h], a, g, torch.add(e, $ADAPTER_OUT), askedRanges, lo, hi, )
        + return (self).adapted_mlp(p, torch.add(o, 1), h, g, torch.add(e, $ADAPTER_MLP), askedRanges, lo, hi, )
        - return (self).mlp(p, torch.add(o, 1), h, )
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

  /** Place of a norm's weights among a block's tensors, one further in a split one. */
  static final int ATTENTION_NORM = 5;

  /** As {@link #ATTENTION_NORM}. */
  static final int MLP_NORM = 6;

  /** Tensors of a block; the last has more where it is split. */
  static int stride(ModelConfig config) {
    return config.qkvBias() ? 8 : 7;
  }

  static String of(ModelConfig config, Compute compute, Attention attention) {
    return of(config, compute, attention, PREPARATION + MLP + plain(BLOCKS, config));
  }

  /**
   * With other products: methods {@code prepare}, {@code packed_block} and {@code
   * packed_last_block}.
   */
  static String of(ModelConfig config, Compute compute, Attention attention, String products) {
    return TransformerText.of(config, compute, attention)
        + filled(PIECES + products + plain(PASS, config) + HEAD, config, compute, attention);
  }

  /**
   * The network with adapters beside it, for {@link PackedForward}.
   *
   * @param adapters methods {@code embed}, {@code adapt} and {@code adapts}
   */
  static String withAdapters(
      ModelConfig config, Compute compute, Attention attention, String adapters) {
    return TransformerText.of(config, compute, attention)
        + filled(
            PIECES
                + PREPARATION
                + MLP
                + adapters
                + ADAPTED_MLP
                + adapted(BLOCKS, config)
                + adapted(PASS, config),
            config,
            compute,
            attention);
  }

  private static String plain(String template, ModelConfig config) {
    return form(template, '+', '-')
        .replace("$FORM", "packed")
        .replace("$PASS_PARAMETERS", "")
        .replace("$BLOCK_PARAMETERS", "")
        .replace("$LAST_PARAMETERS", "")
        .replace("$CHUNK_ARGUMENTS", "")
        .replace("$LAST_ROWS", lastRows(config, "packed", ""))
        .replace("$EMBEDDED", "torch.embedding(p[0], torch.narrow(ids, 0, s, sizes[c]))");
  }

  private static String adapted(String template, ModelConfig config) {
    String ranges = ", g: List[List[Tensor]], ranges: List[int]";
    return form(template, '-', '+')
        .replace("$FORM", "adapted")
        .replace(
            "$PASS_PARAMETERS",
            ranges
                + ", askedRanges: List[int], froms: List[int], tos: List[int], prompts:"
                + " List[Tensor]")
        .replace("$BLOCK_PARAMETERS", ranges + ", lo: int, hi: int")
        .replace("$LAST_PARAMETERS", ranges + ", askedRanges: List[int], lo: int, hi: int")
        .replace("$CHUNK_ARGUMENTS", "g, ranges, froms[c], tos[c], ")
        .replace(
            "$LAST_ROWS", lastRows(config, "adapted", "g, ranges, askedRanges, froms[c], tos[c], "))
        .replace("$EMBEDDED", "(self).embed(p[0], torch.narrow(ids, 0, s, sizes[c]), prompts, )");
  }

  private static String lastRows(ModelConfig config, String form, String more) {
    return splitsLast(config)
        ? "(self)."
            + form
            + "_last_block(p, x[c], t[c], firsts[c], ends[c], starts, lengths, keys, caches, asked,"
            + " rc, "
            + more
            + ")"
        : "torch.index_select(x[c], 0, rc)";
  }

  /** Drops the lines with one mark, and the other mark from its lines. */
  private static String form(String template, char dropped, char kept) {
    return template
        .lines()
        .filter(line -> line.stripLeading().charAt(0) != dropped)
        .map(line -> line.stripLeading().charAt(0) == kept ? line.replace(kept + " ", "  ") : line)
        .collect(Collectors.joining("\n", "", "\n"));
  }

  private static String filled(
      String text, ModelConfig config, Compute compute, Attention attention) {
    boolean split = splitsLast(config);
    boolean fused = attention == Attention.FUSED && split;
    boolean grouped = config.heads() != config.kvHeads();
    boolean float32 = compute == Compute.FLOAT32;
    String named =
        text.replace("$MIX", lines(fused ? (grouped ? FUSED : FUSED_UNGROUPED) : ROWS, 8))
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
            .replace("$PACKED_STRIDE", String.valueOf(stride(config)))
            .replace("$PACKED_FIRST", String.valueOf(FIRST))
            .replace("$LAST_LAYER", String.valueOf(config.layers() - 1))
            .replace("$WHOLE_LAYERS", String.valueOf(config.layers() - (split ? 1 : 0)))
            .replace("$ALL_HEADS", String.valueOf(config.heads() + 2 * config.kvHeads()))
            .replace("$ROTATED_HEADS", String.valueOf(config.heads() + config.kvHeads()))
            .replace("$ADAPTER_STRIDE", String.valueOf(LowRankAdapter.STRIDE))
            .replace("$ADAPTER_OUT", String.valueOf(LowRankAdapter.OUT))
            .replace("$ADAPTER_MLP", String.valueOf(LowRankAdapter.MLP))
            .replace("$ADAPTER_DOWN", String.valueOf(LowRankAdapter.DOWN - LowRankAdapter.MLP))
            .replace("$KV_WIDTH", String.valueOf(config.kvHeads() * config.headWidth()))
            .replace(
                "$ROTATED_WIDTH",
                String.valueOf((config.heads() + config.kvHeads()) * config.headWidth()))
            .replace("$KV_HEADS_TWICE", String.valueOf(2 * config.kvHeads()));
    return TransformerText.fill(named, config, compute);
  }

  private static String lines(String text, int indent) {
    // The first line stands behind the indentation that the name had.
    return text.stripTrailing().indent(indent).strip();
  }
}
