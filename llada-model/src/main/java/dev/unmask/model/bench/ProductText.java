package dev.unmask.model.bench;

/** How the products of a step are made, as TorchScript. */
enum ProductText {
  /** {@code torch.linear} on plain matrices. */
  PLAIN(
      """
        def product(self: __torch__.M, x: Tensor, w: List[Tensor], p: List[Tensor], i: int) -> Tensor:
          return torch.linear(x, w[i])
        def pack(self: __torch__.M, w: Tensor, rows: int) -> Tensor:
          return w
      """),
  /** oneDNN on matrices that it has put in its own order. */
  ONEDNN(
      """
        def product(self: __torch__.M, x: Tensor, w: List[Tensor], p: List[Tensor], i: int) -> Tensor:
          e = annotate(List[Optional[number]], [])
          return ops.mkldnn._linear_pointwise(x, p[i], None, "none", e, "")
        def pack(self: __torch__.M, w: Tensor, rows: int) -> Tensor:
          return ops.mkldnn._reorder_linear_weight(w, rows)
      """),
  /** MKL's packed matrices: float32 only, and good for one number of rows. */
  MKL(
      """
        def product(self: __torch__.M, x: Tensor, w: List[Tensor], p: List[Tensor], i: int) -> Tensor:
          return ops.mkl._mkl_linear(x, p[i], w[i], None, torch.size(x, 0))
        def pack(self: __torch__.M, w: Tensor, rows: int) -> Tensor:
          return ops.mkl._mkl_reorder_linear_weight(w, rows)
      """);

  /** Results are used, or TorchScript would drop the products. */
  private static final String LOOPS =
      """
        def used(self: __torch__.M, s: Tensor, y: Tensor) -> Tensor:
          return torch.add(s, torch.select(torch.select(y, 0, 0), 0, 0))
        def blocks(self: __torch__.M, x: Tensor, a: Tensor, m: Tensor, w: List[Tensor], p: List[Tensor], n: int) -> Tensor:
          s = torch.select(torch.select(x, 0, 0), 0, 0)
          for i in range(n):
            o = torch.mul(i, 4)
            s = (self).used(s, (self).product(x, w, p, o, ), )
            s = (self).used(s, (self).product(a, w, p, torch.add(o, 1), ), )
            s = (self).used(s, (self).product(x, w, p, torch.add(o, 2), ), )
            s = (self).used(s, (self).product(m, w, p, torch.add(o, 3), ), )
          return s
        def head(self: __torch__.M, x: Tensor, w: List[Tensor], p: List[Tensor]) -> Tensor:
          s = torch.select(torch.select(x, 0, 0), 0, 0)
          return (self).used(s, (self).product(x, w, p, torch.sub(torch.len(w), 1), ), )
        def cast(self: __torch__.M, x: Tensor, type: int) -> Tensor:
          return torch.to(x, type)
      """;

  private final String product;

  ProductText(String product) {
    this.product = product;
  }

  /**
   * All methods: {@code blocks} and {@code head} over weights {@code w}, four matrices a block and
   * the head's behind them, and their packed forms {@code p} in the same order.
   */
  String text() {
    return product + LOOPS;
  }
}
