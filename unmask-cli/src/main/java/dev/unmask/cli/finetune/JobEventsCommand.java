package dev.unmask.cli.finetune;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.FineTuneEvent;
import dev.unmask.v1.ListFineTuningEventsRequest;
import dev.unmask.v1.ListFineTuningEventsResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code unmask jobs events}: a job's story, one JSON object a line. */
@Command(
    name = "events",
    description = "Everything that a job has told so far, one JSON object a line.")
public final class JobEventsCommand implements Callable<Integer> {

  private static final int PAGE = 1000;

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Parameters(paramLabel = "ID", description = "The job.")
  private String id = "";

  @Option(names = "--after", paramLabel = "SEQ", description = "Only events after this number.")
  private long after;

  public JobEventsCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    JsonFormat.Printer printer = JsonFormat.printer().omittingInsignificantWhitespace();
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      boolean more = true;
      while (more) {
        ListFineTuningEventsResponse page =
            client
                .fineTuning()
                .listEvents(
                    ListFineTuningEventsRequest.newBuilder()
                        .setId(id)
                        .setAfterSeq(after)
                        .setLimit(PAGE)
                        .build());
        for (FineTuneEvent event : page.getEventsList()) {
          after = event.getSeq();
          session.out().println(printer.print(event));
        }
        more = page.getHasMore();
      }
    } catch (InvalidProtocolBufferException e) {
      throw new CliException("an event cannot be shown as JSON: " + e.getMessage(), e);
    }
    return 0;
  }
}
