package dev.unmask.cli.client;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What a failed call means, in one sentence. */
public final class StatusSentences {

  private StatusSentences() {}

  /**
   * The sentence for a status. What the server says about a request is already a sentence; what the
   * connection says is not.
   */
  public static String of(StatusRuntimeException failure) {
    Status status = failure.getStatus();
    String said = status.getDescription() == null ? "" : status.getDescription().strip();
    return switch (status.getCode()) {
      case UNAVAILABLE -> unavailable(said, failure);
      case DEADLINE_EXCEEDED ->
          "the answer did not come before the deadline" + because(said) + "; allow more time";
      case CANCELLED -> "the call was cancelled" + because(said);
      case UNIMPLEMENTED ->
          "this cluster does not offer that" + because(said) + "; it may be of another version";
      case INTERNAL, UNKNOWN, DATA_LOSS ->
          "the cluster failed" + because(said) + "; its logs say more";
      case RESOURCE_EXHAUSTED -> said.isEmpty() ? "the cluster is at its limit; try later" : said;
      case UNAUTHENTICATED -> "the cluster wants to know who you are" + because(said);
      case PERMISSION_DENIED -> "you may not do that" + because(said);
      case OK,
          INVALID_ARGUMENT,
          NOT_FOUND,
          ALREADY_EXISTS,
          FAILED_PRECONDITION,
          ABORTED,
          OUT_OF_RANGE ->
          said.isEmpty() ? "the cluster refused with " + status.getCode() : said;
    };
  }

  private static String unavailable(String said, Throwable failure) {
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      if (cause instanceof java.net.ConnectException) {
        return "no cluster answers at "
            + address(cause)
            + "; start one with `unmask up`, or name another with --endpoint";
      }
    }
    for (Throwable cause = failure.getCause(); cause != null; cause = cause.getCause()) {
      String tls = tls(String.valueOf(cause.getMessage()));
      if (tls != null) {
        return tls;
      }
    }
    if (said.startsWith("Network closed for unknown reason")) {
      return "the cluster closed the connection; if it speaks TLS, say --tls or --tls-ca";
    }
    if (said.contains("UnknownHost") || said.startsWith("Unable to resolve host")) {
      return "the host in the endpoint is not known" + because(said);
    }
    return "the cluster cannot take the request now" + because(said);
  }

  /** What is wrong with the encryption, if that is what a cause is about. */
  private static @Nullable String tls(String cause) {
    String low = cause.toLowerCase(Locale.ROOT);
    if (low.contains("not an ssl/tls record")) {
      return "the cluster does not speak TLS; leave out --tls and what belongs to it";
    }
    if (low.contains("first received frame was not settings")) {
      return "the cluster speaks TLS; say --tls, or --tls-ca with the file of who vouches for it";
    }
    if (low.contains("unable to find valid certification path")
        || low.contains("path does not chain")) {
      return "nobody whom you trust vouches for the cluster's certificate; name the authority with"
          + " --tls-ca";
    }
    if (low.contains("subject alternative") || low.contains("no name matching")) {
      return "the cluster's certificate is for another name than the endpoint's (" + cause + ")";
    }
    if (low.contains("certificate_required")
        || low.contains("bad_certificate")
        || low.contains("certificate_unknown")
        || low.contains("unknown_ca")) {
      return "the cluster wants a certificate that it trusts; give --tls-cert and --tls-key";
    }
    return null;
  }

  /** Netty's message is "Connection refused: /127.0.0.1:8650". */
  private static String address(Throwable refused) {
    String message = String.valueOf(refused.getMessage());
    int slash = message.lastIndexOf('/');
    return slash >= 0 ? message.substring(slash + 1) : "that address";
  }

  private static String because(String said) {
    return said.isEmpty() ? "" : " (" + said + ")";
  }
}
