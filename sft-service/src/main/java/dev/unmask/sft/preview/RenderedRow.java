package dev.unmask.sft.preview;

import dev.unmask.sft.recipe.TokenisedRows;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * A row as the model reads it.
 *
 * @param row its number, from 1
 * @param samples how many samples it gives
 * @param segments text that is learned and text that is not, in turn
 */
record RenderedRow(int row, int samples, List<Segment> segments) {

  /** Text of one kind; control tokens stand in it by their names. */
  record Segment(String text, boolean trained) {}

  /** The first rows of a dataset. */
  static List<RenderedRow> first(TokenisedRows rows, int count, LladaTokenizer tokenizer) {
    List<RenderedRow> rendered = new ArrayList<>();
    int from = 0;
    while (from < rows.size() && rendered.size() < count) {
      int to = from + 1;
      while (to < rows.size() && rows.row(to) == rows.row(from)) {
        to++;
      }
      List<TrainingSample> turns = new ArrayList<>();
      for (int i = from; i < to; i++) {
        turns.add(rows.sample(i));
      }
      rendered.add(new RenderedRow(rows.row(from) + 1, turns.size(), segments(turns, tokenizer)));
      from = to;
    }
    return rendered;
  }

  /**
   * Samples that begin the next one are shown in it, so that a dialogue appears once with all its
   * learned turns; others follow each other.
   */
  private static List<Segment> segments(List<TrainingSample> turns, LladaTokenizer tokenizer) {
    List<Segment> segments = new ArrayList<>();
    BitSet trained = new BitSet();
    for (int i = 0; i < turns.size(); i++) {
      TrainingSample turn = turns.get(i);
      trained.set(turn.promptLength(), turn.length());
      boolean goesOn =
          i + 1 < turns.size()
              && Arrays.mismatch(turn.ids(), turns.get(i + 1).ids()) == turn.length();
      if (!goesOn) {
        add(turn.ids(), trained, tokenizer, segments);
        trained.clear();
      }
    }
    return segments;
  }

  private static void add(
      int[] ids, BitSet trained, LladaTokenizer tokenizer, List<Segment> segments) {
    for (int from = 0; from < ids.length; ) {
      boolean learned = trained.get(from);
      int change = learned ? trained.nextClearBit(from) : trained.nextSetBit(from);
      int to = change < 0 ? ids.length : Math.min(ids.length, change);
      segments.add(new Segment(text(Arrays.copyOfRange(ids, from, to), tokenizer), learned));
      from = to;
    }
  }

  private static String text(int[] ids, LladaTokenizer tokenizer) {
    StringBuilder text = new StringBuilder();
    for (int from = 0; from < ids.length; ) {
      int to = from;
      while (to < ids.length && !tokenizer.isSpecial(ids[to])) {
        to++;
      }
      if (to > from) {
        text.append(tokenizer.decode(Arrays.copyOfRange(ids, from, to)));
      } else {
        text.append(tokenizer.tokenText(ids[to++]));
      }
      from = to;
    }
    return text.toString();
  }
}
