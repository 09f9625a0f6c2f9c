package dev.unmask.model.training;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * VRPO's loss (LLaDA 1.5, arXiv 2505.19223): direct preference optimisation on estimates of the
 * bound on the log-likelihood. With {@code B(y)} the estimate from n draws of (time, mask), which
 * are the same for policy and reference,
 *
 * <pre>
 *   margin = beta * ((B(chosen) - Bref(chosen)) - (B(rejected) - Bref(rejected)))
 *   loss   = mean over pairs of -log sigmoid(margin) + sftWeight * (-B(chosen) / length of chosen)
 * </pre>
 *
 * <p>The margin ties all draws of a pair together, yet no two of its batches need be in memory at
 * once: the gradient of -log sigmoid is a number times the gradients of the estimates. So a first
 * pass without gradients finds that number, and a second one adds each batch's gradient times it.
 * The price is one more forward of the policy.
 *
 * <p>Same thread as its model.
 */
public final class PreferenceLoss {

  /** The loss that a frozen model has on a batch, as {@link TrainableModel#loss}. */
  @FunctionalInterface
  public interface Reference {
    LossValue loss(MaskedBatch batch);
  }

  /**
   * What a step's pairs gave.
   *
   * @param loss the objective
   * @param preferenceLoss its first term, -log sigmoid of the margins; log 2 when policy and
   *     reference agree
   * @param supervisedLoss the second term before its weight
   * @param margin the mean margin, in nats times beta
   * @param accuracy share of pairs with a margin above 0
   * @param crossEntropySum unweighted, of all masked slots of the chosen answers
   * @param maskedSlots of the chosen answers
   */
  public record Value(
      double loss,
      double preferenceLoss,
      double supervisedLoss,
      double margin,
      double accuracy,
      double crossEntropySum,
      int maskedSlots) {}

  private final TrainableModel policy;
  private final Reference reference;
  private final Method.Preference settings;

  /**
   * For a method with adapters the reference is the policy's own frozen base.
   *
   * @throws IllegalArgumentException when the policy's method is not a preference with adapters
   */
  public PreferenceLoss(TrainableModel policy) {
    this(policy, policy::baseLoss);
    if (settings.lora() == null) {
      throw new IllegalArgumentException(
          "all weights learn, so the reference must be a model of its own");
    }
  }

  /**
   * Judges against another model, for example {@link TrainableModel#frozen}: when all weights learn
   * the weights that the run began with must be kept apart.
   *
   * @throws IllegalArgumentException when the policy's method is not a preference
   */
  public PreferenceLoss(TrainableModel policy, Reference reference) {
    if (!(policy.method() instanceof Method.Preference preference)) {
      throw new IllegalArgumentException("the model's method is " + policy.method().describe());
    }
    this.policy = policy;
    this.reference = reference;
    this.settings = preference;
  }

  /**
   * Adds the gradients of the mean over {@code pairs} to those that are there.
   *
   * @param share what the gradients are multiplied with: 1, or the part that these pairs are of an
   *     update that accumulates
   * @param seed of the run's stream: all that is drawn depends on it alone
   */
  public Value lossAndGradients(List<PreferencePair> pairs, double share, long seed) {
    return run(pairs, share, seed, true);
  }

  /** The loss alone, without dropout. */
  public Value loss(List<PreferencePair> pairs, long seed) {
    return run(pairs, 1, seed, false);
  }

  private Value run(List<PreferencePair> pairs, double share, long seed, boolean withGradients) {
    SplittableRandom random = new SplittableRandom(seed);
    Sums sums = new Sums();
    for (PreferencePair pair : pairs) {
      PreferencePair.Draws draws =
          pair.draw(settings.samples(), policy.config().tokens().mask(), random);
      long ofChosen = random.nextLong();
      long ofRejected = random.nextLong();
      LossValue chosen = value(draws.chosen(), withGradients, ofChosen);
      LossValue rejected = value(draws.rejected(), withGradients, ofRejected);
      // A batch's loss is the bound per token with the other sign: B = -length * loss.
      double better = pair.chosenLength() * (reference.loss(draws.chosen()).loss() - chosen.loss());
      double worse =
          pair.rejectedLength() * (reference.loss(draws.rejected()).loss() - rejected.loss());
      double margin = settings.beta() * (better - worse);
      sums.add(margin, chosen);
      if (withGradients) {
        double pull = settings.beta() / (1 + Math.exp(margin));
        double factor = share / pairs.size();
        add(draws.chosen(), factor * (pull * pair.chosenLength() + settings.sftWeight()), ofChosen);
        add(draws.rejected(), -factor * pull * pair.rejectedLength(), ofRejected);
      }
    }
    return sums.value(pairs.size(), settings.sftWeight());
  }

  private LossValue value(MaskedBatch batch, boolean withDropout, long draw) {
    return withDropout ? policy.lossWithDropout(batch, draw) : policy.loss(batch);
  }

  private void add(MaskedBatch batch, double factor, long draw) {
    LossValue ignored = policy.lossAndGradients(batch.weighted(factor), draw);
  }

  private static final class Sums {
    private final List<Double> margins = new ArrayList<>();
    private double supervised;
    private double crossEntropy;
    private int slots;

    void add(double margin, LossValue chosen) {
      margins.add(margin);
      supervised += chosen.loss();
      crossEntropy += chosen.crossEntropySum();
      slots += chosen.maskedSlots();
    }

    Value value(int pairs, double sftWeight) {
      double preference =
          margins.stream().mapToDouble(PreferenceLoss::minusLogSigmoid).sum() / pairs;
      return new Value(
          preference + sftWeight * supervised / pairs,
          preference,
          supervised / pairs,
          margins.stream().mapToDouble(m -> m).sum() / pairs,
          margins.stream().filter(m -> m > 0).count() / (double) pairs,
          crossEntropy,
          slots);
    }
  }

  /** Without overflow for any margin; not a number stays so. */
  private static double minusLogSigmoid(double margin) {
    return margin > 0 ? Math.log1p(Math.exp(-margin)) : -margin + Math.log1p(Math.exp(margin));
  }
}
