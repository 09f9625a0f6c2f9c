package dev.unmask.sft.tasks;

import dev.unmask.sft.corpus.ProbeCheck;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** How a written answer is compared with the right ones. Pure functions. */
public enum Match {

  /** Equal but for case, punctuation, articles and spacing. */
  EXACT {
    @Override
    public boolean right(String answer, List<String> targets) {
      return ProbeCheck.equalsOne(answer, targets);
    }
  },

  /** The last number of the answer is the last number of a target: 1,200 and 1200.0 are equal. */
  NUMERIC {
    @Override
    public boolean right(String answer, List<String> targets) {
      Optional<BigDecimal> given = lastNumber(answer);
      return given.isPresent()
          && targets.stream()
              .map(Match::lastNumber)
              .flatMap(Optional::stream)
              .anyMatch(wanted -> wanted.compareTo(given.get()) == 0);
    }
  },

  /** A target stands in the answer as whole words. */
  CONTAINS {
    @Override
    public boolean right(String answer, List<String> targets) {
      return ProbeCheck.accepts(answer, targets);
    }
  };

  /** Digits may be grouped by commas; a full stop behind the last digit ends a sentence. */
  private static final Pattern NUMBER =
      Pattern.compile("-?(?:\\d{1,3}(?:,\\d{3})+|\\d+)(?:\\.\\d+)?");

  /** Whether the answer is one of the targets. */
  public abstract boolean right(String answer, List<String> targets);

  /** The name in files and options. */
  public String title() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The match of a name in a file or an option. */
  public static Optional<Match> named(String title) {
    for (Match match : values()) {
      if (match.title().equals(title)) {
        return Optional.of(match);
      }
    }
    return Optional.empty();
  }

  /** What suits targets of which nobody said how to compare them. */
  static Match suited(List<String> targets) {
    return targets.stream().allMatch(target -> NUMBER.matcher(target.strip()).matches())
        ? NUMERIC
        : CONTAINS;
  }

  /** The last number in a text. */
  static Optional<BigDecimal> lastNumber(String text) {
    Matcher matcher = NUMBER.matcher(text);
    String last = null;
    while (matcher.find()) {
      // The minus of "3-4" is no sign.
      boolean joined =
          matcher.group().startsWith("-")
              && matcher.start() > 0
              && Character.isLetterOrDigit(text.charAt(matcher.start() - 1));
      last = joined ? matcher.group().substring(1) : matcher.group();
    }
    return last == null ? Optional.empty() : Optional.of(new BigDecimal(last.replace(",", "")));
  }
}
