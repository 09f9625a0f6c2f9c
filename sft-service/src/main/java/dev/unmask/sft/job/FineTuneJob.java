package dev.unmask.sft.job;

import dev.unmask.model.InvalidModelException;
import dev.unmask.model.config.ModelConfig;
import dev.unmask.model.training.MergedFolder;
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
import dev.unmask.sft.recipe.HeldOut;
import dev.unmask.sft.recipe.Hyperparameters;
import dev.unmask.sft.recipe.InvalidHyperparameterException;
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
import dev.unmask.store.StoreException;
import dev.unmask.store.release.Gates;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.TokenizerException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A job as a recipe: read the rows, ask the probes, train, ask them again, publish, wait for the
 * samplers, judge, move the aliases. Every part may be done again by another owner of the job.
 */
final class FineTuneJob {

  private static final Logger LOG = System.getLogger(FineTuneJob.class.getName());

  private static final String DEFAULT_ALIAS = "default";
  private static final double PROGRESS_EVERY_SECONDS = 1;

  private final JobRequest request;
  private final ArtifactStore store;
  private final RunFolder folder;
  private final Precision precision;
  private final JobEvents events;
  private final Publication publication;
  private final DialogueTopic topics;
  private final QuestionGate gate;
  private final Claim claim;
  private final BooleanSupplier stop;
  private final long begun = System.nanoTime();

  FineTuneJob(
      JobRequest request,
      ArtifactStore store,
      RunFolder folder,
      Precision precision,
      JobEvents events,
      Publication publication,
      DialogueTopic topics,
      QuestionGate gate,
      Claim claim,
      BooleanSupplier stop) {
    this.request = request;
    this.store = store;
    this.folder = folder;
    this.precision = precision;
    this.events = events;
    this.publication = publication;
    this.topics = topics;
    this.gate = gate;
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
          done.isPresent() ? new Trained(store.readManifest(done.get()), 0) : train(parent);
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

  /**
   * Weights in the store.
   *
   * @param stepSeconds what this owner's updates took
   */
  private record Trained(Manifest manifest, double stepSeconds) {}

  private Trained train(Manifest parent)
      throws IOException,
          InvalidModelException,
          TokenizerException,
          TrainingDivergedException,
          JobFailedException,
          JobAbandonedException {
    events.validating();
    layOut(parent);
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

  /** The weights to start from as one folder; those of an adapter with its product added. */
  private void layOut(Manifest parent)
      throws IOException, InvalidModelException, JobFailedException {
    Digest under = parent.baseDigest();
    if (under == null) {
      CheckpointFolders.materialize(store, parent, folder.parent());
      return;
    }
    Manifest base = store.readManifest(under);
    if (parent.kind() == Manifest.Kind.PROMPT_TUNING) {
      throw new JobFailedException(
          "The model "
              + parent.model()
              + " is a prompt of virtual tokens on "
              + base.model()
              + "@"
              + under
              + "; nothing can be trained on top of it. Start from that model.");
    }
    CheckpointFolders.materialize(store, base, folder.parentBase());
    CheckpointFolders.materialize(store, parent, folder.parentAdapter());
    if (!Files.isDirectory(folder.parent())) {
      MergedFolder.write(folder.parentBase(), folder.parentAdapter(), folder.parent());
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
    refuseUnlessServed(parent, chosen);
    DatasetFacts facts = dataset.facts();
    events.rowsRead(
        facts,
        FineTuneRecipe.eosShare(chosen, rows.trained(), request.seed()),
        rows.heldOut().size(),
        reader.report(dataset));
    refuseUnlessUsable(facts, chosen);
    List<String> questions = questions(tokenizer, facts, parent);
    stopIfAsked();
    events.probes(
        false,
        ProbeRun.answers(
            new StoredWeights(folder.parent(), null), precision, tokenizer, questions));
    stopIfAsked();
    events.running(howItBegins());
    Progress progress = new Progress();
    Manifest manifest;
    double stepSeconds;
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
      manifest =
          new TrainedCheckpoint(request, store, folder, precision, gate)
              .store(
                  parent, reader.manifest(facts), chosen, run, progress.last, tokenizer, questions);
      stepSeconds = run.stepSeconds();
    }
    events.probes(
        true,
        ProbeRun.answers(
            folder.trained(manifest.kind().needsBase()), precision, tokenizer, questions));
    return new Trained(manifest, stepSeconds);
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
  private void refuseUnlessServed(Manifest parent, Hyperparameters chosen)
      throws JobFailedException {
    if (chosen.method() instanceof Method.PromptTuning) {
      if (parent.kind().needsBase()) {
        throw new JobFailedException(
            "The model "
                + parent.model()
                + " is an adapter, and virtual tokens need whole weights under them; train on its"
                + " base, or on weights that it was merged into.");
      }
      if (precision == Precision.INT8) {
        throw new JobFailedException(
            "This cluster computes in int8, where virtual tokens are not served; use the method"
                + " lora, whose weights are then published merged.");
      }
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
    // What the gates compare with: whoever moves the alias from here on is first.
    long epoch = publication.epoch(parent.base(), DEFAULT_ALIAS);
    publication.announce(manifest, request);
    events.published(manifest);
    Publication.Verification verification = publication.awaitWorkers(manifest, stop);
    stopIfAsked();
    refuseUnlessGood(verification);
    claim.confirm();
    String note =
        point(manifest.model(), manifest, publication.epoch(manifest.model(), DEFAULT_ALIAS));
    if (verification.verified().isEmpty()) {
      note +=
          "No sampler of "
              + parent.base()
              + " is running, so nobody has checked the weights"
              + " and "
              + parent.base()
              + "@default stays where it is.";
    } else if (request.activate()) {
      note += activate(parent.base(), manifest, epoch, verification);
    }
    String adapter = folder.adapterNote();
    return new Success((adapter + " " + note).strip(), metrics(trained));
  }

  /** Those of the weights, and where this owner's time went. */
  private Map<String, Double> metrics(Trained trained) {
    Map<String, Double> metrics = new LinkedHashMap<>(trained.manifest().metrics());
    metrics.put("job_seconds", (System.nanoTime() - begun) / 1e9);
    metrics.put("step_seconds", trained.stepSeconds());
    return metrics;
  }

  /** Moves the base's alias when the gates allow it; why not, otherwise. */
  private String activate(
      String base, Manifest manifest, long epoch, Publication.Verification verification)
      throws IOException {
    String refused =
        Stream.of(Gates.refusal(verification.gates()), gate.refusal(manifest.metrics()))
            .filter(reason -> !reason.isEmpty())
            .collect(Collectors.joining("; "));
    if (refused.isEmpty()) {
      return point(base, manifest, epoch);
    }
    return base
        + "@default stays where it is: "
        + refused
        + ". `unmask models activate "
        + base
        + "@"
        + manifest.digest()
        + " --force` moves it all the same.";
  }

  private String point(String model, Manifest manifest, long epoch) throws IOException {
    return switch (publication.moveAlias(
        model, DEFAULT_ALIAS, manifest.digest(), epoch, request.id())) {
      case Publication.Moved moved -> {
        events.aliasMoved(moved.move());
        yield "";
      }
      case Publication.Lost lost -> lost.why() + ". ";
    };
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
