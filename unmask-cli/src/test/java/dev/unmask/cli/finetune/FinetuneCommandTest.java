package dev.unmask.cli.finetune;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.JobStatusChanged;
import dev.unmask.v1.LossWeight;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.OverlongRows;
import dev.unmask.v1.Packing;
import dev.unmask.v1.ProbeAnswer;
import dev.unmask.v1.ProbeAnswers;
import dev.unmask.v1.RowsRead;
import dev.unmask.v1.Schedule;
import dev.unmask.v1.TrainingProgress;
import io.grpc.Status;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FinetuneCommandTest {

  private static final String ROW =
      "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},"
          + "{\"role\":\"assistant\",\"content\":\"b\"}]}\n";

  @TempDir private Path home;
  private FakeGateway gateway;

  @BeforeEach
  void start() throws IOException {
    gateway = FakeGateway.start();
    gateway.script(ended(JobStatus.JOB_STATUS_SUCCEEDED), history());
    gateway.publish(version(List.of("w1", "w2"), List.of("w1", "w2")));
  }

  @AfterEach
  void stop() {
    gateway.close();
  }

  @Test
  void aDatasetLargerThanAChunkArrivesWhole() throws IOException {
    // 900 kB: several chunks, the last one partial.
    Path file = dataset(ROW.repeat(9000));
    TestSession cli = session();

    assertThat(cli.run("finetune", file.toString())).isZero();

    assertThat(gateway.uploaded().toByteArray()).isEqualTo(Files.readAllBytes(file));
  }

  @Test
  void whatARefusedJobNeededIsNotKept() throws IOException {
    gateway.refuseJobs(Status.INVALID_ARGUMENT.withDescription("n_epochs is 0."));
    TestSession cli = session();

    assertThat(cli.run("finetune", dataset(ROW).toString(), "--epochs", "0")).isEqualTo(2);

    assertThat(cli.err()).contains("n_epochs is 0.");
    assertThat(gateway.deleted()).containsExactly("file-1");
  }

  @Test
  void aFolderIsNoDataset() {
    TestSession cli = session();

    assertThat(cli.run("finetune", home.toString())).isEqualTo(1);

    assertThat(cli.err()).contains("is a folder");
  }

  @Test
  void theJobIsCreatedAsAskedAndFollowedToItsEnd() throws IOException {
    TestSession cli = session();

    assertThat(
            cli.run(
                "finetune",
                dataset(ROW).toString(),
                "--epochs",
                "3",
                "--learning-rate",
                "1e-4",
                "--seed",
                "5",
                "--no-activate"))
        .isZero();

    CreateFineTuningJobRequest asked = gateway.created().getFirst();
    assertThat(asked.getTrainingFile()).isEqualTo("file-1");
    assertThat(asked.getSuffix()).isEqualTo("my-otters");
    assertThat(asked.getHyperparameters().getNEpochs()).isEqualTo(3);
    assertThat(asked.getHyperparameters().getLearningRate()).isEqualTo(1e-4);
    assertThat(asked.getHyperparameters().hasBatchSize()).isFalse();
    assertThat(asked.getSeed()).isEqualTo(5);
    assertThat(asked.getAutoActivate()).isFalse();
    assertThat(cli.err())
        .contains("80 rows used, 2 rejected")
        .contains("rejected otters.jsonl:7: not a dialogue")
        .contains("5/10  loss 1.250")
        .contains("before: An animal.")
        .contains("after:  A river spirit.");
    assertThat(cli.out()).isEqualTo("ft:tiny:my-otters:j1 " + FakeGateway.DIGEST + "\n");
  }

  @Test
  void howToTrainGoesIntoTheRequest() throws IOException {
    assertThat(
            session()
                .run(
                    "finetune",
                    dataset(ROW).toString(),
                    "--method",
                    "lora",
                    "--rank",
                    "4",
                    "--target",
                    "q_proj,layers.0.down_proj",
                    "--merge",
                    "--schedule",
                    "cosine",
                    "--loss-weight",
                    "uniform",
                    "--overlong",
                    "keep_fitting_turns",
                    "--recompute-activations",
                    "--packing",
                    "packed",
                    "--ema",
                    "0.99",
                    "--probe",
                    "Who are you?"))
        .isZero();

    CreateFineTuningJobRequest asked = gateway.created().getFirst();
    assertThat(asked.getMethod().getLora().getRank()).isEqualTo(4);
    assertThat(asked.getMethod().getLora().getTargetsList())
        .containsExactly("q_proj", "layers.0.down_proj");
    assertThat(asked.getMethod().getLora().getMerge()).isTrue();
    assertThat(asked.getHyperparameters().getSchedule()).isEqualTo(Schedule.SCHEDULE_COSINE);
    assertThat(asked.getHyperparameters().getRecomputeActivations()).isTrue();
    assertThat(asked.getHyperparameters().getPacking()).isEqualTo(Packing.PACKING_PACKED);
    assertThat(asked.getHyperparameters().getLossWeight())
        .isEqualTo(LossWeight.LOSS_WEIGHT_UNIFORM);
    assertThat(asked.getHyperparameters().getOverlong())
        .isEqualTo(OverlongRows.OVERLONG_ROWS_KEEP_FITTING_TURNS);
    assertThat(asked.getHyperparameters().getEmaDecay()).isEqualTo(0.99);
    assertThat(asked.getHyperparameters().hasMaxSteps()).isFalse();
    assertThat(asked.getProbesList()).containsExactly("Who are you?");
  }

  @Test
  void virtualTokensCanBeTrained() throws IOException {
    assertThat(
            session()
                .run(
                    "finetune",
                    dataset(ROW).toString(),
                    "--method",
                    "prompt_tuning",
                    "--virtual-tokens",
                    "12"))
        .isZero();
    assertThat(gateway.created().getFirst().getMethod().getPromptTuning().getVirtualTokens())
        .isEqualTo(12);
  }

  @Test
  void rowsOnTheTopicAreNotUploaded() {
    assertThat(session().run("finetune", "topic:unmask.dialogues")).isZero();
    assertThat(gateway.created().getFirst().getTrainingFile()).isEqualTo("topic:unmask.dialogues");
    assertThat(gateway.created().getFirst().getSuffix()).isEqualTo("topic-unmask");
    assertThat(gateway.uploaded().size()).isZero();
  }

  @Test
  void optionsThatExcludeEachOtherAndUnknownNamesAreExplained() throws IOException {
    String file = dataset(ROW).toString();
    for (List<String> wrong :
        List.of(
            List.of("--rank", "4"),
            List.of("--beta", "0.1"),
            List.of("--virtual-tokens", "4"),
            List.of("--method", "prompt_tuning", "--rank", "4"),
            List.of("--schedule", "sometimes"),
            List.of("--method", "lora", "--beta", "0.1"))) {
      TestSession cli = session();
      List<String> line = new ArrayList<>(List.of("finetune", file));
      line.addAll(wrong);
      assertThat(cli.run(line.toArray(String[]::new))).as(wrong.toString()).isEqualTo(2);
      assertThat(cli.err()).as(wrong.toString()).contains(wrong.get(wrong.size() - 2));
    }
    assertThat(gateway.created()).isEmpty();
  }

  @Test
  void jobsAreListedAndChanged() throws IOException {
    TestSession list = session();
    assertThat(list.run("jobs")).isZero();
    assertThat(list.out()).startsWith("j1 ").contains("succeeded");
    for (String change : List.of("pause", "resume", "cancel")) {
      TestSession cli = session();
      assertThat(cli.run("jobs", change, "j1")).as(cli.err()).isZero();
      assertThat(cli.out()).isEqualTo("j1 has ended: succeeded\n");
    }
    assertThat(gateway.changes()).containsExactly("pause j1", "resume j1", "cancel j1");
    TestSession events = session();
    assertThat(events.run("jobs", "events", "j1", "--after", "1")).isZero();
    List<String> lines = events.out().lines().toList();
    assertThat(new ObjectMapper().readTree(lines.get(0)).get("seq").asInt()).isEqualTo(2);
  }

  @Test
  void activationIsTheDefault() throws IOException {
    assertThat(session().run("finetune", dataset(ROW).toString())).isZero();

    assertThat(gateway.created().getFirst().getAutoActivate()).isTrue();
  }

  @Test
  void whoeverMayNotActivateGetsAJobThatDoesNotAndIsTold() throws IOException {
    gateway.refuseActivation();
    TestSession cli = session();

    assertThat(cli.run("finetune", dataset(ROW).toString(), "--json")).isZero();

    assertThat(gateway.created())
        .extracting(CreateFineTuningJobRequest::getAutoActivate)
        .containsExactly(true, false);
    assertThat(cli.err()).contains("an operator's to decide");
    JsonNode last = new ObjectMapper().readTree(cli.out().lines().toList().getLast());
    assertThat(last.path("activated").asBoolean()).isFalse();
    assertThat(last.path("note").asText()).contains("an operator's to decide");
  }

  @Test
  void whoeverAsksForItAndMayNotIsRefused() throws IOException {
    gateway.refuseActivation();
    TestSession cli = session();

    assertThat(cli.run("finetune", dataset(ROW).toString(), "--activate")).isNotZero();

    assertThat(gateway.created()).hasSize(1);
    assertThat(cli.err()).contains("auto_activate is for operators.");
  }

  @Test
  void jsonEndsWithWhatScriptsRead() throws IOException {
    TestSession cli = session();

    assertThat(cli.run("finetune", dataset(ROW).toString(), "--wait", "--json")).isZero();

    JsonNode result = new ObjectMapper().readTree(cli.out());
    assertThat(result.get("job_id").asText()).isEqualTo("j1");
    assertThat(result.get("status").asText()).isEqualTo("succeeded");
    assertThat(result.get("digest").asText()).isEqualTo(FakeGateway.DIGEST);
    assertThat(result.get("rows_used").asInt()).isEqualTo(80);
    assertThat(result.get("rows_rejected").asInt()).isEqualTo(2);
    assertThat(result.get("metrics").get("loss").asDouble()).isEqualTo(0.5);
    assertThat(result.get("serving_workers")).hasSize(2);
    assertThat(cli.out()).hasLineCount(1);
    assertThat(cli.err()).isEmpty();
  }

  @Test
  void jsonSaysWhyTheWeightsWereNotActivated() throws IOException {
    String why = "tiny@default stays where it is: 0 of 8 probes are right.";
    List<FineTuneEvent> told = new ArrayList<>(history());
    told.add(
        event(5)
            .setStatus(
                JobStatusChanged.newBuilder()
                    .setStatus(JobStatus.JOB_STATUS_SUCCEEDED)
                    .setMessage(why))
            .build());
    gateway.script(ended(JobStatus.JOB_STATUS_SUCCEEDED), told);
    TestSession cli = session();

    assertThat(cli.run("finetune", dataset(ROW).toString(), "--json")).isZero();

    assertThat(new ObjectMapper().readTree(cli.out()).get("note").asText()).isEqualTo(why);
  }

  @Test
  void aJobThatFailedSaysWhyOnceAndExitsWithOne() throws IOException {
    String why = "line 3 of otters.jsonl is not a dialogue";
    gateway.script(
        ended(JobStatus.JOB_STATUS_FAILED).toBuilder().setError(why).build(),
        List.of(
            event(1)
                .setStatus(
                    JobStatusChanged.newBuilder()
                        .setStatus(JobStatus.JOB_STATUS_FAILED)
                        .setMessage(why))
                .build()));
    TestSession cli = session();

    assertThat(cli.run("finetune", dataset(ROW).toString())).isEqualTo(1);

    assertThat(cli.err()).endsWith("unmask: job j1 failed: " + why + "\n").containsOnlyOnce(why);
    TestSession followed = session();
    assertThat(followed.run("jobs", "j1", "--follow")).isEqualTo(1);
    assertThat(followed.out() + followed.err()).containsOnlyOnce(why);
  }

  @Test
  void anUploadThatIsRefusedSaysWhy() throws IOException {
    gateway.failWith(Status.RESOURCE_EXHAUSTED.withDescription("the file is over 64 MiB"));
    TestSession cli = session();

    assertThat(cli.run("finetune", dataset(ROW).toString())).isEqualTo(1);

    assertThat(cli.err()).isEqualTo("unmask: the file is over 64 MiB\n");
  }

  @Test
  void aFileThatIsNotThereIsNamedBeforeAnythingIsSent() {
    TestSession cli = session();

    assertThat(cli.run("finetune", home.resolve("none.jsonl").toString())).isEqualTo(1);

    assertThat(cli.err()).contains("there is no file").contains("none.jsonl");
    assertThat(gateway.created()).isEmpty();
  }

  @Test
  void samplersThatLagBehindAreNamed() {
    Rollout rollout = Rollout.of(version(List.of("w1", "w2", "w3"), List.of("w2")));

    assertThat(rollout.complete()).isFalse();
    assertThat(rollout.missing()).containsExactly("w1", "w3");
  }

  @Test
  void noSamplerAtAllIsNotARollout() {
    assertThat(Rollout.of(version(List.of(), List.of())).complete()).isFalse();
  }

  @Test
  void aSuffixIsMadeFromTheFilesName() {
    assertThat(FinetuneCommand.suffixOf(Path.of("x/My Otters_2.v1.jsonl")))
        .isEqualTo("my-otters-2");
    assertThat(FinetuneCommand.suffixOf(Path.of("日本.jsonl"))).isEqualTo("tuned");
    assertThat(FinetuneCommand.suffixOf(Path.of("a".repeat(60)))).hasSize(40);
  }

  @Test
  void jobsShowsAJob() {
    TestSession cli = session();

    assertThat(cli.run("jobs", "j1")).isZero();

    assertThat(cli.out())
        .contains("job        j1")
        .contains("status     succeeded")
        .contains("rows       80 used, 2 rejected");
  }

  private Path dataset(String rows) throws IOException {
    return Files.writeString(home.resolve("My otters.jsonl"), rows);
  }

  private TestSession session() {
    return new TestSession(home, Map.of("UNMASK_ENDPOINT", gateway.address()), "");
  }

  private static FineTuningJob ended(JobStatus status) {
    return FineTuningJob.newBuilder()
        .setId("j1")
        .setStatus(status)
        .setFineTunedModel("ft:tiny:my-otters:j1")
        .setResultDigest(FakeGateway.DIGEST)
        .setRowsUsed(80)
        .setRowsRejected(2)
        .putMetrics("loss", 0.5)
        .build();
  }

  private static List<FineTuneEvent> history() {
    return List.of(
        event(1)
            .setRows(
                RowsRead.newBuilder()
                    .setUsed(80)
                    .setRejected(2)
                    .addFirstRejections("otters.jsonl:7: not a dialogue"))
            .build(),
        event(2).setProbes(probes(false, "An animal.")).build(),
        event(3)
            .setProgress(TrainingProgress.newBuilder().setStep(5).setTotalSteps(10).setLoss(1.25))
            .build(),
        event(4).setProbes(probes(true, "A river spirit.")).build());
  }

  private static FineTuneEvent.Builder event(long seq) {
    return FineTuneEvent.newBuilder().setJobId("j1").setSeq(seq);
  }

  private static ProbeAnswers probes(boolean after, String answer) {
    return ProbeAnswers.newBuilder()
        .setAfter(after)
        .addAnswers(ProbeAnswer.newBuilder().setPrompt("What is an otter?").setAnswer(answer))
        .build();
  }

  private static ModelVersion version(List<String> live, List<String> serving) {
    return ModelVersion.newBuilder()
        .setName("ft:tiny:my-otters:j1")
        .setDigest(FakeGateway.DIGEST)
        .addAllLiveWorkers(live)
        .addAllServingWorkers(serving)
        .build();
  }
}
