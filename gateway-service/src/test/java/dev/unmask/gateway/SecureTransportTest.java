package dev.unmask.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.store.FolderStore;
import dev.unmask.testkit.FakeWorkerBeacon;
import dev.unmask.testkit.PublishedModel;
import dev.unmask.testkit.ScriptedSampler;
import dev.unmask.testkit.TestAuthority;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationGrpc;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import jakarta.enterprise.event.Event;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/** Both ports encrypted and for certificates only, and a login to Kafka. */
@QuarkusTest
@TestProfile(SecureTransportTest.Secured.class)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SecureTransportTest {

  /** Runs apart from the gateways of other tests, and without what those have. */
  public static final class Secured implements QuarkusTestProfile {
    @Override
    public List<TestResourceEntry> testResources() {
      return List.of(new TestResourceEntry(SecureGatewayResource.class));
    }

    @Override
    public boolean disableGlobalTestResources() {
      return true;
    }
  }

  private static final String BASE = "guarded";

  @Inject TlsConfigurationRegistry registry;
  @Inject Event<CertificateUpdatedEvent> renewed;

  private static TestAuthority.Identity caller() {
    Path folder = SecureGatewayResource.folder().resolve("certificates");
    return new TestAuthority.Identity(
        folder.resolve("caller.crt"), folder.resolve("caller.key"), folder.resolve("caller.pem"));
  }

  private static Path authority() {
    return SecureGatewayResource.folder().resolve("certificates/unmask-ca.pem");
  }

  private static String answer(ChannelCredentials credentials) {
    ManagedChannel channel =
        Grpc.newChannelBuilderForAddress(
                "127.0.0.1", TestGateway.config("test.grpc.port", Integer.class), credentials)
            .build();
    try {
      GenerateResponse response =
          GenerationGrpc.newBlockingStub(channel)
              .withDeadlineAfter(30, TimeUnit.SECONDS)
              .generate(GenerateRequest.newBuilder().setModel(BASE).setPrompt("hello").build());
      return response.getText();
    } finally {
      var unused = channel.shutdownNow();
    }
  }

  private static ChannelCredentials credentials(Path trusted, TestAuthority.@Nullable Identity own)
      throws IOException {
    TlsChannelCredentials.Builder builder =
        TlsChannelCredentials.newBuilder().trustManager(trusted.toFile());
    return (own == null
            ? builder
            : builder.keyManager(own.certificate().toFile(), own.key().toFile()))
        .build();
  }

  private static HttpResponse<String> get(
      String path, Path trusted, TestAuthority.@Nullable Identity own) throws Exception {
    try (HttpClient client =
        HttpClient.newBuilder().sslContext(TestAuthority.client(trusted, own)).build()) {
      return client.send(
          HttpRequest.newBuilder(
                  URI.create(
                      "https://127.0.0.1:"
                          + TestGateway.config("quarkus.http.test-ssl-port", Integer.class)
                          + path))
              .timeout(Duration.ofSeconds(30))
              .build(),
          HttpResponse.BodyHandlers.ofString());
    }
  }

  @Test
  @Order(1)
  void aGatewayThatKafkaRefusesSaysSoAndServesWhenItIsLetIn() throws Exception {
    TestGateway.await(
        "health names the login",
        () -> {
          try {
            HttpResponse<String> health = get("/q/health/ready", authority(), caller());
            return health.statusCode() == 503
                && health.body().contains("Kafka refused the login")
                && !health.body().contains(SecureGatewayResource.PASSWORD);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });

    TestKafka open = TestKafka.at(TestGateway.config("test.secure.open", String.class));
    try (Admin admin = Admin.create(java.util.Map.of("bootstrap.servers", open.bootstrap()))) {
      var unused =
          admin
              .alterUserScramCredentials(
                  List.of(
                      new UserScramCredentialUpsertion(
                          SecureGatewayResource.USER,
                          new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096),
                          SecureGatewayResource.PASSWORD)))
              .all()
              .get(30, TimeUnit.SECONDS);
    }
    var unusedModel =
        PublishedModel.publish(
            open,
            FolderStore.open(Path.of(TestGateway.config("unmask.store.root", String.class))),
            BASE,
            TinyModel.small(),
            Files.createTempDirectory("unmask-gateway-model"));
    // Beacon and sampler live on daemon threads and end with the JVM.
    FakeWorkerBeacon unusedBeacon = FakeWorkerBeacon.start(open, BASE, "beacon");
    ScriptedSampler unusedSampler =
        ScriptedSampler.start(open.bootstrap(), BASE, 1, ScriptedSampler.answering("Good day"));
    TestGateway.await(
        "the gateway answers",
        () -> {
          try {
            return answer(credentials(authority(), caller())).equals("Good day");
          } catch (StatusRuntimeException e) {
            return false;
          } catch (IOException e) {
            throw new AssertionError(e);
          }
        });
    assertThat(get("/q/health/ready", authority(), caller()).statusCode()).isEqualTo(200);
    assertThat(get("/v1/models", authority(), caller()).body()).contains(BASE);
  }

  @Test
  @Order(2)
  void nobodyIsServedWithoutACertificateOnEitherPort() throws Exception {
    assertUnavailable(credentials(authority(), null));
    assertThatThrownBy(() -> get("/v1/models", authority(), null)).isInstanceOf(IOException.class);

    TestAuthority stranger =
        new TestAuthority(SecureGatewayResource.folder().resolve("stranger"), "stranger");
    assertUnavailable(credentials(authority(), stranger.identity("caller")));
    assertThatThrownBy(() -> get("/v1/models", authority(), stranger.identity("caller")))
        .isInstanceOf(IOException.class);
  }

  @Test
  @Order(3)
  void theGatewayIsNotBelievedByWhoTrustsSomebodyElse() {
    TestAuthority stranger =
        new TestAuthority(SecureGatewayResource.folder().resolve("other"), "other");
    assertThatThrownBy(() -> get("/v1/models", stranger.certificate(), caller()))
        .isInstanceOf(javax.net.ssl.SSLHandshakeException.class);
    assertThatThrownBy(() -> answer(credentials(stranger.certificate(), caller())))
        .isInstanceOf(StatusRuntimeException.class)
        .hasRootCauseInstanceOf(java.security.cert.CertPathBuilderException.class);
  }

  @Test
  @Order(4)
  void plainTextIsNotSpokenOnAnyPort() {
    assertUnavailable(InsecureChannelCredentials.create());
    assertThatThrownBy(() -> HttpCaller.get("/v1/models"))
        .isInstanceOf(java.io.UncheckedIOException.class);
  }

  @Test
  @Order(5)
  void newCertificatesAreServedWithoutARestart() throws Exception {
    TestAuthority next = new TestAuthority(SecureGatewayResource.folder().resolve("next"), "next");
    SecureGatewayResource.show(SecureGatewayResource.folder(), next.identity("renewed"));
    // What the registry does by itself after each quarkus.tls.reload-period.
    TlsConfiguration tls = registry.getDefault().orElseThrow();
    assertThat(tls.reload()).isTrue();
    renewed.fire(new CertificateUpdatedEvent("<default>", tls));

    assertThat(answer(credentials(next.certificate(), caller()))).isEqualTo("Good day");
    TestGateway.await(
        "HTTPS has the new one",
        () -> {
          try {
            return get("/v1/models", next.certificate(), caller()).statusCode() == 200;
          } catch (IOException e) {
            return false;
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    assertUnavailable(credentials(authority(), caller()));
  }

  private static void assertUnavailable(ChannelCredentials credentials) {
    assertThatThrownBy(() -> answer(credentials))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
  }
}
