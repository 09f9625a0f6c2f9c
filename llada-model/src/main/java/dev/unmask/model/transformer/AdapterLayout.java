package dev.unmask.model.transformer;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.torch.Argument;
import dev.unmask.model.torch.TensorList;
import dev.unmask.model.torch.TorchRuntime;
import dev.unmask.model.torch.TorchScriptModule;
import dev.unmask.model.transformer.LowRankAdapter.Factors;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.model.transformer.WeightTable.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Adapters of one network: lays them out for its form, and holds the text that runs with them,
 * which is compiled when first needed. Laying out may happen on any thread; {@link #forward} and
 * what is run by it belong to the engine's.
 */
final class AdapterLayout implements AutoCloseable {

  /** The network's form. */
  interface Form {
    /** The text with adapters. */
    String text();

    /**
     * Norm weights that are inside the products behind them, in which case turned pairs stand side
     * by side too; null where matrices lie as they are stored.
     */
    @Nullable NDArray attentionNorm(int layer);

    /** As {@link #attentionNorm}. */
    @Nullable NDArray mlpNorm(int layer);

    /** Whether the last layer's queries are a product of their own. */
    boolean splitsLast();
  }

  private final ModelConfig config;
  private final Compute compute;
  private final ForwardPath owner;
  private final Form form;
  private final TensorList nothing = new TensorList(List.of());
  private @Nullable TorchScriptModule forward;
  private @Nullable TorchScriptModule preparation;

  AdapterLayout(ModelConfig config, Compute compute, ForwardPath owner, Form form) {
    this.config = config;
    this.compute = compute;
    this.owner = owner;
    this.form = form;
  }

  /** The network with adapters. */
  TorchScriptModule forward() {
    if (forward == null) {
      forward = TorchScriptModule.shared(form.text());
    }
    return forward;
  }

  private synchronized TorchScriptModule preparation() {
    if (preparation == null) {
      preparation = TorchScriptModule.shared(AdaptedText.preparation(config, compute));
    }
    return preparation;
  }

  /**
   * The tensors of a pass's adapters.
   *
   * @throws IllegalArgumentException when one was made for another model
   */
  Argument tensors(AdapterRanges ranges) {
    List<TensorList> lists = new ArrayList<>();
    for (LowRankAdapter adapter : ranges.adapters()) {
      requireOwn(adapter.owner());
      lists.add(adapter.tensors());
    }
    // A list without entries would have no type.
    return Argument.ofLists(lists.isEmpty() ? List.of(nothing) : lists);
  }

  /**
   * The vectors of a pass's virtual tokens.
   *
   * @throws IllegalArgumentException when some were made for another model
   */
  Argument vectors(PackedBatch batch) {
    batch.prompts().forEach(prompt -> requireOwn(prompt.owner()));
    return Argument.of(batch.prompts().stream().map(SoftPrompt::vectors).toList());
  }

  private void requireOwn(ForwardPath other) {
    if (!other.equals(owner)) {
      throw new IllegalArgumentException("the adapter was made for another model");
    }
  }

  /**
   * An adapter.
   *
   * @param factors at most one for each matrix, shapes checked
   */
  LowRankAdapter lowRank(List<Factors> factors, double scale) {
    Map<List<Object>, Factors> known = new HashMap<>();
    factors.forEach(f -> known.put(List.of(f.layer(), f.role()), f));
    NDManager manager = TorchRuntime.newManager();
    try (NDManager passing = manager.newSubManager()) {
      NDArray none = passing.create(new float[0]);
      List<NDArray> laidOut = new ArrayList<>();
      for (int layer = 0; layer < config.layers(); layer++) {
        NDArray attention = Objects.requireNonNullElse(form.attentionNorm(layer), none);
        NDArray mlp = Objects.requireNonNullElse(form.mlpNorm(layer), none);
        Layer one = new Layer(manager, passing, known, layer, scale, none, laidOut);
        if (form.splitsLast() && layer == config.layers() - 1) {
          one.add(attention, Role.QUERY);
          one.add(attention, Role.KEY, Role.VALUE);
        } else {
          one.add(attention, Role.QUERY, Role.KEY, Role.VALUE);
        }
        one.add(none, Role.ATTENTION_OUT);
        one.add(mlp, Role.GATE, Role.UP);
        one.add(none, Role.DOWN);
      }
      long numbers = factors.stream().mapToLong(f -> f.a().length + (long) f.b().length).sum();
      return new LowRankAdapter(manager, new TensorList(laidOut), numbers * compute.bytes(), owner);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /**
   * A prompt.
   *
   * @param vectors {@code [virtual tokens, width]}
   */
  SoftPrompt prompt(float[] vectors) {
    NDManager manager = TorchRuntime.newManager();
    try (NDArray read =
        manager.create(vectors, new Shape(vectors.length / config.width(), config.width()))) {
      return new SoftPrompt(
          manager,
          preparation().callOne(manager, "vectors", Argument.of(read)),
          (long) vectors.length * compute.bytes(),
          owner);
    } catch (RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** The tensors of one layer as they are made. */
  private final class Layer {
    private final NDManager manager;
    private final NDManager passing;
    private final Map<List<Object>, Factors> known;
    private final int layer;
    private final double scale;
    private final NDArray none;
    private final List<NDArray> laidOut;

    Layer(
        NDManager manager,
        NDManager passing,
        Map<List<Object>, Factors> known,
        int layer,
        double scale,
        NDArray none,
        List<NDArray> laidOut) {
      this.manager = manager;
      this.passing = passing;
      this.known = known;
      this.layer = layer;
      this.scale = scale;
      this.none = none;
      this.laidOut = laidOut;
    }

    /** The matrices that take the same input. */
    void add(NDArray norm, Role... roles) {
      List<NDArray> a = new ArrayList<>();
      List<NDArray> b = new ArrayList<>();
      for (Role role : roles) {
        Factors found = known.get(List.of(layer, role));
        if (found == null) {
          a.add(none);
          b.add(none);
        } else {
          int rank = found.rank();
          a.add(passing.create(found.a(), new Shape(rank, found.a().length / rank)));
          b.add(passing.create(found.b(), new Shape(found.b().length / rank, rank)));
        }
      }
      laidOut.add(preparation().callOne(manager, "thin", Argument.of(a), Argument.of(norm)));
      for (int i = 0; i < roles.length; i++) {
        boolean turned =
            form.attentionNorm(layer) != null && (roles[i] == Role.QUERY || roles[i] == Role.KEY);
        laidOut.add(
            preparation()
                .callOne(
                    manager,
                    "wide",
                    Argument.of(b.get(i)),
                    Argument.of(scale),
                    Argument.of(turned)));
      }
    }
  }

  @Override
  public synchronized void close() {
    if (forward != null) {
      forward.close();
    }
    if (preparation != null) {
      preparation.close();
    }
    nothing.close();
  }
}
