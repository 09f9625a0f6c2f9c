package dev.unmask.sft.job;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.AdapterFolder;
import dev.unmask.model.training.LossWeight;
import dev.unmask.model.training.Method;
import dev.unmask.model.transformer.Precision;
import dev.unmask.model.transformer.TransformerText.Compute;
import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetFormat;
import dev.unmask.sft.dataset.DialogueTopic;
import dev.unmask.sft.dataset.ReadOptions;
import dev.unmask.sft.dataset.ReadingStoppedException;
import dev.unmask.sft.dataset.TokenisedDataset;
import dev.unmask.sft.evaluation.Evaluation;
import dev.unmask.sft.pretrain.ModelFolder;
import dev.unmask.sft.recipe.HeldOut;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.recipe.InvalidHyperparameterException;
import dev.unmask.sft.recipe.Noise;
import dev.unmask.sft.recipe.Packing;
import dev.unmask.sft.training.EvaluationHistory;
import dev.unmask.sft.training.ModelSource;
import dev.unmask.sft.training.StepReport;
import dev.unmask.sft.training.TrainingDivergedException;
import dev.unmask.sft.training.TrainingListener;
import dev.unmask.sft.training.TrainingPosition;
import dev.unmask.sft.training.TrainingRecipe;
import dev.unmask.sft.training.TrainingRun;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.CheckpointFolders;
import dev.unmask.store.Digest;
import dev.unmask.store.Manifest;
import dev.unmask.store.ManifestFacts;
import dev.unmask.store.StoreException;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A job as a recipe: read the rows, ask the probes, train, ask them again, publish, wait for the
 * samplers, judge, move the aliases. Every part may be done again by another owner of the job.
 */
final class FineTuneJob {

  private static final Logger LOG = System.getLogger(FineTuneJob.class.getName());

  private static final String DEFAULT_ALIAS = "default";
  private static final String ADAPTER_PURPOSE = "fine-tune-adapter";
  private static final double PROGRESS_EVERY_SECONDS = 1;

  private final JobRequest request;
  private final ArtifactStore store;
  private final RunFolder folder;
  private final Precision precision;
  private final JobEvents events;
  private final Publication publication;
  private final DialogueTopic topics;
  private final Claim claim;
  private final BooleanSupplier stop;

  FineTuneJob(
      JobRequest request,
      ArtifactStore store,
      RunFolder folder,
      Precision precision,
      JobEvents events,
      Publication publication,
      DialogueTopic topics,
      Claim claim,
      BooleanSupplier stop) {
    this.request = request;
    this.store = store;
    this.folder = folder;
    this.precision = precision;
    this.events = events;
    this.publication = publication;
    this.topics = topics;
    this.claim = claim;
    this.stop = stop;
  }

  /** What the end is told with. */
  record Success(String note, Map<String, Double> metrics) {}

  /**
   * Does the job up to its terminal event, which is the caller's.
   *
   * @throws JobFailedException with a sentence for the person who asked
   */
  Success run() throws JobFailedException, JobAbandonedException {
    try {
      Manifest parent = store.readManifest(request.parent());
      Optional<Digest> done = folder.published();
      Trained trained =
          done.isPresent() ? new Trained(store.readManifest(done.get()), Map.of()) : train(parent);
      return publish(parent, trained);
    } catch (StoreException
        | InvalidModelException
        | TokenizerException
        | InvalidHyperparameterException e) {
      throw new JobFailedException(String.valueOf(e.getMessage()), e);
    } catch (TrainingDivergedException e) {
      throw new JobFailedException(String.valueOf(e.getMessage()), e);
    } catch (ReadingStoppedException e) {
      throw new JobAbandonedException();
    } catch (IOException e) {
      throw JobFailedException.of(e);
    }
  }

  private record Trained(Manifest manifest, Map<String, Double> metrics) {}

  private Trained train(Manifest parent)
      throws IOException,
          InvalidModelException,
          TokenizerException,
          TrainingDivergedException,
          JobFailedException,
          JobAbandonedException {
    events.validating();
    CheckpointFolders.materialize(store, parent, folder.parent());
    ModelConfig config = ModelConfig.load(folder.parent());
    try (LladaTokenizer tokenizer = LladaTokenizer.load(folder.parent())) {
      JobRows reader = new JobRows(request, store, folder, topics, events, stop);
      ReadOptions options = FineTuneRecipe.reading(request, config);
      try (TokenisedDataset dataset = reader.open(tokenizer, options)) {
        Optional<TokenisedDataset> judges = reader.validation(tokenizer, options);
        try {
          return train(parent, tokenizer, config, dataset, judges, reader);
        } finally {
          judges.ifPresent(TokenisedDataset::close);
        }
      }
    }
  }

  private Trained train(
      Manifest parent,
      LladaTokenizer tokenizer,
      ModelConfig config,
      TokenisedDataset dataset,
      Optional<TokenisedDataset> judges,
      JobRows reader)
      throws IOException,
          InvalidModelException,
          TrainingDivergedException,
          JobFailedException,
          JobAbandonedException {
    HeldOut rows = FineTuneRecipe.split(request, dataset, judges.map(TokenisedDataset::rows));
    Hyperparameters chosen =
        FineTuneRecipe.chosen(request, dataset, rows.trained().size(), config, compute());
    refuseUnlessServed(chosen);
    DatasetFacts facts = dataset.facts();
    events.rowsRead(
        facts,
        FineTuneRecipe.eosShare(chosen, rows.trained(), request.seed()),
        rows.heldOut().size(),
        reader.report(dataset));
    refuseUnlessUsable(facts, chosen);
    List<String> questions = questions(tokenizer, facts, parent);
    stopIfAsked();
    events.probes(false, ProbeRun.answers(folder.parent(), precision, tokenizer, questions));
    stopIfAsked();
    events.running(howItBegins());
    Progress progress = new Progress();
    Manifest manifest;
    try (TrainingRun run =
        TrainingRun.open(
            folder.root(),
            TrainingRecipe.of(chosen, epoch -> rows.trained(), rows.heldOut(), request.seed()),
            source(chosen),
            FineTuneRecipe.identity(request, chosen, dataset, judges))) {
      run.run(progress);
      stopIfAsked();
      if (run.goBackToBest()) {
        LOG.log(Level.INFO, "job={0} event=best-step step={1}", request.id(), run.bestStep());
      }
      if (!run.model().isFinite()) {
        throw new JobFailedException("The trained weights are not all finite numbers.");
      }
      ModelFolder.write(folder.model(), run.model(), folder.parent());
      manifest = store(parent, reader.manifest(facts), chosen, run, progress, questions);
    }
    events.probes(true, ProbeRun.answers(folder.model(), precision, tokenizer, questions));
    return new Trained(manifest, manifest.metrics());
  }

  /** Text without dialogues can be learned without a chat template, but nobody can ask then. */
  private List<String> questions(LladaTokenizer tokenizer, DatasetFacts facts, Manifest parent)
      throws JobFailedException {
    if (tokenizer.hasChatTemplate()) {
      return request.probes().isEmpty() ? facts.questions() : request.probes();
    }
    if (!request.probes().isEmpty()) {
      throw new JobFailedException(
          "The model "
              + parent.model()
              + " has no chat template, so the probes cannot be asked; leave them out.");
    }
    return List.of();
  }

  private ModelSource source(Hyperparameters chosen) {
    ModelSource source =
        ModelSource.folder(folder.parent(), chosen.compute(), chosen.method(), request.seed());
    return chosen.recomputeActivations() ? source.recomputing() : source;
  }

  private String howItBegins() {
    long saved = claim.before().savedStep();
    if (saved == 0) {
      return "";
    }
    return folder.hasState()
        ? "It goes on from the state of step " + saved + " or a later one."
        : "The state of step " + saved + " is gone, so it begins again.";
  }

  /** What can be asked for but not be done to its end is refused before it is trained. */
  private static void refuseUnlessServed(Hyperparameters chosen) throws JobFailedException {
    if (chosen.method() instanceof Method.PromptTuning) {
      throw new JobFailedException(
          "Virtual tokens can be trained but no sampler serves them yet; use the method lora.");
    }
    if (chosen.packing() == Packing.PACKED) {
      throw new JobFailedException("packing \"packed\" is not available yet; use \"buckets\".");
    }
  }

  private void refuseUnlessUsable(DatasetFacts facts, Hyperparameters chosen)
      throws JobFailedException {
    Optional<String> refusal = facts.refusal(request.maxBadRows());
    if (refusal.isPresent()) {
      throw new JobFailedException(refusal.get());
    }
    boolean pairs = DatasetFormat.PREFERENCE.title().equals(facts.format());
    if (pairs != chosen.method() instanceof Method.Preference) {
      throw new JobFailedException(
          pairs
              ? "The rows are pairs of a better and a worse answer; only the method preference"
                  + " learns from them."
              : "The method preference needs rows with a better and a worse answer (chosen and"
                  + " rejected); these are of the format "
                  + facts.format()
                  + ".");
    }
  }

  private Manifest store(
      Manifest parent,
      Manifest.Dataset dataset,
      Hyperparameters chosen,
      TrainingRun run,
      Progress progress,
      List<String> questions)
      throws StoreException, IOException {
    Map<String, Double> metrics = new LinkedHashMap<>();
    metrics.put("train_loss", run.position().smoothedLoss());
    StepReport last = progress.last;
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
    Manifest.Training training =
        new Manifest.Training(
            request.id(),
            run.position().step(),
            run.position().epoch(),
            request.seed(),
            TrainerBuild.version(),
            TrainerBuild.commit(),
            "AdamW",
            chosen.lossWeight() == LossWeight.INVERSE_T ? "1/t" : "uniform",
            chosen.learningRate(),
            run.position().step() == 0 ? null : run.position().tokens() / run.position().step(),
            run.position().tokens(),
            run.position().seconds(),
            "cpu",
            List.of(dataset));
    Method.Lora lora = lora(chosen);
    Manifest manifest =
        CheckpointFolders.importFolder(
            store,
            folder.model(),
            ManifestFacts.trained(
                request.modelName(parent.base()),
                parent,
                isAdapter(chosen) ? Manifest.Kind.MERGED : Manifest.Kind.FULL,
                lora == null
                    ? null
                    : new Manifest.Lora(
                        lora.rank(), lora.alpha(), lora.targets(), lora.dropout(), false),
                System.currentTimeMillis() / 1000,
                training,
                metrics,
                questions.isEmpty()
                    ? null
                    : new Manifest.Probe(
                        Digest.of(String.join("\n", questions).getBytes(StandardCharsets.UTF_8)),
                        null),
                Noise.EPSILON));
    if (isAdapter(chosen)) {
      run.model().writeAdapter(folder.adapter(), parent.model() + "@" + parent.digest());
      storeAdapter();
    }
    folder.published(manifest.digest());
    return manifest;
  }

  private static boolean isAdapter(Hyperparameters chosen) {
    return lora(chosen) != null;
  }

  private static Method.@Nullable Lora lora(Hyperparameters chosen) {
    return switch (chosen.method()) {
      case Method.Lora lora -> lora;
      case Method.Preference preference -> preference.lora();
      case Method.Full full -> null;
      case Method.PromptTuning prompt -> null;
    };
  }

  /** The adapter by itself, in PEFT's files, beside the merged weights that samplers load. */
  private void storeAdapter() throws IOException {
    StringJoiner ids = new StringJoiner(", ");
    for (String name : List.of(AdapterFolder.CONFIG_FILE, AdapterFolder.WEIGHTS_FILE)) {
      try (InputStream file = Files.newInputStream(folder.adapter().resolve(name))) {
        String id = store.putFile(file, name, ADAPTER_PURPOSE, Long.MAX_VALUE).id();
        ids.add(name + " is " + id);
      }
    }
    folder.adapterNote("The adapter in PEFT's format: " + ids + ".");
  }

  private Success publish(Manifest parent, Trained trained)
      throws JobFailedException, JobAbandonedException {
    try {
      return announceAndActivate(parent, trained);
    } catch (IOException e) {
      // Kafka is away. The weights are in the store, so the next attempt goes on here.
      throw new UncheckedIOException(e);
    }
  }

  private Success announceAndActivate(Manifest parent, Trained trained)
      throws IOException, JobFailedException, JobAbandonedException {
    Manifest manifest = trained.manifest();
    claim.confirm();
    publication.announce(manifest, request.id());
    events.published(manifest);
    Publication.Verification verification = publication.awaitWorkers(manifest, stop);
    stopIfAsked();
    refuseUnlessGood(verification);
    claim.confirm();
    events.aliasMoved(
        publication.moveAlias(manifest.model(), DEFAULT_ALIAS, manifest.digest(), request.id()));
    boolean served = !verification.verified().isEmpty();
    if (request.activate() && served) {
      events.aliasMoved(
          publication.moveAlias(parent.base(), DEFAULT_ALIAS, manifest.digest(), request.id()));
    }
    String note =
        served
            ? ""
            : "No sampler of "
                + parent.base()
                + " is running, so nobody has checked the weights"
                + " and "
                + parent.base()
                + "@default stays where it is.";
    String adapter = folder.adapterNote();
    return new Success((adapter + " " + note).strip(), manifest.metrics());
  }

  private static void refuseUnlessGood(Publication.Verification verification)
      throws JobFailedException {
    for (Map.Entry<String, String> failure : verification.failed().entrySet()) {
      throw new JobFailedException(
          "The sampler "
              + failure.getKey()
              + " cannot use the new weights: "
              + failure.getValue()
              + " The old ones stay.");
    }
    if (!verification.silent().isEmpty()) {
      throw new JobFailedException(
          "No word about the new weights came in time from "
              + String.join(", ", verification.silent())
              + ". The old ones stay.");
    }
    boolean probed = !verification.answers().isEmpty();
    if (probed && verification.answers().stream().allMatch(a -> a.text().isBlank())) {
      throw new JobFailedException(
          "The new weights answer every probe with nothing. The old ones stay.");
    }
  }

  private void stopIfAsked() throws JobAbandonedException {
    if (stop.getAsBoolean()) {
      throw new JobAbandonedException();
    }
  }

  private Compute compute() {
    return precision.resolved() == Precision.BF16 ? Compute.BFLOAT16 : Compute.FLOAT32;
  }

  private final class Progress implements TrainingListener {

    private double told = Double.NEGATIVE_INFINITY;
    private @Nullable StepReport last;

    @Override
    public void onStep(StepReport report) {
      last = report;
      if (report.seconds() - told >= PROGRESS_EVERY_SECONDS || report.secondsLeft() <= 0) {
        told = report.seconds();
        events.progress(report);
      }
    }

    @Override
    public void onEvaluation(Evaluation evaluation) {
      events.evaluated(evaluation);
    }

    @Override
    public void onCheckpoint(TrainingPosition position) {
      events.saved(position.step());
    }

    @Override
    public boolean stopRequested() {
      return stop.getAsBoolean();
    }
  }
}
