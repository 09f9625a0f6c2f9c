package dev.unmask.cli.client;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.cli.FakeGateway;
import dev.unmask.cli.TestSession;
import dev.unmask.testkit.TestAuthority;
import io.grpc.TlsServerCredentials;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Commands against an encrypted gateway. */
class ClientTlsTest {

  @TempDir private static Path folder;
  private static TestAuthority authority;
  private static TestAuthority.Identity server;
  private static TestAuthority.Identity caller;

  @TempDir private Path home;

  @BeforeAll
  static void certificates() {
    authority = new TestAuthority(folder, "cluster");
    server = authority.identity("gateway");
    caller = authority.identity("caller");
  }

  private static FakeGateway encrypted(boolean mutual) throws Exception {
    TlsServerCredentials.Builder credentials =
        TlsServerCredentials.newBuilder()
            .keyManager(server.certificate().toFile(), server.key().toFile());
    if (mutual) {
      credentials
          .trustManager(authority.certificate().toFile())
          .clientAuth(TlsServerCredentials.ClientAuth.REQUIRE);
    }
    return FakeGateway.start(credentials.build());
  }

  private TestSession generate(
      FakeGateway gateway, Map<String, String> environment, int code, String... options) {
    TestSession cli = new TestSession(home, environment, "");
    List<String> line = new ArrayList<>(List.of("generate", "--endpoint"));
    line.add(gateway.address());
    line.addAll(List.of(options));
    line.add("hi");
    assertThat(cli.run(line.toArray(String[]::new))).as(cli.err()).isEqualTo(code);
    return cli;
  }

  @Test
  void whoTrustsTheAuthorityIsAnswered() throws Exception {
    try (FakeGateway gateway = encrypted(false)) {
      String ca = authority.certificate().toString();
      assertThat(generate(gateway, Map.of(), 0, "--tls-ca", ca).out()).isNotEmpty();
      assertThat(generate(gateway, Map.of("UNMASK_TLS_CA", ca), 0).out()).isNotEmpty();
      TestSession https = new TestSession(home, Map.of("UNMASK_TLS_CA", ca), "");
      assertThat(https.run("generate", "--endpoint", "https://" + gateway.address(), "hi"))
          .isZero();
      assertThat(gateway.asked()).hasSize(3);
    }
  }

  @Test
  void anAuthorityThatNobodyTrustsIsSaid() throws Exception {
    try (FakeGateway gateway = encrypted(false)) {
      assertThat(generate(gateway, Map.of(), 1, "--tls").err())
          .isEqualTo(
              "unmask: nobody whom you trust vouches for the cluster's certificate; name the"
                  + " authority with --tls-ca\n");
      assertThat(gateway.asked()).isEmpty();
    }
  }

  @Test
  void plainTextOnAnEncryptedPortAndTheOtherWayRoundAreSaid() throws Exception {
    try (FakeGateway gateway = encrypted(false)) {
      assertThat(generate(gateway, Map.of(), 1).err()).contains("speaks TLS", "say --tls");
    }
    try (FakeGateway gateway = FakeGateway.start()) {
      assertThat(generate(gateway, Map.of("UNMASK_TLS", "true"), 1).err())
          .isEqualTo(
              "unmask: the cluster does not speak TLS; leave out --tls and what belongs to it\n");
    }
  }

  @Test
  void aClusterThatWantsCertificatesGetsOneOrSaysSo() throws Exception {
    try (FakeGateway gateway = encrypted(true)) {
      String ca = authority.certificate().toString();
      assertThat(generate(gateway, Map.of(), 1, "--tls-ca", ca).err())
          .isEqualTo(
              "unmask: the cluster wants a certificate that it trusts; give --tls-cert and"
                  + " --tls-key\n");
      assertThat(
              generate(
                      gateway,
                      Map.of("UNMASK_TLS_KEY", caller.key().toString()),
                      0,
                      "--tls-ca",
                      ca,
                      "--tls-cert",
                      caller.certificate().toString())
                  .out())
          .isNotEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--tls-cert | go together, and only the certificate is given",
        "--tls-key | go together, and only the key is given"
      })
  void halfACertificateIsRefused(String option, String sentence) throws Exception {
    try (FakeGateway gateway = FakeGateway.start()) {
      assertThat(generate(gateway, Map.of(), 2, option, caller.key().toString()).err())
          .contains(sentence);
      assertThat(generate(gateway, Map.of(), 2, option, "/nowhere/x.pem").err())
          .contains(option + " names /nowhere/x.pem, which cannot be read");
    }
  }
}
