package dev.unmask.e2e.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.kafka.AccessSettings;
import dev.unmask.store.access.ApiKeyFile;
import dev.unmask.store.access.ApiKeys;
import dev.unmask.store.signing.Ed25519Keys;
import dev.unmask.testkit.DeployedRights;
import dev.unmask.testkit.SecureKafka;
import dev.unmask.testkit.TestAuthority;
import dev.unmask.v1.CreateFineTuningJobRequest;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.FineTuningJob;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GetFineTuningJobRequest;
import dev.unmask.v1.Hyperparameters;
import dev.unmask.v1.JobStatus;
import dev.unmask.v1.WatchFineTuningJobRequest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.Stream;
import org.gaul.s3proxy.BlobStores;
import org.gaul.s3proxy.S3Proxy;
import org.gaul.s3proxy.auth.AuthenticationType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A cluster where nothing is open: Kafka wants logins over TLS and gives no more rights than a
 * deployed one, both ports of the gateway are encrypted, every port asks for a key, the store is a
 * bucket, and only what is signed is served.
 */
final class SecureClusterIT {

  private static final String KEY = "local-identity";
  private static final String SECRET = "local-credential";

  @TempDir Path work;

  @Test
  void aModelIsServedFineTunedAndReloaded() throws Exception {
    Path root = work.resolve("s3");
    Files.createDirectories(root.resolve("bucket"));
    S3Proxy server = s3(root);
    Ed25519Keys.Pair keys = Ed25519Keys.generate(work, "cluster");
    Path keyFile = work.resolve("api-keys.json");
    ApiKeys.Made operator =
        ApiKeys.make("operator", "acme", List.of("admin"), Instant.now(), Optional.empty());
    ApiKeyFile.write(keyFile, ApiKeys.none().with(operator.key()));
    TestAuthority.Identity gateway =
        new TestAuthority(work.resolve("certificates"), "unmask").identity("gateway");
    try (SecureKafka kafka = SecureKafka.start();
        Cluster cluster =
            Cluster.start(
                work,
                1,
                List.of(
                    "--store",
                    "s3://bucket/unmask?endpoint=http://127.0.0.1:" + server.getPort(),
                    "--sign-key",
                    keys.privateKey().toString(),
                    "--api-keys",
                    keyFile.toString(),
                    "--kafka",
                    SecureKafka.access(login(kafka)).bootstrap(),
                    "--tls-cert",
                    gateway.certificate().toString(),
                    "--tls-key",
                    gateway.key().toString()),
                environment(kafka, operator.secret()))) {
      onlyHealthIsEverybodys(cluster, operator.secret());
      GenerateResponse before = cluster.generation().generate(Requests.question("Who?", 8));
      assertThat(before.getText()).isNotEmpty();
      FineTuningJob job =
          fineTune(
              cluster,
              Uploads.send(cluster, "otter.jsonl", Uploads.dialogues(8, "An otter.")).getId());
      assertThat(job.getStatus()).as(job.getError()).isEqualTo(JobStatus.JOB_STATUS_SUCCEEDED);
      GenerateResponse after = cluster.generation().generate(Requests.question("Who?", 8));
      assertThat(after.getModelDigest())
          .isEqualTo(job.getResultDigest())
          .isNotEqualTo(before.getModelDigest());
      assertThat(work.resolve("data/store")).isEmptyDirectory();
      assertThat(objects("signatures")).isEqualTo(2);
    } finally {
      server.stop();
    }
  }

  private static Map<String, String> login(SecureKafka kafka) {
    return kafka.login("SCRAM-SHA-512", "cluster", "cluster-secret");
  }

  /** At the ports that others than callers use. */
  private static void onlyHealthIsEverybodys(Cluster cluster, String key) throws Exception {
    for (String child : List.of("sampler-1", "sft")) {
      String port = "http://127.0.0.1:" + cluster.port(child);
      assertThat(status(port + "/q/health/ready", "")).as(child).isEqualTo(200);
      for (String path : List.of("/metrics", "/", "/q/dev", "/nothing")) {
        assertThat(status(port + path, "")).as(child + path).isEqualTo(401);
        assertThat(status(port + path, "unmask-wrong")).as(child + path).isEqualTo(401);
      }
      assertThat(status(port + "/metrics", key)).as(child).isEqualTo(200);
      assertThat(status(port + "/nothing", key)).as(child).isEqualTo(404);
    }
  }

  private static int status(String address, String key) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(
              HttpRequest.newBuilder(URI.create(address))
                  .header("authorization", key.isEmpty() ? "" : "Bearer " + key)
                  .build(),
              HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }

  /** One user for all processes of the cluster, with the rights that deployed ones share out. */
  private Map<String, String> environment(SecureKafka kafka, String key) throws Exception {
    kafka.password("cluster", "cluster-secret");
    kafka.allow(
        DeployedRights.of(
            "cluster", "unmask-gateway", "unmask-sampler", "unmask-sft", "unmask-import"));
    Map<String, String> environment = new HashMap<>();
    login(kafka).forEach((name, value) -> environment.put(AccessSettings.variable(name), value));
    String password = AccessSettings.variable("kafka.sasl.password");
    Path file = Files.writeString(work.resolve("password"), environment.remove(password));
    environment.put(password + "_FILE", file.toString());
    environment.put(Cluster.KEY, key);
    environment.put("AWS_ACCESS_KEY_ID", KEY);
    environment.put("AWS_SECRET_ACCESS_KEY", SECRET);
    return environment;
  }

  private long objects(String folder) throws Exception {
    try (Stream<Path> files = Files.walk(work.resolve("s3/bucket/unmask").resolve(folder))) {
      return files.filter(Files::isRegularFile).count();
    }
  }

  private static S3Proxy s3(Path folder) throws Exception {
    Properties properties = new Properties();
    properties.setProperty("jclouds.filesystem.basedir", folder.toString());
    properties.setProperty("jclouds.identity", KEY);
    properties.setProperty("jclouds.credential", SECRET);
    S3Proxy server =
        S3Proxy.builder()
            .blobStore(BlobStores.create("filesystem-nio2", properties))
            .awsAuthentication(AuthenticationType.AWS_V2_OR_V4, KEY, SECRET)
            .endpoint(URI.create("http://127.0.0.1:0"))
            .build();
    server.start();
    return server;
  }

  private static FineTuningJob fineTune(Cluster cluster, String file) {
    String id =
        cluster
            .fineTuning()
            .create(
                CreateFineTuningJobRequest.newBuilder()
                    .setTrainingFile(file)
                    .setModel(Cluster.MODEL)
                    .setSeed(7)
                    .setHyperparameters(Hyperparameters.newBuilder().setNEpochs(1).setBatchSize(4))
                    .setAutoActivate(true)
                    .build())
            .getId();
    List<FineTuneEvent> events = new ArrayList<>();
    cluster
        .fineTuning()
        .watch(WatchFineTuningJobRequest.newBuilder().setId(id).build())
        .forEachRemaining(events::add);
    assertThat(events).isNotEmpty();
    return cluster.fineTuning().get(GetFineTuningJobRequest.newBuilder().setId(id).build());
  }
}
