package dev.unmask.text.template;

/**
 * What one rendering may still do, so that a hostile template ends in a sentence. One thread.
 *
 * <p>Published templates copy a message about five times and take some ten steps for each.
 */
final class Work {

  static final long STEPS = 1_000_000;
  static final long CHARACTERS = 4_000_000;

  /** How often the characters of the dialogue may be copied, beyond {@link #CHARACTERS}. */
  static final int COPIES = 64;

  private long steps;
  private long characters;

  /**
   * @param messages how many the dialogue has
   * @param given characters of the dialogue
   */
  Work(int messages, long given) {
    steps = STEPS + 1000L * messages;
    characters = CHARACTERS + COPIES * given;
  }

  /** Counts one step. */
  void step() {
    if (--steps < 0) {
      throw new ChatTemplateException(
          "The chat template needs more than " + STEPS + " steps for this dialogue.");
    }
  }

  /** Counts characters before they are written. */
  void characters(long more) {
    if (more < 0 || more > characters) {
      throw new ChatTemplateException(
          "The chat template writes more than "
              + CHARACTERS
              + " characters, and "
              + COPIES
              + " times those of the dialogue.");
    }
    characters -= more;
  }
}
