package dev.unmask.model.bench;

import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.inspect.Costs;
import dev.unmask.model.sampling.Draws;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.TokenChooser;
import dev.unmask.model.transformer.KeyValueCache;
import dev.unmask.model.transformer.LoadedAdapter;
import dev.unmask.model.transformer.MaskPredictor;
import dev.unmask.model.transformer.PackedBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * A forward pass that is measured again and again.
 *
 * @param batch what it forwards; only read
 * @param caches that the batch writes; closed with it
 * @param asked the slots of each sequence whose logits are wanted
 * @param flops operations of products, attention and the head's slots
 */
record Scenario(PackedBatch batch, List<KeyValueCache> caches, List<int[]> asked, double flops)
    implements AutoCloseable {

  /** The whole row of each request, with the first block's logits. */
  static Scenario full(List<Workload.Row> rows, ModelConfig config) {
    return full(rows, List.of(), config);
  }

  /**
   * The same with adapters.
   *
   * @param adapters one for each row, or none at all
   */
  static Scenario full(List<Workload.Row> rows, List<LoadedAdapter> adapters, ModelConfig config) {
    PackedBatch batch = new PackedBatch();
    List<int[]> asked = new ArrayList<>();
    for (Workload.Row row : rows) {
      LoadedAdapter adapter = adapters.isEmpty() ? null : adapters.get(asked.size());
      int first = batch.add(PackedBatch.Segment.whole(row.ids(), row.firstBlock(), adapter));
      assert first == asked.size() * Workload.BLOCK;
      asked.add(row.firstBlock());
    }
    return new Scenario(batch, List.of(), asked, flops(batch, config));
  }

  /**
   * The first block of each request over a dual cache of its row, which is filled here.
   *
   * @param fill runs a batch once
   */
  static Scenario cached(List<Workload.Row> rows, MaskPredictor model, Consumer<PackedBatch> fill) {
    return cached(rows, List.of(), model, fill);
  }

  /**
   * The same with adapters.
   *
   * @param adapters one for each row, or none at all
   */
  static Scenario cached(
      List<Workload.Row> rows,
      List<LoadedAdapter> adapters,
      MaskPredictor model,
      Consumer<PackedBatch> fill) {
    PackedBatch batch = new PackedBatch();
    List<KeyValueCache> caches = new ArrayList<>();
    List<int[]> asked = new ArrayList<>();
    for (Workload.Row row : rows) {
      LoadedAdapter adapter = adapters.isEmpty() ? null : adapters.get(asked.size());
      KeyValueCache cache = model.newCache(row.ids().length);
      caches.add(cache);
      PackedBatch whole = new PackedBatch();
      var unused =
          whole.add(
              new PackedBatch.Segment(
                  row.ids(), 0, new int[] {row.prompt()}, cache, row.ids().length, adapter));
      fill.accept(whole);
      int[] block = new int[Workload.BLOCK];
      System.arraycopy(row.ids(), row.prompt(), block, 0, block.length);
      int first =
          batch.add(
              new PackedBatch.Segment(
                  block, row.prompt(), row.firstBlock(), cache, row.ids().length, adapter));
      assert first == asked.size() * Workload.BLOCK;
      asked.add(row.firstBlock());
    }
    return new Scenario(batch, caches, asked, flops(batch, model.config()));
  }

  private static double flops(PackedBatch batch, ModelConfig config) {
    Costs costs = new Costs(config);
    double pairs = 0;
    for (PackedBatch.Segment segment : batch.segments()) {
      pairs += (double) segment.ids().length * segment.keys();
    }
    return (double) costs.blockFlopsPerToken() * batch.tokens()
        + costs.attentionFlopsPerTokenAndKey() * pairs
        + (double) costs.headFlopsPerSlot() * batch.askedRows();
  }

  /** What the sampling tail is told about the sequences. */
  List<TokenChooser.Request> requests(double temperature) {
    GenerationSettings settings =
        GenerationSettings.builder(Workload.BLOCK, Workload.BLOCK).temperature(temperature).build();
    List<TokenChooser.Request> requests = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      requests.add(new TokenChooser.Request(settings, new Draws.Seeded(i), 0, asked.get(i)));
    }
    return requests;
  }

  @Override
  public void close() {
    caches.forEach(KeyValueCache::close);
  }
}
