package dev.unmask.model.training;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.model.transformer.WeightTable;
import org.jspecify.annotations.Nullable;

/**
 * The loss as TorchScript, for autograd.
 *
 * <p>The equations, the order of the weights and the packed form {@code [tokens, width]} are those
 * of {@link TransformerText}. What differs is how attention finds its sequences: neighbours of one
 * length are one batch of rows, and a pack with several lengths is split once for each tensor.
 * Cutting sequence by sequence costs little forward, but backward each cut fills a zero tensor as
 * large as the whole pack; a split's backward is one concatenation. The golden cases hold both
 * texts to the same reference.
 *
 * <p>Biases, rotation in the activations' type, masks and the shift of the logits are those of the
 * model's layout; which row predicts a slot is {@link MaskedBatch#predicting}'s.
 *
 * <p>Behind the base's weights the list holds an adapter's tensors; see {@link AdapterText}.
 *
 * <p>A pass has parts that {@link LossPass} puts together: {@code body} gives the last layer's rows
 * that predict slots; {@code enter}, {@code layer} (once for each) and {@code pick} give the same
 * layer by layer. {@code front} and {@code tail} are a layer in two pieces, the second being what
 * stands behind the MLP's two first products; {@code tail_slope} and {@code front_slope} are
 * numbers whose gradients are those of the pieces where what comes {@code above} is given. {@code
 * leave} is head and cross-entropy of some of these rows, in float32: {@code part} says where they
 * begin and how many they are, so that a row as long as the vocabulary exists for few slots at
 * once. {@code judge} is {@code leave} slot by slot. Each casts only the weights that it uses.
 */
final class TrainingText {

  private static final String TEXT =
      """
        def row_norm(self: __torch__.M, x: Tensor, weight: Tensor) -> Tensor:
          y = torch.rms_norm(torch.to(x, 6), [$WIDTH], None, $NORM_EPSILON)
          return torch.mul(torch.to(y, $DTYPE), weight)
        def row_rope(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
          h = torch.chunk(torch.to(x, $ROPE_DTYPE), 2, -1)
          l = torch.sub(torch.mul(h[0], cos), torch.mul(h[1], sin))
          r = torch.add(torch.mul(h[1], cos), torch.mul(h[0], sin))
          return torch.to(torch.cat([l, r], -1), $DTYPE)
        def row_seen(self: __torch__.M, length: int) -> Tensor:
          b = torch.floor_divide(torch.arange(length, dtype=4), $MASK_BLOCK)
          return torch.le(torch.unsqueeze(b, 0), torch.unsqueeze(b, 1))
        def attend_rows(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, rows: int, length: int) -> Tensor:
          a = torch.transpose(torch.view(q, [rows, length, $HEADS, $HEAD_WIDTH]), 1, 2)
          b = torch.transpose(torch.view(k, [rows, length, $KV_HEADS, $HEAD_WIDTH]), 1, 2)
          c = torch.transpose(torch.view(v, [rows, length, $KV_HEADS, $HEAD_WIDTH]), 1, 2)
          if torch.gt($GROUP, 1):
            b = torch.repeat_interleave(b, $GROUP, 1)
            c = torch.repeat_interleave(c, $GROUP, 1)
          else:
            pass
      $ATTENTION
          return torch.reshape(torch.transpose(y, 1, 2), [torch.mul(rows, length), $QUERY_WIDTH])
        def row_attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, runs: List[int]) -> Tensor:
          n = torch.floordiv(torch.len(runs), 2)
          y = q
          if torch.eq(n, 1):
            y = (self).attend_rows(q, k, v, runs[0], runs[1], )
          else:
            s = annotate(List[int], [])
            for i in range(n):
              m = torch.append(s, torch.mul(runs[torch.mul(2, i)], runs[torch.add(torch.mul(2, i), 1)]))
            qs = torch.split_with_sizes(q, s, 0)
            ks = torch.split_with_sizes(k, s, 0)
            vs = torch.split_with_sizes(v, s, 0)
            r = annotate(List[Tensor], [])
            for i in range(n):
              m = torch.append(r, (self).attend_rows(qs[i], ks[i], vs[i], runs[torch.mul(2, i)], runs[torch.add(torch.mul(2, i), 1)], ))
            y = torch.cat(r)
          return y
        def row_front(self: __torch__.M, w: List[Tensor], o: int, x: Tensor, cos: Tensor, sin: Tensor, runs: List[int], c: List[int]) -> List[Tensor]:
          a = (self).row_norm(x, w[o], )
          q = torch.view((self).adapt(torch.linear(a, w[torch.add(o, 1)]$QUERY_BIAS), w, a, o, 0, c, ), [-1, $HEADS, $HEAD_WIDTH])
          k = torch.view((self).adapt(torch.linear(a, w[torch.add(o, 2)]$KEY_BIAS), w, a, o, 1, c, ), [-1, $KV_HEADS, $HEAD_WIDTH])
          v = torch.view((self).adapt(torch.linear(a, w[torch.add(o, 3)]$VALUE_BIAS), w, a, o, 2, c, ), [-1, $KV_HEADS, $HEAD_WIDTH])
          t = (self).row_attend((self).row_rope(q, cos, sin, ), (self).row_rope(k, cos, sin, ), v, runs, )
          h = torch.add(x, (self).adapt(torch.linear(t, w[torch.add(o, 4)]), w, t, o, 3, c, ))
          m = (self).row_norm(h, w[torch.add(o, 5)], )
          g = (self).adapt(torch.linear(m, w[torch.add(o, 6)]), w, m, o, 4, c, )
          u = (self).adapt(torch.linear(m, w[torch.add(o, 7)]), w, m, o, 5, c, )
          return [h, g, u]
        def row_tail(self: __torch__.M, w: List[Tensor], o: int, h: Tensor, g: Tensor, u: Tensor, c: List[int]) -> Tensor:
          d = torch.mul(torch.silu(g), u)
          return torch.add(h, (self).adapt(torch.linear(d, w[torch.add(o, 8)]), w, d, o, 6, c, ))
        def row_block(self: __torch__.M, w: List[Tensor], o: int, x: Tensor, cos: Tensor, sin: Tensor, runs: List[int], c: List[int]) -> Tensor:
          f = (self).row_front(w, o, x, cos, sin, runs, c, )
          return (self).row_tail(w, o, f[0], f[1], f[2], c, )
        def cast_some(self: __torch__.M, w: List[Tensor], first: int, count: int) -> List[Tensor]:
          r = annotate(List[Tensor], [])
          for i in range(torch.len(w)):
            y = w[i]
            if torch.ge(i, $TABLE_SIZE):
              y = torch.to(y, $DTYPE)
            else:
              if torch.ge(i, first):
                if torch.lt(i, torch.add(first, count)):
                  y = torch.to(y, $DTYPE)
                else:
                  pass
              else:
                pass
            n = torch.append(r, y)
          return r
        def angles(self: __torch__.M, table: Tensor, positions: Tensor) -> Tensor:
          return torch.to(torch.unsqueeze(torch.index_select(table, 0, positions), 1), $ROPE_DTYPE)
        def enter(self: __torch__.M, weights: List[Tensor], ids: Tensor) -> Tensor:
          return (self).embed((self).cast_some(weights, 0, 1, ), ids, )
        def first_of(self: __torch__.M, place: Tensor) -> int:
          return torch.add(torch.mul(int(torch.select(place, 0, 0)), $STRIDE), 1)
        def front(self: __torch__.M, weights: List[Tensor], x: Tensor, place: Tensor, positions: Tensor, runs: Tensor, cosTable: Tensor, sinTable: Tensor, control: Tensor) -> List[Tensor]:
          cos = (self).angles(cosTable, positions, )
          sin = (self).angles(sinTable, positions, )
          return (self).row_front((self).cast_some(weights, 0, 0, ), (self).first_of(place, ), x, cos, sin, (self).ints(runs, ), (self).ints(control, ), )
        def tail(self: __torch__.M, weights: List[Tensor], h: Tensor, g: Tensor, u: Tensor, place: Tensor, control: Tensor) -> Tensor:
          return (self).row_tail((self).cast_some(weights, 0, 0, ), (self).first_of(place, ), h, g, u, (self).ints(control, ), )
        def tail_slope(self: __torch__.M, weights: List[Tensor], above: Tensor, g: Tensor, u: Tensor, place: Tensor, control: Tensor) -> Tensor:
          o = (self).first_of(place, )
          d = torch.mul(torch.silu(g), u)
          s = torch.sum(torch.mul(d, torch.mm(above, weights[torch.add(o, 8)])))
          y = (self).adapt(torch.zeros_like(above), (self).cast_some(weights, 0, 0, ), d, o, 6, (self).ints(control, ), )
          return torch.to(torch.add(s, torch.sum(torch.mul(y, above))), 6)
        def front_slope(self: __torch__.M, weights: List[Tensor], h: Tensor, g: Tensor, u: Tensor, ofH: Tensor, ofG: Tensor, ofU: Tensor) -> Tensor:
          s = torch.add(torch.sum(torch.mul(h, ofH)), torch.sum(torch.mul(g, ofG)))
          return torch.to(torch.add(s, torch.sum(torch.mul(u, ofU))), 6)
        def layer(self: __torch__.M, weights: List[Tensor], x: Tensor, place: Tensor, positions: Tensor, runs: Tensor, cosTable: Tensor, sinTable: Tensor, control: Tensor) -> Tensor:
          o = (self).first_of(place, )
          w = (self).cast_some(weights, o, $STRIDE, )
          cos = (self).angles(cosTable, positions, )
          sin = (self).angles(sinTable, positions, )
          return (self).row_block(w, o, x, cos, sin, (self).ints(runs, ), (self).ints(control, ), )
        def pick(self: __torch__.M, weights: List[Tensor], x: Tensor, rows: Tensor) -> Tensor:
          return torch.index_select(x, 0, rows)
        def body(self: __torch__.M, weights: List[Tensor], ids: Tensor, rows: Tensor, positions: Tensor, runs: Tensor, cosTable: Tensor, sinTable: Tensor, control: Tensor) -> Tensor:
          w = (self).cast_some(weights, 0, $FINAL_NORM, )
          c = (self).ints(control, )
          l = (self).ints(runs, )
          cos = (self).angles(cosTable, positions, )
          sin = (self).angles(sinTable, positions, )
          x = (self).embed(w, ids, )
          for i in range($LAYERS):
            x = (self).row_block(w, torch.add(torch.mul(i, $STRIDE), 1), x, cos, sin, l, c, )
          return torch.index_select(x, 0, rows)
        def part_of(self: __torch__.M, x: Tensor, part: Tensor) -> Tensor:
          return torch.narrow(x, 0, int(torch.select(part, 0, 0)), int(torch.select(part, 0, 1)))
        def logits(self: __torch__.M, weights: List[Tensor], x: Tensor, part: Tensor) -> Tensor:
          w = (self).cast_some((self).cast_some(weights, $FINAL_NORM, 1, ), $HEAD_WEIGHT, 1, )
          return torch.to(torch.linear((self).row_norm((self).part_of(x, part, ), w[$FINAL_NORM], ), w[$HEAD_WEIGHT]), 6)
        def leave(self: __torch__.M, weights: List[Tensor], x: Tensor, targets: Tensor, scale: Tensor, part: Tensor) -> List[Tensor]:
          ce = torch.cross_entropy_loss((self).logits(weights, x, part, ), (self).part_of(targets, part, ), None, 0, -100, 0.)
          return [torch.sum(torch.mul(ce, (self).part_of(scale, part, ))), torch.detach(torch.sum(ce))]
        def judge(self: __torch__.M, weights: List[Tensor], x: Tensor, targets: Tensor, part: Tensor) -> List[Tensor]:
          z = (self).logits(weights, x, part, )
          y = (self).part_of(targets, part, )
          return [torch.cross_entropy_loss(z, y, None, 0, -100, 0.), torch.to(torch.eq(torch.argmax(z, 1), y), 6)]
      """;

  private static final String FUSED =
      """
          y = torch.scaled_dot_product_attention(a, b, c, $ROW_MASK)
      """;

  /**
   * Two products around a softmax. In bfloat16 the fused kernel's backward is four to five times
   * slower on processors (rows of 40 to 130 tokens); for long rows the scores would be too large.
   */
  private static final String PRODUCTS =
      """
          y = a
          if torch.le(length, $LONGEST):
            s = torch.matmul(torch.mul(a, $HEAD_SCALE), torch.transpose(b, 2, 3))
            $HIDE
            y = torch.matmul(torch.softmax(s, -1), c)
          else:
            y = torch.scaled_dot_product_attention(a, b, c, $ROW_MASK)
      """;

  /** Rows up to which the scores of a whole row are held. */
  private static final int LONGEST_PRODUCT = 512;

  private TrainingText() {}

  static String of(ModelConfig config, Compute compute, @Nullable Adapter adapter) {
    boolean masked = !(config.mask() instanceof AttentionMask.Full);
    String attention =
        compute == Compute.FLOAT32
            ? FUSED
            : PRODUCTS
                .replace("$LONGEST", Integer.toString(LONGEST_PRODUCT))
                .replace("$HEAD_SCALE", Double.toString(1 / Math.sqrt(config.headWidth())))
                .replace(
                    "$HIDE",
                    masked
                        ? "s = torch.masked_fill(s, torch.logical_not((self).row_seen(length, )),"
                            + " float(\"-inf\"))"
                        : "pass");
    String text =
        TEXT.replace("$TABLE_SIZE", Integer.toString(WeightTable.of(config).size()))
            .replace("$ATTENTION\n", attention)
            .replace("$ROW_MASK", masked ? "(self).row_seen(length, )" : "None");
    return TransformerText.of(config, compute)
        + TransformerText.fill(AdapterText.of(config, adapter) + text, config, compute);
  }
}
