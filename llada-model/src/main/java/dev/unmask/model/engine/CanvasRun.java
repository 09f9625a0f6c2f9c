package dev.unmask.model.engine;

import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.sampling.CommitRule;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.model.sampling.TokenChooser;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One request being denoised: prompt and canvas, the block it is in, and what it wants of the next
 * forward pass.
 *
 * <p>Drive it with: {@link #askedPositions}, {@link #sequence} (and {@link #unconditional} when
 * {@link #guided}), a forward pass, a {@link TokenChooser}, {@link #commit}, until {@link
 * #finished}. Committed slots never change.
 */
public final class CanvasRun {

  private final GenerationSettings settings;
  private final SpecialTokens tokens;
  private final Draws draws;
  private final int promptLength;
  private final int[] row;
  private int block;
  private CommitRule rule;
  private int steps;
  private boolean finished;

  /** Starts with an all-masked canvas behind {@code prompt}, which may be empty. */
  public CanvasRun(int[] prompt, GenerationSettings settings, SpecialTokens tokens, Draws draws) {
    this.settings = settings;
    this.tokens = tokens;
    this.draws = draws;
    this.promptLength = prompt.length;
    this.row = Arrays.copyOf(prompt, prompt.length + settings.genLength());
    Arrays.fill(row, promptLength, row.length, tokens.mask());
    this.rule = newRule();
  }

  /** Prompt and canvas as they are now; live, not to be changed. */
  public int[] sequence() {
    return row;
  }

  /** Whether the step needs {@link #unconditional} too. */
  public boolean guided() {
    return settings.cfgScale() > 0;
  }

  /** The sequence with its prompt masked, for guidance. */
  public int[] unconditional() {
    int[] masked = row.clone();
    Arrays.fill(masked, 0, promptLength, tokens.mask());
    return masked;
  }

  /** Positions in {@link #sequence} of the masked slots of the current block, ascending. */
  public int[] askedPositions() {
    int start = promptLength + block * settings.blockLength();
    return IntStream.range(start, start + settings.blockLength())
        .filter(position -> row[position] == tokens.mask())
        .toArray();
  }

  /** What {@link TokenChooser} has to know to decide the asked positions. */
  public TokenChooser.Request request(int[] asked) {
    return new TokenChooser.Request(settings, draws, steps, asked);
  }

  /**
   * Takes the predictions of a forward pass.
   *
   * @param predicted a token for each asked position; never the mask
   * @param confidence its probability
   */
  public StepResult commit(int[] asked, int[] predicted, float[] confidence) {
    double[] order = new double[asked.length];
    for (int i = 0; i < asked.length; i++) {
      order[i] =
          settings.remasking() == Remasking.RANDOM
              ? draws.remasking(steps, asked[i])
              : confidence[i];
    }
    List<SlotCommit> commits = new ArrayList<>();
    for (int i : rule.pick(order)) {
      row[asked[i]] = predicted[i];
      commits.add(new SlotCommit(asked[i] - promptLength, predicted[i], confidence[i]));
    }
    steps++;
    int thisBlock = block;
    boolean blockFinished = commits.size() == asked.length;
    if (blockFinished) {
      finishBlock();
    }
    return new StepResult(
        steps, thisBlock, List.copyOf(commits), committedPrefix(), maskedLeft(), blockFinished);
  }

  /** Whether every slot is committed. */
  public boolean finished() {
    return finished;
  }

  /** Steps so far. */
  public int steps() {
    return steps;
  }

  /** The canvas without the prompt. */
  public int[] canvas() {
    return Arrays.copyOfRange(row, promptLength, row.length);
  }

  /** The canvas up to the first token that ends an answer, exclusive. */
  public int[] answer() {
    int[] canvas = canvas();
    return Arrays.copyOf(canvas, answerLength(canvas));
  }

  /** Whether the answer ended inside the canvas. */
  public boolean answerEnded() {
    int[] canvas = canvas();
    return answerLength(canvas) < canvas.length;
  }

  private int answerLength(int[] canvas) {
    return IntStream.range(0, canvas.length)
        .filter(slot -> tokens.endsAnswer(canvas[slot]))
        .findFirst()
        .orElse(canvas.length);
  }

  private void finishBlock() {
    block++;
    if (block == settings.blocks()) {
      finished = true;
    } else if (settings.eosEarlyExit() && answerEnded()) {
      // Blocks left of it cannot change any more and nothing right of it belongs to the answer.
      Arrays.fill(row, promptLength + block * settings.blockLength(), row.length, tokens.eos());
      finished = true;
    } else {
      rule = newRule();
    }
  }

  private CommitRule newRule() {
    return CommitRule.of(settings.decoding(), settings.blockLength(), settings.blocks());
  }

  private int committedPrefix() {
    int slot = promptLength;
    while (slot < row.length && row[slot] != tokens.mask()) {
      slot++;
    }
    return slot - promptLength;
  }

  private int maskedLeft() {
    return (int)
        IntStream.range(promptLength, row.length)
            .filter(position -> row[position] == tokens.mask())
            .count();
  }
}
