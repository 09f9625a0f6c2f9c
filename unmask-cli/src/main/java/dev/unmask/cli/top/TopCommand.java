package dev.unmask.cli.top;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.time.Duration;
import java.time.ZoneId;
import java.util.List;
import java.util.concurrent.Callable;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask top}: what the cluster does, drawn again and again. */
@Command(
    name = "top",
    description = {
      "What the cluster does now: queues, samplers, steps and tokens a second, models, fine-tuning"
          + " jobs. q leaves.",
      "Without a terminal, or with --once, it is shown once; with --json alone a line for each look.",
      "Everything comes from the public API; samplers speak every two seconds."
    })
public final class TopCommand implements Callable<Integer> {

  private static final double SHORTEST = 0.1;
  private static final double LONGEST = 3600;

  private final Session session;
  private final Pace pace = new Pace();

  @Mixin private EndpointOption endpoint;

  @Option(
      names = "--once",
      description = "Look twice, an interval apart, show the second look and leave.")
  private boolean once;

  @Option(
      names = "--interval",
      paramLabel = "SECONDS",
      description = "Time between two looks, from 0.1 to 3600. Default: ${DEFAULT-VALUE}.",
      defaultValue = "2")
  private double interval;

  public TopCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (!(interval >= SHORTEST && interval <= LONGEST)) {
      throw CliException.usage("--interval is " + interval + "; it must be from 0.1 to 3600");
    }
    Duration every = Duration.ofMillis(Math.round(interval * 1000));
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      // The first look fails at once when there is no cluster.
      pace.hear(ClusterLook.take(client));
      if (once || (!session.outIsTerminal() && !session.json())) {
        Thread.sleep(every);
        print(look(client));
      } else if (session.json()) {
        while (!session.out().checkError()) {
          Thread.sleep(every);
          print(look(client));
        }
      } else {
        live(client, every);
      }
    }
    return 0;
  }

  private ClusterLook look(GatewayClient client) {
    ClusterLook look = ClusterLook.take(client);
    pace.hear(look);
    return look;
  }

  private void print(ClusterLook look) {
    if (session.json()) {
      session.out().println(Json.line(TopJson.of(look, pace)));
    } else {
      TopText.lines(look, pace, ZoneId.systemDefault()).forEach(session.out()::println);
    }
  }

  private void live(GatewayClient client, Duration every) throws IOException {
    try (Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).build()) {
      new LiveScreen(terminal).show(() -> picture(client), every);
    }
  }

  /** A cluster that is away for a moment does not end the picture. */
  private List<String> picture(GatewayClient client) {
    try {
      return TopText.lines(look(client), pace, ZoneId.systemDefault());
    } catch (StatusRuntimeException e) {
      return List.of("unmask top  " + StatusSentences.of(e));
    }
  }
}
