package dev.unmask.model.sampling;

/**
 * The tensor operations of {@link TokenChooser}, as TorchScript.
 *
 * <ul>
 *   <li>{@code guide}: u + (scale + 1)(c - u) in the rows {@code into} of c.
 *   <li>{@code uniforms}: SplitMix64 of each key's stream, one number in (0, 1) a column, float64.
 *   <li>{@code dropped}: the columns outside top_p (the first that reaches it is kept) and top_k;
 *       true is dropped. As Dream's generation_utils.py does it, on tempered logits.
 *   <li>{@code choose}: token, confidence and score of each row.
 * </ul>
 */
final class ChoiceText {

  static final String TEXT =
      """
        def rows(self: __torch__.M, z: Tensor, start: int, count: int) -> Tensor:
          return torch.narrow(z, 0, start, count)
        def guide(self: __torch__.M, c: Tensor, u: Tensor, into: Tensor, scale: Tensor) -> Tensor:
          g = torch.add(u, torch.mul(torch.sub(torch.index_select(c, 0, into), u), scale))
          return torch.index_copy(c, 0, into, g)
        def without(self: __torch__.M, z: Tensor, rows: Tensor, column: int, lowest: float) -> Tensor:
          y = torch.index_fill_(torch.select(z, 1, column), 0, rows, lowest)
          return z
        def shifted(self: __torch__.M, x: Tensor, by: int, keep: int) -> Tensor:
          return torch.bitwise_and(torch.bitwise_right_shift(x, by), keep)
        def uniforms(self: __torch__.M, keys: Tensor, columns: int) -> Tensor:
          c = torch.mul(torch.add(torch.arange(columns, dtype=4), 1), -7046029254386353131)
          x = torch.add(torch.unsqueeze(keys, 1), torch.unsqueeze(c, 0))
          x = torch.mul(torch.bitwise_xor(x, (self).shifted(x, 30, 17179869183, )), -4658895280553007687)
          x = torch.mul(torch.bitwise_xor(x, (self).shifted(x, 27, 137438953471, )), -7723592293110705685)
          x = torch.bitwise_xor(x, (self).shifted(x, 31, 8589934591, ))
          u = torch.to((self).shifted(x, 11, 9007199254740991, ), 7)
          return torch.mul(torch.add(u, 0.5), 1.1102230246251565e-16)
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
        def choose(self: __torch__.M, z: Tensor, forbidden: Tensor, eos: int, eot: int, noEos: Tensor, lateEos: Tensor, noisy: Tensor, temperatures: Tensor, keys: Tensor, given: Tensor, measured: Tensor, divisors: Tensor, topP: Tensor, topK: Tensor, measures: Tensor, lowest: float) -> Tuple[Tensor, Tensor, Tensor]:
          if torch.gt(torch.add(torch.numel(noEos), torch.numel(lateEos)), 0):
            z = torch.clone(z)
          else:
            pass
          if torch.gt(torch.numel(noEos), 0):
            z = (self).without(z, noEos, eos, lowest, )
          allowed = torch.add(z, forbidden)
          t = z
          if torch.gt(torch.numel(measured), 0):
            t = torch.div(torch.index_select(z, 0, measured), divisors)
            if torch.gt(torch.numel(topP), 0):
              d = (self).dropped(t, topP, topK, )
              t = torch.masked_fill(t, d, lowest)
              a = (self).within(torch.index_select(allowed, 0, measured), d, lowest, )
              allowed = torch.index_copy(allowed, 0, measured, a)
          y = torch.argmax(allowed, 1)
          if torch.gt(torch.numel(noisy), 0):
            u = given
            if torch.gt(torch.numel(keys), 0):
              u = torch.cat([(self).uniforms(keys, torch.size(z, 1), ), given])
            g = torch.neg(torch.log(torch.neg(torch.log(u))))
            s = torch.add(torch.to(torch.index_select(allowed, 0, noisy), 7), torch.mul(g, temperatures))
            y = torch.index_copy(y, 0, noisy, torch.argmax(s, 1))
          if torch.gt(torch.numel(lateEos), 0):
            z = (self).without(z, lateEos, eos, lowest, )
            if torch.ge(eot, 0):
              z = (self).without(z, lateEos, eot, lowest, )
          p = torch.sub(torch.squeeze(torch.gather(z, 1, torch.unsqueeze(y, 1)), 1), torch.logsumexp(z, [1]))
          confidence = torch.exp(p)
          scores = confidence
          if torch.gt(torch.numel(measured), 0):
            own = (self).score(t, torch.index_select(y, 0, measured), measures, )
            scores = torch.index_copy(scores, 0, measured, own)
          return (y, confidence, scores)
      """;

  private ChoiceText() {}
}
