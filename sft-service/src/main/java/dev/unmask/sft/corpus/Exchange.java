package dev.unmask.sft.corpus;

import java.util.List;

/** A question, its answer, and what a right answer has in it. */
record Exchange(String question, String answer, List<String> accepted) {

  Exchange asked(String otherQuestion) {
    return new Exchange(otherQuestion, answer, accepted);
  }
}
