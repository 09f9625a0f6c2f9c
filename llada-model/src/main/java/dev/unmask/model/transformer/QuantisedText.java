package dev.unmask.model.transformer;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;

/**
 * The products of {@link PackedText} with 8-bit integers, for {@link Precision#INT8}. Attention,
 * rotation, norms, residual sums, the embedding and the head stay float32.
 *
 * <ul>
 *   <li>A weight is {@code round(w / s)} in -127..127 with one scale {@code s} for each output
 *       channel, the largest magnitude of that row over 127; norm weights are folded in before.
 *   <li>An activation is quantised as it comes ({@code eight}), with one scale for each
 *       <em>row</em>. The library's own dynamic products take one scale for the whole tensor, which
 *       would let a token's numbers depend on its neighbours in the batch.
 *   <li>Sums of products are exact integers, so that a row's result does not depend on how many
 *       rows were computed with it.
 *   <li>A row may be multiplied by any number before it is quantised, since its scale follows: a
 *       norm is a factor of the row's scale, and no normalised copy is made; the same holds for the
 *       factor of the up projection.
 *   <li>The kernels multiply unsigned by signed numbers: a row is shifted by 128, which oneDNN
 *       takes back with column sums that it packs with the weights.
 * </ul>
 *
 * <p>A matrix is three tensors of the list: numbers in oneDNN's layout, scales, and zero points,
 * which are all 0. Measured in decision 0012; what it costs in accuracy in docs/exactness.md.
 */
final class QuantisedText {

  private static final String PRODUCTS =
      """
        def quantised(self: __torch__.M, w: Tensor, rows: int) -> List[Tensor]:
          s = torch.clamp_min(torch.div(torch.amax(torch.abs(w), [1], True), 127.), 1e-20)
          q = torch.to(torch.round(torch.div(w, s)), 1)
          f = torch.flatten(s)
          return [ops.onednn.qlinear_prepack(q, [rows, torch.size(q, 1)]), f, torch.zeros_like(f, dtype=3)]
        def eight(self: __torch__.M, x: Tensor) -> Tuple[Tensor, Tensor]:
          m = torch.maximum(torch.amax(x, [1], True), torch.neg(torch.amin(x, [1], True)))
          m = torch.clamp_min(m, 1e-20)
          y = torch.round_(torch.mul(x, torch.mul(torch.reciprocal(m), 127.)))
          i = torch.bitwise_xor_(torch.to(y, 1), -128)
          u = torch.set_(torch.empty([0], dtype=0), i, 0, [torch.size(x, 0), torch.size(x, 1)], [torch.size(x, 1), 1])
          return (u, torch.div(m, 127.))
        def product(self: __torch__.M, u: Tensor, p: List[Tensor], o: int) -> Tensor:
          return ops.onednn.qlinear_pointwise(u, 1., 128, p[o], p[torch.add(o, 1)], p[torch.add(o, 2)], None, 1., 0, 6, "none", annotate(List[Optional[number]], []), "")
        def prepare(self: __torch__.M, b: List[Tensor], last: bool, rows: int) -> List[Tensor]:
          q = (self).paired((self).folded(b[1], b[0], ), )
          k = (self).paired((self).folded(b[2], b[0], ), )
          v = (self).folded(b[3], b[0], )
          if last:
            r = torch.add((self).quantised(q, rows, ), (self).quantised(torch.cat([k, v]), rows, ))
          else:
            r = (self).quantised(torch.cat([q, k, v]), rows, )
          r = torch.add(r, (self).quantised(b[4], rows, ))
          r = torch.add(r, (self).quantised((self).folded(b[6], b[5], ), rows, ))
          r = torch.add(r, (self).quantised((self).folded(b[7], b[5], ), rows, ))
          r = torch.add(r, (self).quantised(b[8], rows, ))
          if torch.gt(torch.len(b), 9):
            bq = torch.flatten((self).paired(torch.unsqueeze(b[9], 1), ))
            bk = torch.flatten((self).paired(torch.unsqueeze(b[10], 1), ))
            if last:
              n = torch.append(r, bq)
              n = torch.append(r, torch.cat([bk, b[11]]))
            else:
              n = torch.append(r, torch.cat([bq, bk, b[11]]))
          return r
        def normed(self: __torch__.M, x: Tensor) -> Tuple[Tensor, Tensor]:
          u, s, = (self).eight(x, )
          n = torch.linalg_vector_norm(x, 2, [-1], True, dtype=6)
          r = torch.rsqrt_(torch.add_(torch.div_(torch.mul_(n, n), $WIDTH), $NORM_EPSILON))
          return (u, torch.mul(s, r))
        def onto(self: __torch__.M, x: Tensor, u: Tensor, s: Tensor, p: List[Tensor], o: int) -> Tensor:
          return torch.add_(torch.mul_((self).product(u, p, o, ), s), x)
        def mlp(self: __torch__.M, p: List[Tensor], o: int, x: Tensor) -> Tensor:
          u, s, = (self).normed(x, )
          g = torch.silu_(torch.mul_((self).product(u, p, torch.add(o, 6), ), s))
          g = torch.mul_(g, (self).product(u, p, torch.add(o, 9), ))
          v, t, = (self).eight(g, )
          return (self).onto(x, v, torch.mul(s, t), p, torch.add(o, 12), )
        def packed_block(self: __torch__.M, p: List[Tensor], layer: int, x: Tensor, t: Tensor, first: int, end: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor]) -> Tensor:
          o = torch.add(torch.mul(layer, $QUANTISED_STRIDE), $PACKED_FIRST)
          u, s, = (self).normed(x, )
          z = $QKV
          z = torch.view(z, [-1, $ALL_HEADS, $HEAD_WIDTH])
          y = (self).turn(torch.narrow(z, 1, 0, $ROTATED_HEADS), t, )
          q = torch.narrow(z, 1, 0, $HEADS)
          k = torch.narrow(z, 1, $HEADS, $KV_HEADS)
          v = torch.narrow(z, 1, $ROTATED_HEADS, $KV_HEADS)
          a, b, = (self).eight((self).mix(q, k, v, layer, first, end, lengths, starts, lengths, keys, caches, ), )
          h = (self).onto(x, a, b, p, torch.add(o, 3), )
          return (self).mlp(p, o, h, )
        def packed_last_block(self: __torch__.M, p: List[Tensor], x: Tensor, t: Tensor, first: int, end: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], asked: List[int], rows: Tensor) -> Tensor:
          o = torch.add(torch.mul($LAST_LAYER, $QUANTISED_STRIDE), $PACKED_FIRST)
          u, s, = (self).normed(x, )
          z = $LAST_KV
          z = torch.view(z, [-1, $KV_HEADS_TWICE, $HEAD_WIDTH])
          k = (self).turn(torch.narrow(z, 1, 0, $KV_HEADS), t, )
          v = torch.narrow(z, 1, $KV_HEADS, $KV_HEADS)
          u = torch.index_select(u, 0, rows)
          s = torch.index_select(s, 0, rows)
          q = $LAST_Q
          q = (self).turn(torch.view(q, [-1, $HEADS, $HEAD_WIDTH]), torch.index_select(t, 0, rows), )
          a, b, = (self).eight((self).mix(q, k, v, $LAST_LAYER, first, end, asked, starts, lengths, keys, caches, ), )
          h = (self).onto(torch.index_select(x, 0, rows), a, b, p, torch.add(o, 6), )
          return (self).mlp(p, torch.add(o, 3), h, )
      """;

  private static final int TENSORS_PER_MATRIX = 3;
  private static final int MATRICES = 5;

  private QuantisedText() {}

  /** All methods of a network in this form, for {@link PackedForward}. */
  static String of(ModelConfig config, Attention attention) {
    int matrices = MATRICES * TENSORS_PER_MATRIX;
    int last = matrices + TENSORS_PER_MATRIX;
    String products =
        PRODUCTS
            .replace("$QUANTISED_STRIDE", String.valueOf(matrices + (config.qkvBias() ? 1 : 0)))
            .replace("$QKV", scaled(config, 0, matrices))
            .replace("$LAST_KV", scaled(config, TENSORS_PER_MATRIX, last + 1))
            .replace("$LAST_Q", scaled(config, 0, last));
    return PackedText.of(config, Compute.FLOAT32, attention, products);
  }

  /** A product of {@code u} with its row scales {@code s} and, where there is one, its bias. */
  private static String scaled(ModelConfig config, int matrix, int bias) {
    String product = "torch.mul_((self).product(u, p, torch.add(o, %d), ), s)".formatted(matrix);
    return config.qkvBias()
        ? "torch.add_(%s, p[torch.add(o, %d)])".formatted(product, bias)
        : product;
  }
}
