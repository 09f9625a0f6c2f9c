package dev.unmask.cli.up;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/** Ports of the loopback interface. */
final class Ports {

  private Ports() {}

  /** A port that is free now. Somebody else may take it before it is used; that is rare. */
  static int free() {
    try (ServerSocket socket = new ServerSocket()) {
      // Without SO_REUSEADDR the system never hands out a port that lingers from a moment ago.
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      return socket.getLocalPort();
    } catch (IOException e) {
      throw new CliException("no free port on the loopback interface: " + e.getMessage(), e);
    }
  }

  /**
   * The port asked for, or a free one for 0.
   *
   * @throws CliException when the port is taken or is none
   */
  static int choose(int wanted, String option) {
    if (wanted < 0 || wanted > 65535) {
      throw CliException.usage(option + " is " + wanted + "; a port is 0 to 65535, 0 picks one");
    }
    if (wanted == 0) {
      return free();
    }
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), wanted));
      return wanted;
    } catch (IOException e) {
      throw new CliException(
          "port "
              + wanted
              + " is taken by another program; give "
              + option
              + " another one, or 0 for a free one",
          e);
    }
  }
}
