package dev.unmask.model.golden;

import dev.unmask.model.InvalidModelException;
import java.util.List;
import java.util.Set;

/** Judges the cases of some kinds. */
public interface GoldenCheck {

  /** The kinds it knows, as in cases.json. */
  Set<String> kinds();

  /**
   * Judges cases of one folder; a case's own trouble is a verdict, not an exception.
   *
   * @param cases of {@link #kinds} only
   * @return one verdict for each case, in order
   * @throws InvalidModelException when the folder's model or arrays cannot be used at all
   */
  List<GoldenVerdict> judge(GoldenFolder folder, List<GoldenCase> cases, GoldenPath path)
      throws InvalidModelException;
}
