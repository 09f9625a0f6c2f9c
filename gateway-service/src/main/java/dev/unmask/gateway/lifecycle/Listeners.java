package dev.unmask.gateway.lifecycle;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Who can reach the gateway's ports. */
final class Listeners {

  private Listeners() {}

  /** Whether an address to listen on is this machine's alone. */
  static boolean isLoopback(String host) {
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /** Why a gateway that asks nobody who he is does not start on these addresses. */
  static String refusal(String httpHost, String grpcHost) {
    return "The gateway does not start: it would listen on "
        + (isLoopback(httpHost) ? "" : "quarkus.http.host=" + httpHost)
        + (isLoopback(httpHost) || isLoopback(grpcHost) ? "" : " and ")
        + (isLoopback(grpcHost) ? "" : "quarkus.grpc.server.host=" + grpcHost)
        + ", where others can reach it, and let everybody in. Give it keys"
        + " (unmask.gateway.api-keys, made by `unmask api-keys create`), or say"
        + " unmask.gateway.insecure=true when something in front of it keeps others out.";
  }
}
