package dev.unmask.sft.job;

import dev.unmask.sft.dataset.DatasetFacts;
import dev.unmask.sft.dataset.DatasetSource;
import dev.unmask.sft.dataset.DialogueTopic;
import dev.unmask.sft.dataset.ReadOptions;
import dev.unmask.sft.dataset.TokenisedDataset;
import dev.unmask.sft.dataset.TopicCopy;
import dev.unmask.store.ArtifactStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoredFile;
import dev.unmask.text.LladaTokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/**
 * The rows of a job in tokens: read by its first owner, found in the run folder by all later ones,
 * whatever became of the file or the topic meanwhile. Training thread.
 */
final class JobRows {

  private static final long REPORT_LIMIT = 1L << 32;

  private final JobRequest request;
  private final ArtifactStore store;
  private final RunFolder folder;
  private final DialogueTopic topics;
  private final JobEvents events;
  private final BooleanSupplier stop;

  JobRows(
      JobRequest request,
      ArtifactStore store,
      RunFolder folder,
      DialogueTopic topics,
      JobEvents events,
      BooleanSupplier stop) {
    this.request = request;
    this.store = store;
    this.folder = folder;
    this.topics = topics;
    this.events = events;
    this.stop = stop;
  }

  /**
   * The rows. Rejected ones are told while they are read, so by the first owner only.
   *
   * @throws dev.unmask.sft.dataset.ReadingStoppedException when the job is to be left
   * @throws JobFailedException when there is no such file
   */
  TokenisedDataset open(LladaTokenizer tokenizer, ReadOptions options)
      throws IOException, JobFailedException {
    return open(folder.data(), request.trainingFile(), tokenizer, options);
  }

  /** The rows that the model is judged on, where the job names a file of them. */
  Optional<TokenisedDataset> validation(LladaTokenizer tokenizer, ReadOptions options)
      throws IOException, JobFailedException {
    String file = request.validationFile();
    if (file == null) {
      return Optional.empty();
    }
    TokenisedDataset rows = open(folder.validation(), file, tokenizer, options);
    Optional<String> refusal = rows.facts().refusal(request.maxBadRows());
    if (refusal.isPresent()) {
      rows.close();
      throw new JobFailedException("The validation file: " + refusal.get());
    }
    return Optional.of(rows);
  }

  private TokenisedDataset open(
      Path into, String asked, LladaTokenizer tokenizer, ReadOptions options)
      throws IOException, JobFailedException {
    Optional<TokenisedDataset> left = TokenisedDataset.resume(into, asked, options);
    if (left.isPresent()) {
      return left.get();
    }
    if (!asked.startsWith(DialogueTopic.PREFIX)) {
      return read(into, asked, file(asked), tokenizer, options);
    }
    String topic = asked.substring(DialogueTopic.PREFIX.length());
    try (TopicCopy copy = topics.copy(topic, into)) {
      return read(into, asked, copy, tokenizer, options);
    }
  }

  private TokenisedDataset read(
      Path into, String asked, DatasetSource source, LladaTokenizer tokenizer, ReadOptions options)
      throws IOException {
    return TokenisedDataset.read(into, asked, source, tokenizer, options, events::rejected, stop);
  }

  private DatasetSource file(String id) throws StoreException, JobFailedException {
    StoredFile file =
        store
            .file(id)
            .orElseThrow(() -> new JobFailedException("There is no uploaded file " + id + "."));
    return DatasetSource.file(file.filename(), id, () -> store.openFile(id));
  }

  /** The id of the stored report of all rejected rows; empty when there are none. */
  String report(TokenisedDataset dataset) throws IOException {
    if (dataset.facts().rejected() == 0) {
      return "";
    }
    Optional<String> stored = folder.report();
    if (stored.isPresent()) {
      return stored.get();
    }
    Path report = dataset.report();
    try (InputStream lines = Files.newInputStream(report)) {
      String name = request.id() + "." + report.getFileName();
      String id =
          store.putFile(lines, name, "fine-tune-report", request.tenant(), REPORT_LIMIT).id();
      folder.report(id);
      return id;
    }
  }

  /** What the manifest of the weights says about the rows. */
  Manifest.Dataset manifest(DatasetFacts facts) throws StoreException {
    String digest = store.file(request.trainingFile()).map(file -> file.digest().hex()).orElse("");
    return new Manifest.Dataset(facts.uri(), digest, facts.used(), facts.rejected(), "unknown");
  }
}
