package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.rpc.RetryInfo;
import dev.unmask.gateway.HttpCaller.Answer;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.jobs.JobPlace;
import dev.unmask.gateway.messaging.KafkaJobArchive;
import dev.unmask.gateway.messaging.KafkaSettings;
import dev.unmask.kafka.KafkaAccess;
import dev.unmask.proto.Topics;
import dev.unmask.testkit.FakeWorkerBeacon;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerationGrpc.GenerationBlockingStub;
import dev.unmask.v1.GenerationJob;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;

/** Who is not let in, over both protocols, and how that is said. */
@QuarkusTest
@QuarkusTestResource(GatewayTestResource.class)
class AdmissionApiTest {

  private final TestGateway gateway = TestGateway.shared();

  private GenerationBlockingStub as(String tenant) {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-unmask-tenant", Metadata.ASCII_STRING_MARSHALLER), tenant);
    return gateway.blocking().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  private static StatusRuntimeException failure(Runnable call) {
    return catchThrowableOfType(StatusRuntimeException.class, call::run);
  }

  private String completion(String more) {
    return "{\"model\": \"%s\", \"prompt\": \"%s\"%s}"
        .formatted(gateway.base, gateway.prompt(ScriptedSampler.answering("x")), more);
  }

  private Answer complete(String tenant, String more) {
    return HttpCaller.send(
        HttpCaller.json("/v1/completions", completion(more)).header("x-unmask-tenant", tenant));
  }

  @Test
  void aTenantMayAskForSoMuchInAMinuteOverBothProtocols() {
    assertThat(complete("one", "").status()).isEqualTo(200);
    Answer refused = complete("one", "");
    assertThat(refused.status()).isEqualTo(429);
    assertThat(refused.error().path("message").asText()).contains("1 requests a minute");
    assertThat(Integer.parseInt(refused.header("retry-after"))).isBetween(50, 60);
    GenerateRequest request = gateway.request(ScriptedSampler.answering("x"));
    StatusRuntimeException e =
        failure(() -> {
          var unused = as("one").generate(request);
        });
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
    assertThat(TestGateway.detail(e, RetryInfo.class).getRetryDelay().getSeconds())
        .isBetween(50L, 60L);
    assertThat(as("another").generate(request).getText()).isEqualTo("x");
    // Its tokenizer has a token for each byte, and a prompt 36 of them: once it is there, they
    // count, and no longer the estimate of nine.
    assertThat(
            HttpCaller.post(
                    "/tokenize", "{\"model\": \"%s\", \"text\": \"x\"}".formatted(gateway.base))
                .status())
        .isEqualTo(200);
    assertThat(complete("short", ", \"max_tokens\": 20").status()).isEqualTo(429);
    assertThat(complete("short", ", \"diffusion\": {\"gen_length\": 16}").status()).isEqualTo(200);
    assertThat(complete("short", ", \"diffusion\": {\"gen_length\": 16}").status()).isEqualTo(429);
  }

  @Test
  void aDeadlineThatCannotBeMetIsSaidAtOnce() {
    // The worker says 1 ms a step: a block of 2000 steps takes two seconds at least.
    String slow =
        ", \"deadline_ms\": 1000, \"diffusion\": {\"gen_length\": 2000, \"block_length\": 2000,"
            + " \"steps\": 2000}";
    int before = gateway.sampler.taken().size();
    Answer answer = complete("another", slow);
    assertThat(answer.status()).isEqualTo(504);
    assertThat(answer.error().path("message").asText()).contains("2000 denoising steps");
    GenerateRequest.Builder request =
        gateway.request(ScriptedSampler.answering("x")).toBuilder().setDeadlineMs(1000);
    request.getDiffusionBuilder().setGenLength(2000).setBlockLength(2000).setSteps(2000);
    StatusRuntimeException e =
        failure(() -> {
          var unused = gateway.blocking().generate(request.build());
        });
    assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    assertThat(e.getStatus().getDescription()).contains("2000 denoising steps");
    assertThat(gateway.sampler.taken()).as("nothing was sent").hasSize(before);
  }

  /** As a workflow does that knows nothing of gateways. */
  @Test
  void requestsWrittenStraightToKafkaCount() throws Exception {
    String base = gateway.lonelyModel();
    CountDownLatch release = new CountDownLatch(1);
    AtomicBoolean first = new AtomicBoolean(true);
    try (FakeWorkerBeacon beacon = FakeWorkerBeacon.start(gateway.kafka, base, "w-" + base);
        ScriptedSampler sampler =
            ScriptedSampler.start(
                gateway.kafka.bootstrap(),
                base,
                1,
                call -> {
                  // A group has no lag before it has accepted something.
                  if (first.getAndSet(false)) {
                    call.finish("first");
                  } else {
                    release.await();
                    call.finish("done");
                  }
                });
        KafkaProducer<String, byte[]> producer = gateway.kafka.newProducer()) {
      GenerationJob job =
          GenerationJob.newBuilder()
              .setMinReader(1)
              .setRequest(GenerateRequest.newBuilder().setModel(base).setPrompt("x"))
              .build();
      for (int i = 0; i < 600; i++) {
        var unused =
            producer.send(
                new ProducerRecord<>(
                    Topics.interactiveRequests(base), "wf-" + i, job.toByteArray()));
      }
      producer.flush();
      GenerateRequest request =
          GenerateRequest.newBuilder().setModel(base).setPrompt("x").setDeadlineMs(100).build();
      TestGateway.await(
          "the gateway sees what waits",
          () -> {
            StatusRuntimeException e =
                failure(() -> {
                  var unused = gateway.blocking().generate(request);
                });
            return e.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED
                && String.valueOf(e.getMessage()).contains("already wait for a sampler");
          });
      String gauge =
          "unmask_kafka_consumer_lag{topic=\"" + Topics.interactiveRequests(base) + "\"} ";
      assertThat(
              HttpCaller.text("/q/metrics")
                  .lines()
                  .filter(line -> line.startsWith(gauge))
                  .map(line -> Double.parseDouble(line.substring(gauge.length()))))
          .singleElement()
          .satisfies(lag -> assertThat(lag).isGreaterThanOrEqualTo(590));
      release.countDown();
      assertThat(sampler.taken()).isNotEmpty();
    }
  }

  @Test
  void whatIsNoLongerKeptIsOutOfRange() throws Exception {
    String topic = "kept-" + System.nanoTime();
    gateway.kafka.createTopic(topic, 1);
    try (KafkaProducer<String, byte[]> producer = gateway.kafka.newProducer()) {
      for (int i = 0; i < 2; i++) {
        var unused = producer.send(new ProducerRecord<>(topic, "job-x", new byte[0])).get();
      }
    }
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", gateway.kafka.bootstrap()))) {
      var unused =
          admin
              .deleteRecords(Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(1)))
              .all()
              .get();
    }
    try (KafkaJobArchive archive =
        new KafkaJobArchive(
            new KafkaSettings(
                KafkaAccess.plain(gateway.kafka.bootstrap()), "archive", Duration.ofSeconds(10)))) {
      assertThat(archive.end(new JobPlace(topic, 0, 1)).getRequestId()).isEmpty();
      RefusedException e =
          catchThrowableOfType(
              RefusedException.class,
              () -> {
                var unused = archive.end(new JobPlace(topic, 0, 0));
              });
      assertThat(e.refusal().code()).isEqualTo(ErrorCode.ERROR_CODE_OUT_OF_RANGE);
    }
  }
}
