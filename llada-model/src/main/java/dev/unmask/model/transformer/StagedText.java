package dev.unmask.model.transformer;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.transformer.TransformerText.Attention;
import dev.unmask.model.transformer.TransformerText.Compute;

/**
 * The form of a forward pass that suits a device beside the processor, as methods that stand behind
 * those of {@link TransformerText}. It computes the same network with few and large operations,
 * because there the host's time for each operation is what a small step waits for:
 *
 * <ul>
 *   <li>Query, key and value are one product, gate and up are one; queries and keys are rotated
 *       together.
 *   <li>All of a step's ids, positions and asked rows come in one tensor that was sent once, and
 *       rotations are gathered by position; nothing is read back ({@link StagedPlan}).
 *   <li>Rows of one length are one attention call. None has a mask where the network is
 *       bidirectional, so that libtorch takes its fused kernels.
 * </ul>
 *
 * <p>Weights are the list that {@link StagedForward} makes: embedding, final norm, head; then for
 * each block norm, query-key-value, output, norm, gate-up, down and, where there is one, the bias.
 * {@code n} are the numbers sent, of which those of the pass begin at {@code first}.
 */
final class StagedText {

  private static final String TEXT =
      """
        def joined(self: __torch__.M, parts: List[Tensor]) -> Tensor:
          return torch.cat(parts)
        def attend_run(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, rows: int) -> Tensor:
          t = torch.size(q, 0)
          n = torch.floordiv(t, rows)
          kf = torch.transpose(torch.unflatten(k, 0, [rows, -1]), 1, 2)
          vf = torch.transpose(torch.unflatten(v, 0, [rows, -1]), 1, 2)
          $RUN
        def staged_attend(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, layer: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], runs: List[int]) -> Tensor:
          r = annotate(List[Tensor], [])
          s = 0
          i = 0
          for j in range(torch.len(runs)):
            n = torch.mul(runs[j], lengths[i])
            qi = torch.narrow(q, 0, s, n)
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
            m = torch.append(r, $ATTEND)
            s = torch.add(s, n)
            i = torch.add(i, runs[j])
          return torch.cat(r)
        def staged_block(self: __torch__.M, w: List[Tensor], layer: int, x: Tensor, cos: Tensor, sin: Tensor, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], runs: List[int]) -> Tensor:
          o = torch.add(torch.mul(layer, $STAGED_STRIDE), $STAGED_FIRST)
          z = torch.linear((self).norm(x, w[o], ), w[torch.add(o, 1)]$STAGED_BIAS)
          z = torch.view(z, [-1, $ALL_HEADS, $HEAD_WIDTH])
          y = (self).rope(torch.narrow(z, 1, 0, $ROTATED_HEADS), cos, sin, )
          q = torch.narrow(y, 1, 0, $HEADS)
          k = torch.narrow(y, 1, $HEADS, $KV_HEADS)
          v = torch.narrow(z, 1, $ROTATED_HEADS, $KV_HEADS)
          t = (self).staged_attend(q, k, v, layer, starts, lengths, keys, caches, runs, )
          h = torch.add(x, torch.linear(t, w[torch.add(o, 2)]))
          g = torch.linear((self).norm(h, w[torch.add(o, 3)], ), w[torch.add(o, 4)])
          u = torch.mul(torch.silu(torch.narrow(g, 1, 0, $MLP_WIDTH)), torch.narrow(g, 1, $MLP_WIDTH, $MLP_WIDTH))
          return torch.add(h, torch.linear(u, w[torch.add(o, 5)]))
        def staged_states(self: __torch__.M, w: List[Tensor], cosTable: Tensor, sinTable: Tensor, n: Tensor, first: int, tokens: int, asked: int, starts: List[int], lengths: List[int], keys: List[int], caches: List[Tensor], runs: List[int]) -> Tensor:
          ids = torch.narrow(n, 0, first, tokens)
          positions = torch.narrow(n, 0, torch.add(first, tokens), tokens)
          rows = torch.narrow(n, 0, torch.add(first, torch.mul(tokens, 2)), asked)
          cos = torch.to(torch.unsqueeze(torch.index_select(cosTable, 0, positions), 1), $ROPE_DTYPE)
          sin = torch.to(torch.unsqueeze(torch.index_select(sinTable, 0, positions), 1), $ROPE_DTYPE)
          x = torch.embedding(w[0], ids)
          for i in range($LAYERS):
            x = (self).staged_block(w, i, x, cos, sin, starts, lengths, keys, caches, runs, )
          return torch.index_select(x, 0, rows)
        def staged_head(self: __torch__.M, w: List[Tensor], x: Tensor) -> Tensor:
          return torch.to(torch.linear((self).norm(x, w[1], ), w[2]), 6)
      """;

  /** Without groups everything is a view, and so is the way back where the kernel is fused. */
  private static final String UNGROUPED =
      """
      qf = torch.transpose(torch.unflatten(q, 0, [rows, n]), 1, 2)
      a = torch.scaled_dot_product_attention(qf, kf, vf)
      return torch.reshape(torch.transpose(a, 1, 2), [t, $QUERY_WIDTH])
      """;

  /**
   * The query heads of a key-value head are queries of it: libtorch's grouped mode is not fused.
   */
  private static final String GROUPED =
      """
      qf = torch.permute(torch.unflatten(torch.unflatten(q, 1, [$KV_HEADS, $GROUP]), 0, [rows, n]), [0, 2, 3, 1, 4])
      a = torch.scaled_dot_product_attention(torch.reshape(qf, [rows, $KV_HEADS, torch.mul($GROUP, n), $HEAD_WIDTH]), kf, vf)
      y = torch.permute(torch.unflatten(a, 2, [$GROUP, n]), [0, 3, 1, 2, 4])
      return torch.reshape(y, [t, $QUERY_WIDTH])
      """;

  private StagedText() {}

  /** Index of the first block's norm in the list. */
  static final int FIRST = 3;

  /** Tensors of a block. */
  static int stride(ModelConfig config) {
    return config.qkvBias() ? 7 : 6;
  }

  /** Whether rows of one length may share an attention call: where no mask hides keys. */
  static boolean joins(ModelConfig config, Attention attention) {
    return attention == Attention.FUSED && config.mask() instanceof AttentionMask.Full;
  }

  static String of(ModelConfig config, Compute compute, Attention attention) {
    String run = config.heads() == config.kvHeads() ? UNGROUPED : GROUPED;
    String text =
        TEXT.replace("$RUN", run.stripTrailing().indent(4).strip())
            .replace(
                "$ATTEND)",
                joins(config, attention)
                    ? "(self).attend_run(qi, ki, vi, runs[j], ))"
                    : "(self).attend_row(qi, ki, vi, starts[i], ))")
            .replace("$STAGED_STRIDE", String.valueOf(stride(config)))
            .replace("$STAGED_FIRST", String.valueOf(FIRST))
            .replace("$STAGED_BIAS", config.qkvBias() ? ", w[torch.add(o, 6)]" : "")
            .replace("$ALL_HEADS", String.valueOf(config.heads() + 2 * config.kvHeads()))
            .replace("$ROTATED_HEADS", String.valueOf(config.heads() + config.kvHeads()))
            .replace("$MLP_WIDTH", String.valueOf(config.mlpWidth()));
    return TransformerText.of(config, compute, attention)
        + TransformerText.fill(text, config, compute);
  }
}
