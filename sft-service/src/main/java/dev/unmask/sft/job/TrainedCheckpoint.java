package dev.unmask.sft.job;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.training.AdapterFolder;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.Precision;
import dev.unmask.sft.pretrain.ModelFolder;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.training.EvaluationHistory;
import dev.unmask.sft.training.StepReport;
import dev.unmask.sft.training.TrainingRun;
import dev.unmask.store.AdapterFolders;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.StoreException;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/** What a run made, as a checkpoint in the store: whole weights, or an adapter beside its base. */
final class TrainedCheckpoint {

  private static final String ADAPTER_PURPOSE = "fine-tune-adapter";

  private final JobRequest request;
  private final ArtifactStore store;
  private final RunFolder folder;
  private final Precision precision;
  private final QuestionGate gate;

  TrainedCheckpoint(
      JobRequest request,
      ArtifactStore store,
      RunFolder folder,
      Precision precision,
      QuestionGate gate) {
    this.request = request;
    this.store = store;
    this.folder = folder;
    this.precision = precision;
    this.gate = gate;
  }

  /**
   * Stores files and manifest. They are also left in {@link RunFolder#adapter} or {@link
   * RunFolder#model}, where the questions of the gate have been asked of them.
   *
   * @param last the last step of this process; null when it made none
   * @param questions the probes
   */
  Manifest store(
      Manifest parent,
      Manifest.Dataset dataset,
      Hyperparameters chosen,
      TrainingRun run,
      @Nullable StepReport last,
      LladaTokenizer tokenizer,
      List<String> questions)
      throws StoreException, IOException, InvalidModelException, JobFailedException {
    Manifest.Kind kind = kind(parent, chosen.method());
    if (kind != Manifest.Kind.FULL) {
      run.model().writeAdapter(folder.adapter(), parent.model() + "@" + parent.digest());
      storeAdapter();
    }
    if (!kind.needsBase()) {
      ModelFolder.write(folder.model(), run.model(), folder.parent());
    }
    Map<String, Double> metrics = metrics(run, last);
    metrics.putAll(
        gate.ask(
            parent.digest(),
            new StoredWeights(folder.parent(), null),
            folder.trained(kind.needsBase()),
            precision,
            tokenizer));
    ManifestFacts made =
        ManifestFacts.trained(
            request.modelName(parent.base()),
            parent,
            kind,
            kind == Manifest.Kind.MERGED ? shape(chosen.method()) : null,
            System.currentTimeMillis() / 1000,
            training(dataset, chosen, run),
            metrics,
            questions.isEmpty()
                ? null
                : new Manifest.Probe(
                    Digest.of(String.join("\n", questions).getBytes(StandardCharsets.UTF_8)), null),
            Noise.EPSILON);
    Manifest manifest =
        kind.needsBase()
            ? AdapterFolders.importFolder(store, folder.adapter(), parent, made)
            : CheckpointFolders.importFolder(store, folder.model(), made);
    folder.published(manifest.digest());
    return manifest;
  }

  /**
   * An adapter is published by itself, beside its base. It is merged when that was asked for, where
   * the base is an adapter already, and in int8, which takes none.
   */
  private Manifest.Kind kind(Manifest parent, Method method) {
    return switch (method) {
      case Method.Full full -> Manifest.Kind.FULL;
      case Method.Lora lora ->
          request.merge() || parent.kind().needsBase() || precision == Precision.INT8
              ? Manifest.Kind.MERGED
              : Manifest.Kind.LORA;
      case Method.PromptTuning prompt -> Manifest.Kind.PROMPT_TUNING;
      case Method.Preference preference -> kind(parent, preference.trained());
    };
  }

  private static Manifest.@Nullable Lora shape(Method method) {
    return switch (method) {
      case Method.Lora lora ->
          new Manifest.Lora(lora.rank(), lora.alpha(), lora.targets(), lora.dropout(), false);
      case Method.Preference preference -> shape(preference.trained());
      case Method.Full full -> null;
      case Method.PromptTuning prompt -> null;
    };
  }

  private Manifest.Training training(
      Manifest.Dataset dataset, Hyperparameters chosen, TrainingRun run) {
    long step = run.position().step();
    return new Manifest.Training(
        request.id(),
        step,
        run.position().epoch(),
        request.seed(),
        TrainerBuild.version(),
        TrainerBuild.commit(),
        "AdamW",
        chosen.lossWeight() == LossWeight.INVERSE_T ? "1/t" : "uniform",
        chosen.learningRate(),
        step == 0 ? null : run.position().tokens() / step,
        run.position().tokens(),
        run.position().seconds(),
        "cpu",
        List.of(dataset));
  }

  private static Map<String, Double> metrics(TrainingRun run, @Nullable StepReport last) {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("train_loss", run.position().smoothedLoss());
    if (last != null && last.step() == run.position().step()) {
      metrics.put("train_cross_entropy", last.crossEntropy());
    }
    EvaluationHistory judged = run.evaluations();
    if (!Double.isNaN(judged.before())) {
      metrics.put("bound_before", judged.before());
    }
    if (judged.best() > 0) {
      metrics.put("bound_per_answer_token", judged.bestBound());
      metrics.put("bound_stderr", judged.bestError());
      metrics.put("best_step", (double) judged.best());
    }
    return metrics;
  }

  /** The adapter by itself, in PEFT's files, for whoever wants to have them. */
  private void storeAdapter() throws IOException {
    StringJoiner ids = new StringJoiner(", ");
    for (String name : List.of(AdapterFolder.CONFIG_FILE, AdapterFolder.WEIGHTS_FILE)) {
      try (InputStream file = Files.newInputStream(folder.adapter().resolve(name))) {
        String id =
            store.putFile(file, name, ADAPTER_PURPOSE, request.tenant(), Long.MAX_VALUE).id();
        ids.add(name + " is " + id);
      }
    }
    folder.adapterNote("The adapter in PEFT's format: " + ids + ".");
  }
}
