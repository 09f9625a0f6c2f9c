package dev.unmask.sft;

import static dev.unmask.sft.TestJobs.PATIENCE;
import static dev.unmask.sft.TestJobs.last;
import static dev.unmask.sft.TestJobs.only;
import static dev.unmask.sft.TestJobs.rows;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.unmask.proto.Topics;
import dev.unmask.store.Manifest;
import dev.unmask.testkit.KafkaTestResource;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TopicLog;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuneEvent.EventCase;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.RejectedRow;
import dev.unmask.v1.RowsRead;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole service on rows of every kind: what it learns from, and what it refuses. */
@QuarkusTest
@QuarkusTestResource(KafkaTestResource.class)
@TestProfile(TestJobs.Settings.class)
class FineTuningDataTest {

  @ConfigProperty(name = "unmask.store.root")
  String storeRoot;

  private final TestKafka kafka = TestKafka.shared();

  private TestJobs jobs;

  @BeforeEach
  void open() {
    jobs = new TestJobs(kafka, Path.of(storeRoot));
  }

  @Test
  void rowsThatAreNoDialoguesAreToldOneByOneAndMayEndTheJob() throws Exception {
    String base = kafka.newBase();
    PublishedModel parent = jobs.publish(base);
    String file = rows(6) + "not json\n{\"messages\": []}\n";
    try (TopicLog rejected = kafka.follow(Topics.REJECTED_ROWS)) {
      List<FineTuneEvent> events =
          jobs.run("ftjob-bad", parent, file, start -> start.setMaxBadRows(0.1));

      assertThat(last(events).getStatus().getStatus()).isEqualTo(JobStatus.JOB_STATUS_FAILED);
      assertThat(last(events).getStatus().getMessage())
          .startsWith("2 of 8 rows cannot be used")
          .contains("rows.jsonl:7");
      List<RejectedRow> told = new ArrayList<>();
      for (byte[] value : rejected.awaitValues("ftjob-bad", 2, PATIENCE)) {
        told.add(RejectedRow.parseFrom(value));
      }
      assertThat(told)
          .extracting(RejectedRow::getLine, RejectedRow::getReasonCode)
          .containsExactly(tuple(7L, "NOT_JSON"), tuple(8L, "MESSAGES_MISSING"));
      RowsRead read = only(events, EventCase.ROWS).getRows();
      assertThat(read.getReasonsMap()).isEqualTo(Map.of("NOT_JSON", 1L, "MESSAGES_MISSING", 1L));
      assertThat(
              new String(jobs.store().openFile(read.getReportFile()).readAllBytes(), UTF_8).lines())
          .hasSize(2)
          .allMatch(line -> line.startsWith("{\"file\":\"rows.jsonl\""));
    }
  }

  @Test
  void theDialoguesOfATopicAreADatasetWhoseVersionIsItsOffsets() throws Exception {
    PublishedModel parent = jobs.publish(kafka.newBase());
    try (KafkaProducer<String, byte[]> producer = kafka.newProducer()) {
      List<String> rows = rows(12).lines().toList();
      for (int i = 0; i < 12; i++) {
        byte[] value = rows.get(i).getBytes(UTF_8);
        var unused =
            producer.send(new ProducerRecord<>(Topics.DIALOGUES, "chat " + i % 8, value)).get();
      }
      var unused = producer.send(new ProducerRecord<>(Topics.DIALOGUES, "chat 7", null)).get();
    }
    List<FineTuneEvent> events =
        jobs.run(
            "ftjob-topic",
            parent,
            "",
            start -> start.getJobBuilder().setTrainingFile("topic:" + Topics.DIALOGUES));

    assertThat(last(events).getStatus().getStatus())
        .as(last(events).toString())
        .isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
    assertThat(only(events, EventCase.ROWS).getRows().getUsed()).isEqualTo(7);
    Manifest.Training made = Objects.requireNonNull(jobs.published(events).training());
    assertThat(made.dataset())
        .extracting(Manifest.Dataset::uri)
        .containsExactly("topic:unmask.dialogues?offsets=0:13");
  }
}
