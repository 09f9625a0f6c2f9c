package dev.unmask.sft.corpus;

import java.util.List;

/** A kind of dialogue whose answers come from what was said in it, not from a table of facts. */
interface Scene {

  /** What the row's {@code task} field says. */
  String name();

  /** Share of the corpus, relative to tasks and other scenes. */
  double weight();

  /**
   * One drawing of it.
   *
   * @param validation whether words and phrasings are those held out of training
   * @return exchanges in turn; the last one is what a probe asks
   */
  List<Exchange> make(boolean validation, Draw draw);

  /** An exchange whose answer is right when {@code accepted} stands in it. */
  static Exchange exchange(String question, String answer, String accepted) {
    return new Exchange(question, answer, List.of(accepted));
  }

  /** The phrasings that training uses, or those held out of it. */
  static String phrasing(List<String> seen, List<String> heldOut, boolean validation, Draw draw) {
    return draw.pick(validation && !heldOut.isEmpty() ? heldOut : seen);
  }
}
