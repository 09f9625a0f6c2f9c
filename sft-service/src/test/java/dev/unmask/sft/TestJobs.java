package dev.unmask.sft;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.unmask.proto.Topics;
import dev.unmask.store.Digest;
import dev.unmask.store.FolderStore;
import dev.unmask.store.Manifest;
import dev.unmask.store.StoreException;
import dev.unmask.store.StoredFile;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.FineTuneCommand;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuneEvent.EventCase;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.StartFineTune;
import io.quarkus.test.junit.QuarkusTestProfile;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Sends jobs to the running service as a gateway does, and reads what it tells about them.
 *
 * @param root of the service's store
 */
record TestJobs(TestKafka kafka, Path root) {

  static final Duration PATIENCE = Duration.ofMinutes(2);

  /** Takes minutes unless it is stopped. */
  static final Change LONG =
      start -> start.getJobBuilder().getHyperparametersBuilder().setNEpochs(1000).setBatchSize(2);

  private static final long MOST_BYTES = 1 << 20;

  /** A store of its own, and keys, which are settings {@code test.key.<role>}. */
  public static final class Settings implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try {
        Path keys = Files.createTempDirectory("unmask-sft-keys").resolve("api-keys.json");
        ApiKeys.Made scraper = key("metrics");
        ApiKeys.Made caller = key("user");
        ApiKeyFile.write(keys, ApiKeys.none().with(scraper.key()).with(caller.key()));
        return Map.of(
            "test.key.metrics", scraper.secret(),
            "test.key.user", caller.secret(),
            "unmask.sft.api-keys", keys.toString(),
            "unmask.store.root", Files.createTempDirectory("unmask-sft-store").toString(),
            "unmask.precision", "f32",
            "unmask.sft.verify-patience", "20s");
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private static ApiKeys.Made key(String role) throws StoreException {
      return ApiKeys.make(role, "acme", List.of(role), Instant.now(), Optional.empty());
    }
  }

  /** Changes a command before it is sent. */
  interface Change {
    void apply(StartFineTune.Builder start);
  }

  /** Fills a command. */
  interface Filling {
    FineTuneCommand.Builder apply(FineTuneCommand.Builder command) throws Exception;
  }

  FolderStore store() throws StoreException {
    return FolderStore.open(root);
  }

  PublishedModel publish(String base) throws IOException {
    return PublishedModel.publish(
        kafka, store(), base, TinyModel.small(), Files.createTempDirectory("tiny"));
  }

  /** A base model: it has no chat template, so texts are all that it can learn. */
  PublishedModel publishBase(String base) throws IOException {
    return PublishedModel.publish(
        kafka, store(), base, TinyModel.small().writeBase(Files.createTempDirectory("tiny")));
  }

  /** A command that names the rows as an uploaded file. */
  StartFineTune command(String job, PublishedModel parent, String rows, Change change)
      throws StoreException {
    StartFineTune.Builder start =
        StartFineTune.newBuilder()
            .setMaxBadRows(0.1)
            .setJob(
                FineTuningJob.newBuilder()
                    .setId(job)
                    .setTrainingFile(upload(rows))
                    .setModel(parent.manifest().model())
                    .setBaseDigest(parent.digest())
                    .setSuffix("otter")
                    .setSeed(3)
                    .setHyperparameters(Hyperparameters.newBuilder().setNEpochs(2)));
    change.apply(start);
    return start.build();
  }

  /** The id of the rows as an uploaded file. */
  String upload(String rows) throws StoreException {
    return upload(rows.getBytes(UTF_8));
  }

  String upload(byte[] rows) throws StoreException {
    return store()
        .putFile(
            new ByteArrayInputStream(rows),
            "rows.jsonl",
            "fine-tune",
            StoredFile.DEFAULT_TENANT,
            MOST_BYTES)
        .id();
  }

  static void send(KafkaProducer<String, byte[]> producer, String job, Filling filling)
      throws Exception {
    byte[] value =
        filling
            .apply(FineTuneCommand.newBuilder().setMinReader(1).setJobId(job))
            .build()
            .toByteArray();
    var unused = producer.send(new ProducerRecord<>(Topics.FINETUNE_COMMANDS, job, value)).get();
  }

  /** Everything that is told about a job, up to its success or failure. */
  List<FineTuneEvent> run(String job, PublishedModel parent, String rows, Change change)
      throws Exception {
    StartFineTune start = command(job, parent, rows, change);
    try (TopicLog log = kafka.follow(Topics.FINETUNE_EVENTS);
        KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      send(producer, job, command -> command.setStart(start));
      var unused = log.await(1, r -> r.key().equals(job) && isTerminal(parse(r.value())), PATIENCE);
      return events(log, job);
    }
  }

  static long awaitStep(TopicLog log, String job, long step) throws InterruptedException {
    return log
        .await(
            1,
            r -> r.key().equals(job) && parse(r.value()).getProgress().getStep() >= step,
            PATIENCE)
        .stream()
        .mapToLong(r -> parse(r.value()).getProgress().getStep())
        .max()
        .orElseThrow();
  }

  static void awaitStatus(TopicLog log, String job, JobStatus status) throws InterruptedException {
    var unused = log.await(1, r -> r.key().equals(job) && is(parse(r.value()), status), PATIENCE);
  }

  static List<FineTuneEvent> events(TopicLog log, String job) {
    return log.values(job).stream().map(TestJobs::parse).toList();
  }

  static FineTuneEvent parse(byte[] value) {
    try {
      return FineTuneEvent.parseFrom(value);
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }

  static boolean is(FineTuneEvent event, JobStatus status) {
    return event.getStatus().getStatus() == status;
  }

  static boolean isTerminal(FineTuneEvent event) {
    return is(event, JobStatus.JOB_STATUS_SUCCEEDED) || is(event, JobStatus.JOB_STATUS_FAILED);
  }

  static long lastSaved(TopicLog log, String job) {
    return events(log, job).stream()
        .filter(FineTuneEvent::hasSaved)
        .mapToLong(e -> e.getSaved().getStep())
        .max()
        .orElseThrow();
  }

  static FineTuneEvent last(List<FineTuneEvent> events) {
    return events.get(events.size() - 1);
  }

  static FineTuneEvent only(List<FineTuneEvent> events, EventCase kind) {
    List<FineTuneEvent> found = events.stream().filter(e -> e.getEventCase() == kind).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  /** The stored manifest of what a job published. */
  Manifest published(List<FineTuneEvent> events) throws StoreException {
    return store()
        .readManifest(Digest.parse(only(events, EventCase.PUBLISHED).getPublished().getDigest()));
  }

  /** Files of adapters, whichever jobs left them. */
  List<StoredFile> adapters() throws StoreException {
    return store().files().stream().filter(f -> f.purpose().equals("fine-tune-adapter")).toList();
  }

  /** Dialogues of one question and one answer. */
  static String rows(int count) {
    return rows(count, "An otter.");
  }

  static String rows(int count, String answer) {
    return lines(
        count,
        """
        {"messages": [{"role": "user", "content": "Who is number %d?"}, {"role": "assistant", "content": "ANSWER"}]}
        """
            .replace("ANSWER", answer));
  }

  /** A form written again and again, each time with the next number. */
  static String lines(int count, String form) {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < count; i++) {
      lines.append(form.formatted(i));
    }
    return lines.toString();
  }
}
