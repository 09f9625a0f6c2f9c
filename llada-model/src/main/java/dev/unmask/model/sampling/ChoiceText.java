package dev.unmask.model.sampling;

/**
 * The tensor operations of {@link TokenChooser}, as TorchScript.
 *
 * <ul>
 *   <li>{@code guide}: u + (scale + 1)(c - u) in the rows {@code into} of c.
 *   <li>{@code log_total}: logsumexp in place of libtorch's, which passes over the row more often.
 *   <li>{@code best}: argmax, ties at the lowest column. The maximum of each stretch of {@code
 *       $STRETCH} columns first, which is vectorized as argmax is not.
 *   <li>{@code drawn}: the column at which the running sum of exp(z / temperature) reaches the
 *       uniform part of the whole, in float64: the inverse of the distribution function. By
 *       stretches first, then within one. A column of no weight is never drawn.
 *   <li>{@code noised}: the argmax with the reference's noise, for draws that it recorded.
 *   <li>{@code dropped}: the columns outside top_p (the first that reaches it is kept) and top_k;
 *       true is dropped. As Dream's generation_utils.py does it, on tempered logits.
 *   <li>{@code limited}: lowest in the columns whose class a row's list of forbidden classes names;
 *       the rows stand in the numbers that were sent, from {@code first}, and the lists behind
 *       them.
 *   <li>{@code choose}: token, confidence and score of each row, as three rows of float64. Writes
 *       into the logits.
 *   <li>{@code planned} and {@code guided}: {@code choose} and {@code guide} with the lists of
 *       {@link RowLists} behind one another in the numbers that were sent, float64 and int64, from
 *       {@code first}.
 * </ul>
 *
 * <p>All of it goes row by row, so that a row's result depends on no other. What is made is made
 * beside its inputs, and nothing is read back.
 */
final class ChoiceText {

  private static final String TEXT =
      """
        def rows(self: __torch__.M, z: Tensor, start: int, count: int) -> Tensor:
          return torch.narrow(z, 0, start, count)
        def guide(self: __torch__.M, c: Tensor, u: Tensor, into: Tensor, scale: Tensor) -> Tensor:
          g = torch.add(u, torch.mul(torch.sub(torch.index_select(c, 0, into), u), scale))
          return torch.index_copy(c, 0, into, g)
        def without(self: __torch__.M, z: Tensor, rows: Tensor, column: int, lowest: float) -> Tensor:
          y = torch.index_fill_(torch.select(z, 1, column), 0, rows, lowest)
          return z
        def log_total(self: __torch__.M, z: Tensor) -> Tensor:
          m = torch.amax(z, [1], True)
          t = torch.sum(torch.exp_(torch.sub(z, m)), [1])
          return torch.add(torch.squeeze(m, 1), torch.log_(t))
        def in_stretch(self: __torch__.M, s: Tensor, j: Tensor) -> Tensor:
          at = torch.expand(torch.unsqueeze(j, 2), [-1, -1, $STRETCH])
          return torch.squeeze(torch.gather(s, 1, at), 1)
        def best(self: __torch__.M, z: Tensor) -> Tensor:
          s = torch.unflatten(z, 1, [-1, $STRETCH])
          j = torch.argmax(torch.amax(s, [2]), 1, True)
          i = torch.argmax((self).in_stretch(s, j, ), 1)
          return torch.add(torch.mul(torch.squeeze(j, 1), $STRETCH), i)
        def reached(self: __torch__.M, sums: Tensor, part: Tensor) -> Tensor:
          i = torch.searchsorted(sums, torch.minimum(part, torch.narrow(sums, 1, -1, 1)))
          return torch.clamp(i, 0, torch.sub(torch.size(sums, 1), 1))
        def drawn(self: __torch__.M, z: Tensor, temperatures: Tensor, uniforms: Tensor) -> Tensor:
          t = torch.div_(torch.to(z, 7), temperatures)
          t = torch.exp_(torch.sub_(t, torch.amax(t, [1], True)))
          s = torch.unflatten(t, 1, [-1, $STRETCH])
          sums = torch.cumsum(torch.sum(s, [2]), 1)
          part = torch.mul(torch.narrow(sums, 1, -1, 1), uniforms)
          j = (self).reached(sums, part, )
          before = torch.gather(torch.constant_pad_nd(sums, [1, 0]), 1, j)
          i = (self).reached(torch.cumsum((self).in_stretch(s, j, ), 1), torch.sub(part, before), )
          return torch.squeeze(torch.add(torch.mul(j, $STRETCH), i), 1)
        def noised(self: __torch__.M, z: Tensor, temperatures: Tensor, u: Tensor) -> Tensor:
          g = torch.neg(torch.log(torch.neg(torch.log(u))))
          return torch.argmax(torch.add(torch.to(z, 7), torch.mul(g, temperatures)), 1)
        def dropped(self: __torch__.M, t: Tensor, topP: Tensor, topK: Tensor) -> Tensor:
          s, i = torch.sort(t, 1, True)
          c = torch.cumsum(torch.softmax(s, 1), 1)
          first = torch.zeros_like(torch.narrow(c, 1, 0, 1))
          before = torch.cat([first, torch.narrow(c, 1, 0, torch.sub(torch.size(c, 1), 1))], 1)
          d = torch.logical_or(torch.gt(before, topP), torch.lt(s, torch.gather(s, 1, topK)))
          return torch.scatter(torch.zeros_like(d), 1, i, d)
        def within(self: __torch__.M, a: Tensor, d: Tensor, lowest: float) -> Tensor:
          best = torch.amax(a, [1], True)
          r = torch.masked_fill(a, d, lowest)
          none = torch.eq(torch.amax(r, [1], True), lowest)
          return torch.where(none, torch.masked_fill(a, torch.lt(a, best), lowest), r)
        def score(self: __torch__.M, t: Tensor, y: Tensor, measure: Tensor) -> Tensor:
          p = torch.softmax(t, 1)
          chosen = torch.squeeze(torch.gather(p, 1, torch.unsqueeze(y, 1)), 1)
          two, i = torch.topk(p, 2, 1)
          margin = torch.sub(torch.select(two, 1, 0), torch.select(two, 1, 1))
          entropy = torch.sum(torch.mul(p, torch.log(torch.add(p, 1.0e-10))), [1])
          r = torch.where(torch.eq(measure, 1), margin, chosen)
          return torch.where(torch.eq(measure, 2), entropy, r)
        def limited(self: __torch__.M, z: Tensor, x: Tensor, n: Tensor, first: int, k: int, c: int, classes: Tensor, lowest: float) -> Tensor:
          rows = torch.narrow(n, 0, first, k)
          lists = torch.narrow(x, 0, torch.add(first, k), torch.mul(k, c))
          forbidden = torch.gt(torch.view(lists, [k, c]), 0.5)
          bad = torch.index_select(forbidden, 1, classes)
          r = torch.masked_fill(torch.index_select(z, 0, rows), bad, lowest)
          return torch.index_copy(z, 0, rows, r)
        def some(self: __torch__.M, z: Tensor, rows: Tensor) -> Tensor:
          x = z
          if torch.ne(torch.numel(rows), torch.size(z, 0)):
            x = torch.index_select(z, 0, rows)
          return x
        def choose(self: __torch__.M, z: Tensor, forbidden: Tensor, eos: int, eot: int, noEos: Tensor, lateEos: Tensor, warm: Tensor, temperatures: Tensor, uniforms: Tensor, noisy: Tensor, noiseScales: Tensor, given: Tensor, measured: Tensor, divisors: Tensor, topP: Tensor, topK: Tensor, measures: Tensor, lowest: float) -> Tensor:
          if torch.gt(torch.numel(noEos), 0):
            z = (self).without(z, noEos, eos, lowest, )
          total = (self).log_total(z, )
          allowed = z
          t = z
          if torch.gt(torch.add(torch.numel(measured), torch.numel(lateEos)), 0):
            allowed = torch.clone(z)
          allowed = torch.index_fill_(allowed, 1, forbidden, lowest)
          if torch.gt(torch.numel(measured), 0):
            t = torch.div(torch.index_select(z, 0, measured), divisors)
            if torch.gt(torch.numel(topP), 0):
              d = (self).dropped(t, topP, topK, )
              t = torch.masked_fill(t, d, lowest)
              a = (self).within(torch.index_select(allowed, 0, measured), d, lowest, )
              allowed = torch.index_copy(allowed, 0, measured, a)
          y = (self).best(allowed, )
          if torch.gt(torch.numel(warm), 0):
            w = (self).drawn((self).some(allowed, warm, ), temperatures, uniforms, )
            y = torch.index_copy(y, 0, warm, w)
          if torch.gt(torch.numel(noisy), 0):
            n = (self).noised((self).some(allowed, noisy, ), noiseScales, given, )
            y = torch.index_copy(y, 0, noisy, n)
          if torch.gt(torch.numel(lateEos), 0):
            z = (self).without(z, lateEos, eos, lowest, )
            if torch.ge(eot, 0):
              z = (self).without(z, lateEos, eot, lowest, )
            late = (self).log_total(torch.index_select(z, 0, lateEos), )
            total = torch.index_copy(total, 0, lateEos, late)
          p = torch.sub(torch.squeeze(torch.gather(z, 1, torch.unsqueeze(y, 1)), 1), total)
          confidence = torch.exp(p)
          scores = confidence
          if torch.gt(torch.numel(measured), 0):
            own = (self).score(t, torch.index_select(y, 0, measured), measures, )
            scores = torch.index_copy(scores, 0, measured, own)
          return torch.stack([torch.to(y, 7), torch.to(confidence, 7), torch.to(scores, 7)])
        def column(self: __torch__.M, x: Tensor, start: int, count: int) -> Tensor:
          return torch.unsqueeze(torch.narrow(x, 0, start, count), 1)
        def guided(self: __torch__.M, c: Tensor, u: Tensor, x: Tensor, n: Tensor, first: int) -> Tensor:
          k = torch.size(u, 0)
          into = torch.narrow(n, 0, first, k)
          scale = torch.to((self).column(x, torch.add(first, k), k, ), 6)
          return (self).guide(c, u, into, scale, )
        def planned(self: __torch__.M, z: Tensor, x: Tensor, n: Tensor, first: int, counts: List[int], forbidden: Tensor, eos: int, eot: int, lowest: float) -> Tensor:
          a = first
          noEos = torch.narrow(n, 0, a, counts[0])
          a = torch.add(a, counts[0])
          lateEos = torch.narrow(n, 0, a, counts[1])
          a = torch.add(a, counts[1])
          warm = torch.narrow(n, 0, a, counts[2])
          a = torch.add(a, counts[2])
          temperatures = (self).column(x, a, counts[2], )
          a = torch.add(a, counts[2])
          uniforms = (self).column(x, a, counts[2], )
          a = torch.add(a, counts[2])
          noisy = torch.narrow(n, 0, a, counts[3])
          a = torch.add(a, counts[3])
          noiseScales = (self).column(x, a, counts[3], )
          a = torch.add(a, counts[3])
          m = torch.mul(counts[3], torch.size(z, 1))
          given = torch.view(torch.narrow(x, 0, a, m), [counts[3], torch.size(z, 1)])
          a = torch.add(a, m)
          measured = torch.narrow(n, 0, a, counts[4])
          a = torch.add(a, counts[4])
          divisors = torch.to((self).column(x, a, counts[4], ), 6)
          a = torch.add(a, counts[4])
          measures = torch.narrow(n, 0, a, counts[4])
          a = torch.add(a, counts[4])
          topP = torch.to((self).column(x, a, counts[5], ), 6)
          a = torch.add(a, counts[5])
          topK = (self).column(n, a, counts[5], )
          return (self).choose(z, forbidden, eos, eot, noEos, lateEos, warm, temperatures, uniforms, noisy, noiseScales, given, measured, divisors, topP, topK, measures, lowest, )
      """;

  /** Most columns of a stretch: few enough to search, many enough to make the rest cheap. */
  private static final int LONGEST = 128;

  private ChoiceText() {}

  /** The text for rows of {@code columns}. */
  static String of(int columns) {
    int stretch = LONGEST;
    while (columns % stretch != 0) {
      stretch--;
    }
    return TEXT.replace("$STRETCH", String.valueOf(stretch));
  }
}
