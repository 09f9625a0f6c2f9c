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
 * <p>The equations and the order of the weights are those of {@link TransformerText}, in another
 * arrangement: rows of one length {@code [rows, length]} instead of a pack. Cutting a pack into its
 * sequences costs little forward, but backward each cut fills a zero tensor as large as the whole
 * pack. The golden cases hold both texts to the same reference.
 *
 * <p>Biases, rotation in the activations' type, masks and the shift of the logits are those of the
 * model's layout. A slot is predicted by its own row or, with a shift, by the row before it (the
 * first slot of a sequence by its own).
 *
 * <p>Behind the base's weights the list holds an adapter's tensors; see {@link AdapterText}.
 *
 * <p>{@code loss} is the whole pass. {@code enter}, {@code layer} (once for each) and {@code leave}
 * are the same pass in parts, for {@link Recomputation}; each casts only the weights that it uses.
 *
 * <p>The head and the cross-entropy see only the slots that count, in float32.
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
        def row_block(self: __torch__.M, w: List[Tensor], o: int, x: Tensor, cos: Tensor, sin: Tensor, rows: int, length: int, c: List[int]) -> Tensor:
          a = (self).row_norm(x, w[o], )
          q = torch.transpose(torch.view((self).adapt(torch.linear(a, w[torch.add(o, 1)]$QUERY_BIAS), w, a, o, 0, c, ), [rows, length, $HEADS, $HEAD_WIDTH]), 1, 2)
          k = torch.transpose(torch.view((self).adapt(torch.linear(a, w[torch.add(o, 2)]$KEY_BIAS), w, a, o, 1, c, ), [rows, length, $KV_HEADS, $HEAD_WIDTH]), 1, 2)
          v = torch.transpose(torch.view((self).adapt(torch.linear(a, w[torch.add(o, 3)]$VALUE_BIAS), w, a, o, 2, c, ), [rows, length, $KV_HEADS, $HEAD_WIDTH]), 1, 2)
          q = (self).row_rope(q, cos, sin, )
          k = (self).row_rope(k, cos, sin, )
          if torch.gt($GROUP, 1):
            k = torch.repeat_interleave(k, $GROUP, 1)
            v = torch.repeat_interleave(v, $GROUP, 1)
          else:
            pass
          y = torch.scaled_dot_product_attention(q, k, v, $ROW_MASK)
          t = torch.reshape(torch.transpose(y, 1, 2), [rows, length, $QUERY_WIDTH])
          h = torch.add(x, (self).adapt(torch.linear(t, w[torch.add(o, 4)]), w, t, o, 3, c, ))
          m = (self).row_norm(h, w[torch.add(o, 5)], )
          g = torch.silu((self).adapt(torch.linear(m, w[torch.add(o, 6)]), w, m, o, 4, c, ))
          u = (self).adapt(torch.linear(m, w[torch.add(o, 7)]), w, m, o, 5, c, )
          d = torch.mul(g, u)
          return torch.add(h, (self).adapt(torch.linear(d, w[torch.add(o, 8)]), w, d, o, 6, c, ))
        def row_seen(self: __torch__.M, length: int) -> Tensor:
          b = torch.floor_divide(torch.arange(length, dtype=4), $MASK_BLOCK)
          return torch.le(torch.unsqueeze(b, 0), torch.unsqueeze(b, 1))
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
        def angles(self: __torch__.M, table: Tensor, length: int) -> Tensor:
          return torch.to(torch.narrow(table, 0, 0, length), $ROPE_DTYPE)
        def row_head(self: __torch__.M, w: List[Tensor], x: Tensor, slots: Tensor, length: int) -> Tensor:
          h = torch.index_select(torch.reshape(x, [-1, $WIDTH]), 0, $PREDICTING)
          return torch.to(torch.linear((self).row_norm(h, w[$FINAL_NORM], ), w[$HEAD_WEIGHT]), 6)
        def weighed(self: __torch__.M, z: Tensor, targets: Tensor, scale: Tensor) -> List[Tensor]:
          ce = torch.cross_entropy_loss(z, targets, None, 0, -100, 0.)
          return [torch.sum(torch.mul(ce, scale)), torch.detach(torch.sum(ce))]
        def slot_logits(self: __torch__.M, weights: List[Tensor], ids: Tensor, slots: Tensor, cosTable: Tensor, sinTable: Tensor, control: Tensor) -> Tensor:
          w = (self).cast_all(weights, )
          c = (self).ints(control, )
          rows = torch.size(ids, 0)
          length = torch.size(ids, 1)
          cos = (self).angles(cosTable, length, )
          sin = (self).angles(sinTable, length, )
          x = (self).embed(w, ids, )
          for i in range($LAYERS):
            x = (self).row_block(w, torch.add(torch.mul(i, $STRIDE), 1), x, cos, sin, rows, length, c, )
          return (self).row_head(w, x, slots, length, )
        def loss(self: __torch__.M, weights: List[Tensor], ids: Tensor, slots: Tensor, targets: Tensor, scale: Tensor, cosTable: Tensor, sinTable: Tensor, control: Tensor) -> List[Tensor]:
          z = (self).slot_logits(weights, ids, slots, cosTable, sinTable, control, )
          return (self).weighed(z, targets, scale, )
        def enter(self: __torch__.M, weights: List[Tensor], ids: Tensor) -> Tensor:
          return (self).embed((self).cast_some(weights, 0, 1, ), ids, )
        def layer(self: __torch__.M, weights: List[Tensor], x: Tensor, place: Tensor, cosTable: Tensor, sinTable: Tensor, control: Tensor) -> Tensor:
          o = torch.add(torch.mul(int(torch.select(place, 0, 0)), $STRIDE), 1)
          w = (self).cast_some(weights, o, $STRIDE, )
          rows = torch.size(x, 0)
          length = torch.size(x, 1)
          cos = (self).angles(cosTable, length, )
          sin = (self).angles(sinTable, length, )
          return (self).row_block(w, o, x, cos, sin, rows, length, (self).ints(control, ), )
        def leave(self: __torch__.M, weights: List[Tensor], x: Tensor, slots: Tensor, targets: Tensor, scale: Tensor) -> List[Tensor]:
          w = (self).cast_some((self).cast_some(weights, $FINAL_NORM, 1, ), $HEAD_WEIGHT, 1, )
          return (self).weighed((self).row_head(w, x, slots, torch.size(x, 1), ), targets, scale, )
        def scores(self: __torch__.M, weights: List[Tensor], ids: Tensor, slots: Tensor, targets: Tensor, cosTable: Tensor, sinTable: Tensor, control: Tensor) -> List[Tensor]:
          z = (self).slot_logits(weights, ids, slots, cosTable, sinTable, control, )
          ce = torch.cross_entropy_loss(z, targets, None, 0, -100, 0.)
          return [ce, torch.to(torch.eq(torch.argmax(z, 1), targets), 6)]
      """;

  private TrainingText() {}

  static String of(ModelConfig config, Compute compute, @Nullable Adapter adapter) {
    boolean masked = !(config.mask() instanceof AttentionMask.Full);
    String text =
        TEXT.replace("$TABLE_SIZE", Integer.toString(WeightTable.of(config).size()))
            .replace("$ROW_MASK", masked ? "(self).row_seen(length, )" : "None")
            .replace(
                "$PREDICTING",
                config.logitShift() == 0
                    ? "slots"
                    : "torch.sub(slots, torch.to(torch.gt(torch.remainder(slots, length), 0), 4))");
    return TransformerText.of(config, compute)
        + TransformerText.fill(AdapterText.of(config, adapter) + text, config, compute);
  }
}
