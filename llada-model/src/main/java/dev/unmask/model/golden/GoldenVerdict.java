package dev.unmask.model.golden;

/**
 * The outcome of one case on one path.
 *
 * @param name folder and case
 * @param path {@code oracle}, {@code packed} or {@code cluster}
 * @param largestError max|difference| / max|reference| for arrays, slots that differ for tokens
 * @param detail a sentence, empty when there is nothing to say
 */
public record GoldenVerdict(
    String name, String kind, String path, Verdict verdict, double largestError, String detail) {

  /** How it went. */
  public enum Verdict {
    PASS,
    FAIL,
    UNSUPPORTED
  }

  /** Passed if the error is at most {@code tolerance}; NaN never is. */
  public static GoldenVerdict byError(
      GoldenFolder folder, GoldenCase c, GoldenPath path, double error, double tolerance) {
    boolean passed = error <= tolerance;
    return new GoldenVerdict(
        folder.label(c),
        c.kind(),
        path.label(),
        passed ? Verdict.PASS : Verdict.FAIL,
        error,
        passed ? "" : "the error is " + error + ", allowed is " + tolerance);
  }

  /** Failed with a reason instead of a number. */
  public static GoldenVerdict failed(
      GoldenFolder folder, GoldenCase c, GoldenPath path, String detail) {
    return new GoldenVerdict(
        folder.label(c), c.kind(), path.label(), Verdict.FAIL, Double.NaN, detail);
  }

  /** Not something this build can run. */
  public static GoldenVerdict unsupported(
      GoldenFolder folder, GoldenCase c, GoldenPath path, String detail) {
    return new GoldenVerdict(
        folder.label(c), c.kind(), path.label(), Verdict.UNSUPPORTED, Double.NaN, detail);
  }
}
