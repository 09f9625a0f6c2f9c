package dev.unmask.cli.client;

import dev.unmask.cli.Session;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.endpoint.Endpoints;
import dev.unmask.tracing.TraceParent;
import dev.unmask.v1.AdminGrpc;
import dev.unmask.v1.FilesGrpc;
import dev.unmask.v1.FineTuningGrpc;
import dev.unmask.v1.GenerationGrpc;
import dev.unmask.v1.JobsGrpc;
import dev.unmask.v1.ModelsGrpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One channel to a gateway. */
public final class GatewayClient implements AutoCloseable {

  private static final int MAX_MESSAGE_BYTES = 32 << 20;

  private static final Metadata.Key<String> TRACE =
      Metadata.Key.of(TraceParent.HEADER, Metadata.ASCII_STRING_MARSHALLER);

  private final ManagedChannel channel;

  private GatewayClient(ManagedChannel channel) {
    this.channel = channel;
  }

  /** Finds the cluster and prepares a channel; the connection is made by the first call. */
  public static GatewayClient open(Session session, EndpointOption option) {
    return to(
        Discovery.api(session, option.address()),
        ClientTls.of(session, option),
        ClientKey.of(session, option.keyFile()));
  }

  /**
   * A channel to a cluster of this machine, encrypted when its ports are, with the key of {@code
   * session} if it has one.
   */
  public static GatewayClient to(Endpoints local, Session session) {
    return to(local.grpc(), ClientTls.of(local), ClientKey.of(session, null));
  }

  /** A channel to {@code host:port} that is not encrypted and asks for no key. */
  public static GatewayClient to(String address) {
    return to(address, Optional.empty(), Optional.empty());
  }

  private static GatewayClient to(String address, Optional<ClientTls> tls, Optional<String> key) {
    NettyChannelBuilder channel =
        NettyChannelBuilder.forTarget(
                address,
                tls.map(ClientTls::credentials).orElseGet(InsecureChannelCredentials::create))
            .maxInboundMessageSize(MAX_MESSAGE_BYTES);
    key.ifPresent(sent -> channel.intercept(ClientKey.sending(sent)));
    return new GatewayClient(channel.build());
  }

  public GenerationGrpc.GenerationBlockingStub generation() {
    return GenerationGrpc.newBlockingStub(channel);
  }

  /** The same calls as a part of the trace that {@code traceparent} names. */
  public GenerationGrpc.GenerationBlockingStub generation(@Nullable String traceparent) {
    if (traceparent == null) {
      return generation();
    }
    Metadata metadata = new Metadata();
    metadata.put(TRACE, traceparent);
    return generation().withInterceptors(MetadataUtils.newAttachHeadersInterceptor(metadata));
  }

  /** Calls that return at once; their ends are told on a thread of the channel. */
  public GenerationGrpc.GenerationStub generationLater() {
    return GenerationGrpc.newStub(channel);
  }

  public JobsGrpc.JobsBlockingStub jobs() {
    return JobsGrpc.newBlockingStub(channel);
  }

  /** The same, returning at once. */
  public JobsGrpc.JobsStub jobsLater() {
    return JobsGrpc.newStub(channel);
  }

  /** For operators; refused to whoever is none. */
  public AdminGrpc.AdminBlockingStub admin() {
    return AdminGrpc.newBlockingStub(channel);
  }

  public FineTuningGrpc.FineTuningBlockingStub fineTuning() {
    return FineTuningGrpc.newBlockingStub(channel);
  }

  public ModelsGrpc.ModelsBlockingStub models() {
    return ModelsGrpc.newBlockingStub(channel);
  }

  /** Uploads are client streams, which the blocking stub does not have. */
  public FilesGrpc.FilesStub files() {
    return FilesGrpc.newStub(channel);
  }

  /** Everything about files but uploads. */
  public FilesGrpc.FilesBlockingStub filesNow() {
    return FilesGrpc.newBlockingStub(channel);
  }

  @Override
  public void close() {
    channel.shutdownNow();
    try {
      boolean ended = channel.awaitTermination(2, TimeUnit.SECONDS);
      if (!ended) {
        // The process is about to end; a channel that hangs is nobody's problem.
        channel.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
