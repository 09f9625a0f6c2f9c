package dev.unmask.text;

import dev.unmask.text.template.MarkedText;
import dev.unmask.text.template.PythonText;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Finds control tokens in what a template wrote, and nowhere else: the first that begins in a run,
 * and of those the longest, as the tokenizers library does. Immutable.
 */
final class ControlTokens {

  /** The tokens that begin with a character, longest first. */
  private final Map<Character, List<AddedToken>> byFirst = new HashMap<>();

  ControlTokens(Collection<AddedToken> tokens) {
    for (AddedToken token : tokens) {
      if (!token.isText()) {
        byFirst.computeIfAbsent(token.content().charAt(0), first -> new ArrayList<>()).add(token);
      }
    }
    Comparator<AddedToken> longestFirst = Comparator.comparingInt(t -> -t.content().length());
    byFirst.values().forEach(list -> list.sort(longestFirst));
  }

  /** The parts of a rendered text, in order; text parts are not empty and do not touch. */
  List<Part> parts(MarkedText text) {
    List<Part> parts = new ArrayList<>();
    int from = 0;
    int at = 0;
    while (at < text.length()) {
      AddedToken token = tokenAt(text, at);
      if (token == null) {
        at++;
        continue;
      }
      int end = at + token.content().length();
      int textEnd = at;
      while (token.leftStrip() && textEnd > from && isSpace(text, textEnd - 1)) {
        textEnd--;
      }
      addText(text, from, textEnd, parts);
      parts.add(new Part.Control(token.id(), at));
      while (token.rightStrip() && end < text.length() && isSpace(text, end)) {
        end++;
      }
      from = end;
      at = end;
    }
    addText(text, from, text.length(), parts);
    return parts;
  }

  private @Nullable AddedToken tokenAt(MarkedText text, int at) {
    for (AddedToken token : byFirst.getOrDefault(text.chars().charAt(at), List.of())) {
      int end = at + token.content().length();
      if (text.chars().startsWith(token.content(), at)
          && text.isLiteral(at, end)
          && !(token.singleWord() && (isWord(text, at - 1) || isWord(text, end)))) {
        return token;
      }
    }
    return null;
  }

  private static void addText(MarkedText text, int from, int to, List<Part> parts) {
    if (from < to) {
      parts.add(new Part.Run(text.chars().substring(from, to), from));
    }
  }

  private static boolean isSpace(MarkedText text, int at) {
    return PythonText.isSpace(text.chars().charAt(at));
  }

  private static boolean isWord(MarkedText text, int at) {
    return at >= 0
        && at < text.length()
        && (Character.isLetterOrDigit(text.chars().charAt(at)) || text.chars().charAt(at) == '_');
  }

  /** A control token, or a run of text between two of them; {@code at} is where it begins. */
  sealed interface Part {

    int at();

    record Control(int id, int at) implements Part {}

    record Run(String text, int at) implements Part {}
  }
}
