package dev.unmask.broker;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The broker as a process of its own: {@code --data DIR [--port N] [--with-parent]}.
 *
 * <p>Prints {@code ready HOST:PORT} when it takes connections, and nothing else on standard output.
 * SIGTERM stops it cleanly. With {@code --with-parent} it also stops when the process that started
 * it is gone, however that ended. Runs well with {@code -Xmx192m -XX:+UseSerialGC}.
 */
public final class BrokerMain {

  private static final String USAGE =
      "usage: BrokerMain --data DIR [--port N] [--with-parent]   (port 0, the default, picks one)";

  private BrokerMain() {}

  public static void main(String[] args) throws InterruptedException {
    System.exit(run(args));
  }

  private static int run(String[] args) throws InterruptedException {
    EmbeddedBroker broker;
    boolean withParent;
    try {
      Arguments arguments = Arguments.parse(args);
      withParent = arguments.withParent();
      broker = EmbeddedBroker.start(new BrokerOptions(arguments.data(), arguments.port()));
    } catch (BrokerException | IllegalArgumentException e) {
      System.err.println("kafka-broker: " + e.getMessage());
      return 1;
    }
    CountDownLatch stop = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  broker.close();
                  stop.countDown();
                },
                "stop-broker"));
    if (withParent) {
      ProcessHandle.current().parent().ifPresent(BrokerMain::endWith);
    }
    System.out.println("ready " + broker.bootstrap());
    stop.await();
    return 0;
  }

  private static void endWith(ProcessHandle parent) {
    Thread watch =
        new Thread(
            () -> {
              ProcessHandle ended = parent.onExit().join();
              System.err.println(
                  "kafka-broker: process " + ended.pid() + " ended, so this one does");
              System.exit(0);
            },
            "watch-parent");
    watch.setDaemon(true);
    watch.start();
  }

  private record Arguments(Path data, int port, boolean withParent) {

    static Arguments parse(String[] args) {
      @Nullable Path data = null;
      int port = 0;
      boolean withParent = false;
      for (int i = 0; i < args.length; i++) {
        switch (args[i]) {
          case "--data" -> data = Path.of(value(args, ++i));
          case "--port" -> port = number(value(args, ++i));
          case "--with-parent" -> withParent = true;
          default -> throw new IllegalArgumentException("'" + args[i] + "' is unknown\n" + USAGE);
        }
      }
      if (data == null) {
        throw new IllegalArgumentException("--data is missing\n" + USAGE);
      }
      return new Arguments(data, port, withParent);
    }

    private static String value(String[] args, int at) {
      if (at == args.length) {
        throw new IllegalArgumentException(args[at - 1] + " needs a value\n" + USAGE);
      }
      return args[at];
    }

    private static int number(String text) {
      try {
        return Integer.parseInt(text);
      } catch (NumberFormatException e) {
        throw new IllegalArgumentException("'" + text + "' is no port", e);
      }
    }
  }
}
