package dev.unmask.cli.up;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;

/** Ports of the loopback interface. */
final class Ports {

  private static final int FIRST = 20_000;

  /** Linux begins its own range at 32 768, macOS and Windows at 49 152. */
  private static final int LAST = 32_000;

  private static final int TRIES = 1_000;
  private static final Set<Integer> GIVEN = ConcurrentHashMap.newKeySet();

  private Ports() {}

  /**
   * A port that is free now, from below the range that systems take for outgoing connections: until
   * the child that is told the port listens on it, any connection of the machine could be given a
   * port from there. No port is returned twice by one process.
   */
  static int free() {
    for (int i = 0; i < TRIES; i++) {
      int port = FIRST + ThreadLocalRandom.current().nextInt(LAST - FIRST);
      if (isFree(port) && GIVEN.add(port)) {
        return port;
      }
    }
    throw new CliException(
        "no free port from " + FIRST + " to " + LAST + " on the loopback interface");
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = new ServerSocket()) {
      // Without SO_REUSEADDR a port that lingers from a moment ago does not count as free.
      socket.setReuseAddress(false);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
      return true;
    } catch (IOException e) {
      return false;
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
