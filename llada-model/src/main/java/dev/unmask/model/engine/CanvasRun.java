package dev.unmask.model.engine;

import dev.unmask.model.config.AttentionMask;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.config.SpecialTokens;
import dev.unmask.model.sampling.CommitRule;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.sampling.TokenLimits;
import dev.unmask.model.transformer.LoadedAdapter;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One request being denoised: its row with fixed text and canvas, the block it is in, and what it
 * wants of the next forward pass.
 *
 * <p>Drive it with: {@link #segment} (and the unconditional one when {@link #guided}), a forward
 * pass, a {@link TokenChooser} that knows the {@link #request}, {@link #commit}, until {@link
 * #finished}. Committed slots and fixed text never change. With {@link SlotRules} every commit
 * leaves a way to commit the rest; a choice that would not waits for the next step. Closing it
 * frees its caches.
 */
public final class CanvasRun implements AutoCloseable {

  /** Commits the best slot. */
  private static final CommitRule LEFT_OVER = new CommitRule.AtLeast(Double.POSITIVE_INFINITY);

  private final GenerationSettings settings;
  private final SpecialTokens tokens;
  private final Draws draws;
  private final int[] row;
  private final CanvasLayout layout;
  private final PassPlan plan;
  private final @Nullable LoadedAdapter adapter;
  private final @Nullable RuledSlots ruled;
  private final RowCaches caches = new RowCaches();
  private int block;
  private CommitRule rule;

  /** Steps of this block, those that needed no pass included. */
  private int stepInBlock;

  private int passInBlock;

  /** What the steps of finished blocks count for in addressing draws. */
  private int drawsBefore;

  private int[] asked;
  private int steps;
  private int forwards;
  private int spared;
  private boolean finished;

  /** The predictions of the last pass, when drafts are made of them. */
  private Predictions last = Predictions.NONE;

  /** Starts with a row whose masked positions are the canvas; {@code template} is copied. */
  public CanvasRun(int[] template, GenerationSettings settings, ModelConfig config, Draws draws) {
    this(template, settings, config, draws, null, null);
  }

  /** The same with an adapter beside the model, and rules of what the slots may say. */
  CanvasRun(
      int[] template,
      GenerationSettings settings,
      ModelConfig config,
      Draws draws,
      @Nullable LoadedAdapter adapter,
      @Nullable SlotRules rules) {
    this.adapter = adapter;
    this.ruled = rules == null ? null : new RuledSlots(rules, config.vocabularySize());
    this.settings = settings;
    this.tokens = config.tokens();
    this.draws = draws;
    this.row = template.clone();
    this.layout =
        new CanvasLayout(
            row,
            tokens.mask(),
            settings.blockLength(),
            config.mask() instanceof AttentionMask.BlockCausal blocks ? blocks.blockLength() : 0);
    this.plan =
        new PassPlan(
            layout, settings, !(config.mask() instanceof AttentionMask.Full), config.logitShift());
    this.rule = newRule();
    this.asked = nextAsked();
  }

  /** A copy without caches and last predictions, for a draft. */
  private CanvasRun(CanvasRun from) {
    settings = from.settings;
    tokens = from.tokens;
    draws = from.draws;
    row = from.row.clone();
    layout = from.layout;
    plan = from.plan;
    adapter = from.adapter;
    ruled = from.ruled;
    block = from.block;
    rule = from.rule;
    stepInBlock = from.stepInBlock;
    passInBlock = from.passInBlock;
    drawsBefore = from.drawsBefore;
    asked = from.asked;
    steps = from.steps;
  }

  /** Starts with an all-masked canvas behind {@code prompt}, which may be empty. */
  public static CanvasRun behind(
      int[] prompt, GenerationSettings settings, ModelConfig config, Draws draws) {
    return new CanvasRun(masked(prompt, settings, config), settings, config, draws);
  }

  /** A row with an all-masked canvas behind {@code prompt}. */
  static int[] masked(int[] prompt, GenerationSettings settings, ModelConfig config) {
    int[] row = Arrays.copyOf(prompt, prompt.length + settings.genLength());
    Arrays.fill(row, prompt.length, row.length, config.tokens().mask());
    return row;
  }

  /** Tokens that the next pass forwards, virtual ones and its unconditional copy included. */
  int passTokens() {
    Pass pass = plan.at(block, passInBlock);
    return (pass.to() - pass.from() + virtualTokens(pass)) * (guided() ? 2 : 1);
  }

  /** They are computed with the row's beginning, and kept in its cache like it. */
  private int virtualTokens(Pass pass) {
    return pass.from() == 0 ? virtualTokens() : 0;
  }

  private int virtualTokens() {
    return adapter == null ? 0 : adapter.virtualTokens();
  }

  /** What stands beside the model for this request; null for the model alone. */
  @Nullable LoadedAdapter adapter() {
    return adapter;
  }

  /**
   * Those of the {@link #passTokens} that the answer can show: with the early exit, slots behind a
   * committed end are forwarded only because what stands before them looks at them.
   */
  int usefulTokens() {
    Pass pass = plan.at(block, passInBlock);
    int end = pass.to();
    if (settings.eosEarlyExit() && answerEnded()) {
      end = Math.min(end, layout.position(answerLength()) + 1);
    }
    return (Math.max(0, end - pass.from()) + virtualTokens(pass)) * (guided() ? 2 : 1);
  }

  /** Whether the step needs an unconditional pass too. */
  public boolean guided() {
    return settings.cfgScale() > 0;
  }

  /**
   * What the next step forwards.
   *
   * @param predictor makes the cache when the first pass needs one
   * @param unconditional whether for guidance, with all fixed text masked
   */
  public PackedBatch.Segment segment(MaskPredictor predictor, boolean unconditional) {
    int[] ids = unconditional ? unconditional() : row;
    Pass pass = plan.at(block, passInBlock);
    return new PackedBatch.Segment(
        Arrays.copyOfRange(ids, pass.from(), pass.to()),
        pass.from(),
        asked,
        pass.cached() ? caches.get(predictor, unconditional, row.length + virtualTokens()) : null,
        pass.keys(),
        adapter);
  }

  private int[] unconditional() {
    int[] masked = new int[row.length];
    Arrays.fill(masked, tokens.mask());
    for (int slot = 0; slot < layout.slots(); slot++) {
      masked[layout.position(slot)] = row[layout.position(slot)];
    }
    return masked;
  }

  /** What {@link TokenChooser} has to know to decide the asked positions. */
  public TokenChooser.Request request() {
    return new TokenChooser.Request(settings, draws, draw(), asked, limits());
  }

  private @Nullable TokenLimits limits() {
    RuledSlots rules = ruled;
    return rules == null
        ? null
        : new TokenLimits(
            rules.classes(),
            IntStream.of(asked).map(layout::slot).mapToObj(rules::allowed).toList());
  }

  /**
   * This run, followed by its drafts: what it will be after each of the next steps if the last
   * predictions still hold by then. A draft is a run of its own that shares nothing with this one.
   * They end where the block ends, because nothing is predicted behind it. A run with rules has
   * none: what its slots may become was another thing at the last pass.
   */
  List<CanvasRun> withDrafts() {
    List<CanvasRun> line = new ArrayList<>();
    line.add(this);
    CanvasRun next = this;
    while (ruled == null && line.size() <= settings.draftSteps() && last.coverAll(next.asked)) {
      next = new CanvasRun(next);
      next.commit(last.of(next.asked));
      if (next.finished) {
        break;
      }
      line.add(next);
    }
    return line;
  }

  /** Counts the forward passes of this run and its drafts. */
  void forwarded(int line) {
    forwards += line * (guided() ? 2 : 1);
  }

  /** Whether the next pass of {@code other} is this one's too. */
  boolean standsLike(CanvasRun other) {
    return block == other.block
        && stepInBlock == other.stepInBlock
        && Arrays.equals(row, other.row);
  }

  /** How many predictions the next step needs. */
  int askedCount() {
    return asked.length;
  }

  /** Takes the choices of a forward pass for the asked positions. */
  public StepResult commit(TokenChooser.Choices choices) {
    if (settings.draftSteps() > 0) {
      last = new Predictions(asked, choices);
    }
    int[] predicted = choices.tokens();
    float[] confidence = choices.confidences();
    double[] order = new double[asked.length];
    for (int i = 0; i < order.length; i++) {
      // What has to be is committed anyhow, and takes no other slot's place in the step.
      order[i] = isForced(asked[i]) ? Double.NEGATIVE_INFINITY : choices.scores()[i];
    }
    List<SlotCommit> commits = new ArrayList<>();
    for (int i : surestFirst(rule().pick(stepInBlock, asked, order, this::uniform), order)) {
      if (ruled == null || ruled.takes(layout.slot(asked[i]), predicted[i])) {
        commit(layout.slot(asked[i]), predicted[i], confidence[i], commits);
      }
    }
    boolean unused = commitForced(commits);
    steps++;
    stepInBlock++;
    passInBlock++;
    int thisBlock = block;
    boolean blockFinished = masked().length == 0;
    if (blockFinished) {
      finishBlock();
      while (!finished && commitForced(commits) && masked().length == 0) {
        finishBlock();
      }
    }
    if (ruled != null) {
      commits.sort(Comparator.comparingInt(SlotCommit::slot));
    }
    int prefix = committedPrefix();
    if (!finished && settings.eosEarlyExit() && layout.open() && endsWithin(prefix)) {
      // What stands left of the end is all committed, and nothing right of it belongs to the
      // answer.
      endAnswer();
    }
    if (!finished) {
      asked = nextAsked();
    }
    return new StepResult(
        steps, thisBlock, List.copyOf(commits), prefix, maskedLeft(), blockFinished);
  }

  private void commit(int slot, int token, float confidence, List<SlotCommit> commits) {
    row[layout.position(slot)] = token;
    commits.add(new SlotCommit(slot, token, confidence));
    if (ruled != null) {
      ruled.commit(slot, token);
    }
  }

  /**
   * Indices in the order of falling scores where there are rules: of two that exclude each other
   * the surer one is taken, and the other slot is asked again.
   */
  private int[] surestFirst(int[] picked, double[] scores) {
    return ruled == null
        ? picked
        : IntStream.of(picked)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
            .mapToInt(Integer::intValue)
            .toArray();
  }

  private boolean isForced(int position) {
    return ruled != null && ruled.forced(layout.slot(position)).isPresent();
  }

  /** Commits what the rules leave no choice about in this block; returns whether they did. */
  private boolean commitForced(List<SlotCommit> commits) {
    RuledSlots rules = ruled;
    if (rules == null) {
      return false;
    }
    boolean any = false;
    for (int position : masked()) {
      int slot = layout.slot(position);
      OptionalInt token = rules.forced(slot);
      if (token.isPresent()) {
        commit(slot, token.getAsInt(), 1, commits);
        any = true;
      }
    }
    return any;
  }

  /** Ends the run with what is committed; slots still masked become EOS. */
  public void endAnswer() {
    for (int slot = 0; slot < layout.slots(); slot++) {
      if (row[layout.position(slot)] == tokens.mask()) {
        row[layout.position(slot)] = tokens.eos();
        spared++;
      }
    }
    finished = true;
  }

  /** Slots that became EOS without a decision, because the answer had ended before them. */
  int spared() {
    return spared;
  }

  /** Whether every slot is committed. */
  public boolean finished() {
    return finished;
  }

  /** Denoising steps so far. */
  public int steps() {
    return steps;
  }

  /** Rows forwarded so far: one a step, more with guidance and drafts. */
  public int forwards() {
    return forwards;
  }

  /** Fixed text and canvas as they are now. */
  public int[] row() {
    return row.clone();
  }

  /** The slots' tokens. */
  public int[] canvas() {
    return IntStream.range(0, layout.slots()).map(slot -> row[layout.position(slot)]).toArray();
  }

  /** The answer's tokens from its first up to a slot still masked, or up to its end, exclusive. */
  public int[] committedAnswer() {
    return Arrays.copyOf(canvas(), Math.min(committedPrefix(), answerLength()));
  }

  /**
   * The canvas up to the first token that ends an answer, exclusive; all of it when fixed text
   * stands behind it, because there the canvas is no answer.
   */
  public int[] answer() {
    return Arrays.copyOf(canvas(), answerLength());
  }

  /** Whether the answer ended inside the canvas. */
  public boolean answerEnded() {
    return answerLength() < layout.slots();
  }

  private int answerLength() {
    return layout.open() ? endWithin(layout.slots()) : layout.slots();
  }

  private boolean endsWithin(int slots) {
    return endWithin(slots) < slots;
  }

  /** The first slot below {@code slots} that ends an answer, or {@code slots}. */
  private int endWithin(int slots) {
    return IntStream.range(0, slots)
        .filter(slot -> tokens.endsAnswer(row[layout.position(slot)]))
        .findFirst()
        .orElse(slots);
  }

  private void finishBlock() {
    drawsBefore += Math.max(stepInBlock, rule.steps());
    stepInBlock = 0;
    passInBlock = 0;
    block++;
    if (block == layout.blocks()) {
      finished = true;
    } else {
      rule = newRule();
    }
  }

  private CommitRule newRule() {
    return CommitRule.of(
        settings.decoding(), settings.remasking(), layout.slots(block), settings.blocks());
  }

  /** Passes over steps that commit nothing: without a commit the next pass would be the same. */
  private int[] nextAsked() {
    int[] masked = masked();
    int[] next = rule().ask(stepInBlock, masked, this::uniform);
    while (next.length == 0) {
      stepInBlock++;
      next = rule().ask(stepInBlock, masked, this::uniform);
    }
    return next;
  }

  /** The block's rule; behind its planned steps, one slot a step of what other rules held back. */
  private CommitRule rule() {
    return ruled != null && rule.steps() > 0 && stepInBlock >= rule.steps() ? LEFT_OVER : rule;
  }

  /** The reference's count of forward passes, of which some are not made here. */
  private int draw() {
    return drawsBefore + stepInBlock;
  }

  private double uniform(int position) {
    return draws.remasking(draw(), position);
  }

  /** Positions of the current block's masked slots. */
  private int[] masked() {
    return IntStream.range(layout.firstSlot(block), layout.firstSlot(block) + layout.slots(block))
        .map(layout::position)
        .filter(position -> row[position] == tokens.mask())
        .toArray();
  }

  private int committedPrefix() {
    int slot = 0;
    while (slot < layout.slots() && row[layout.position(slot)] != tokens.mask()) {
      slot++;
    }
    return slot;
  }

  /** Slots that have no token yet. */
  int maskedLeft() {
    return (int)
        IntStream.range(0, layout.slots())
            .filter(slot -> row[layout.position(slot)] == tokens.mask())
            .count();
  }

  @Override
  public void close() {
    caches.close();
  }
}
