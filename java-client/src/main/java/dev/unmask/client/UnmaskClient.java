package dev.unmask.client;

import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Infill;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a gateway.
 *
 * <pre>{@code
 * try (UnmaskClient client = UnmaskClient.to("127.0.0.1:8650").open()) {
 *   System.out.println(client.ask("What is the capital of France?").text());
 * }
 * }</pre>
 *
 * <p>Thread-safe: one client is enough for a program. The connection is made by the first call.
 */
public final class UnmaskClient implements AutoCloseable {

  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final int MAX_MESSAGE_BYTES = 32 << 20;

  private final ManagedChannel connection;
  private final Channel channel;
  private final Duration deadline;
  private final int attempts;

  private UnmaskClient(
      ManagedChannel connection, @Nullable String apiKey, Duration deadline, int attempts) {
    this.connection = connection;
    this.channel = apiKey == null ? connection : withKey(connection, apiKey);
    this.deadline = deadline;
    this.attempts = attempts;
  }

  /**
   * Begins to describe a client.
   *
   * @param address {@code host:port} of the gateway's gRPC port
   */
  public static Builder to(String address) {
    return new Builder(address);
  }

  /** Asks as a user asks in a chat. */
  public Question ask(String question) {
    return chat(List.of(Message.newBuilder().setRole("user").setContent(question).build()));
  }

  /** Goes on with a dialogue; its last message is the user's. */
  public Question chat(List<Message> dialogue) {
    return of(
        GenerateRequest.newBuilder()
            .setMessages(Messages.newBuilder().addAllMessages(dialogue))
            .build());
  }

  /** Goes on with a text, without the model's chat template. */
  public Question complete(String prompt) {
    return of(GenerateRequest.newBuilder().setPrompt(prompt).build());
  }

  /** Fills the gaps of a text: {@code [[3]]} is a gap of three tokens. */
  public Question infill(String template) {
    return of(
        GenerateRequest.newBuilder().setInfill(Infill.newBuilder().setTemplate(template)).build());
  }

  /** A request that was made by hand. */
  public Question of(GenerateRequest request) {
    return new Question(channel, request, deadline, attempts);
  }

  /**
   * For everything else of the API: make a stub of it, for example {@code
   * ModelsGrpc.newBlockingStub(client.channel())}. Keys and encryption are as in this client,
   * deadlines and retries are the stub's.
   */
  public Channel channel() {
    return channel;
  }

  /** Ends what still runs, and the connection. */
  @Override
  public void close() {
    var unused = connection.shutdownNow();
    try {
      boolean unusedEnd = connection.awaitTermination(2, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Channel withKey(Channel channel, String apiKey) {
    Metadata headers = new Metadata();
    headers.put(AUTHORIZATION, "Bearer " + apiKey);
    return ClientInterceptors.intercept(
        channel, MetadataUtils.newAttachHeadersInterceptor(headers));
  }

  /** What a client is like; the usual one is not encrypted, for gateways on loopback. */
  public static final class Builder {

    private static final Duration USUAL_DEADLINE = Duration.ofMinutes(2);
    private static final int USUAL_ATTEMPTS = 4;

    private final String address;
    private boolean tls;
    private @Nullable Path authority;
    private @Nullable Path certificate;
    private @Nullable Path key;
    private @Nullable String apiKey;
    private Duration deadline = USUAL_DEADLINE;
    private int attempts = USUAL_ATTEMPTS;

    private Builder(String address) {
      this.address = address;
    }

    /** Encrypts, and believes the authorities that Java believes. */
    public Builder tls() {
      tls = true;
      return this;
    }

    /**
     * Encrypts, and believes whom a file says.
     *
     * @param trusted PEM, certificates of authorities or of the gateway itself
     */
    public Builder tls(Path trusted) {
      tls = true;
      authority = trusted;
      return this;
    }

    /**
     * Shows a certificate, to a gateway that wants one of its callers. Besides {@link #tls()}.
     *
     * @param chain PEM
     * @param privateKey PEM, PKCS#8, not encrypted
     */
    public Builder certificate(Path chain, Path privateKey) {
      tls = true;
      certificate = chain;
      key = privateKey;
      return this;
    }

    /**
     * Sends an API key or a token with every call. Without {@link #tls()} everybody can read it.
     */
    public Builder apiKey(String secret) {
      apiKey = secret;
      return this;
    }

    /** For questions that say nothing else: how long an answer is worth waiting for. */
    public Builder deadline(Duration patience) {
      deadline = patience;
      return this;
    }

    /**
     * How often a question is asked when the gateway says that it cannot take it now; 1 does not
     * ask again. It says itself when to come back, and the deadline counts for all together.
     */
    public Builder attempts(int most) {
      if (most < 1) {
        throw new IllegalArgumentException("attempts is " + most + "; at least 1 is needed");
      }
      attempts = most;
      return this;
    }

    /**
     * The client.
     *
     * @throws IllegalArgumentException when a certificate or key cannot be read
     */
    public UnmaskClient open() {
      return new UnmaskClient(
          Grpc.newChannelBuilder(address, credentials())
              .maxInboundMessageSize(MAX_MESSAGE_BYTES)
              .build(),
          apiKey,
          deadline,
          attempts);
    }

    private ChannelCredentials credentials() {
      if (!tls) {
        return InsecureChannelCredentials.create();
      }
      try {
        TlsChannelCredentials.Builder credentials = TlsChannelCredentials.newBuilder();
        if (authority != null) {
          credentials.trustManager(authority.toFile());
        }
        if (certificate != null && key != null) {
          credentials.keyManager(certificate.toFile(), key.toFile());
        }
        return credentials.build();
      } catch (IOException e) {
        throw new IllegalArgumentException(
            "a certificate or key for " + address + " cannot be read: " + e.getMessage(), e);
      }
    }
  }
}
