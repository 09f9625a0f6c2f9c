package dev.unmask.cli.generate;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.v1.FilledGap;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Infill;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code unmask infill}: a text whose gaps are filled. */
@Command(
    name = "infill",
    description = {
      "Fills the gaps of a text: [[5]] is a gap of five tokens. What stands between gaps never",
      "changes. A token brings the space before it, so leave none before a gap."
    },
    footer = {
      "",
      "Examples:",
      "  unmask infill \"The capital of France[[1]] Paris.\"",
      "  unmask infill --json \"The[[1]] is blue.\""
    })
public final class InfillCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;
  @Mixin private RequestOptions options;

  @Parameters(paramLabel = "TEXT", description = "The text, with at least one gap.")
  private String text = "";

  public InfillCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      GenerateResponse answer =
          client
              .generation()
              .infill(options.request().setInfill(Infill.newBuilder().setTemplate(text)).build());
      if (session.json()) {
        session.out().println(Json.line(json(answer)));
      } else {
        session.out().println(answer.getText());
        session.err().println(AnswerFormat.figures(answer));
      }
    }
    return 0;
  }

  private static ObjectNode json(GenerateResponse answer) {
    ObjectNode json = AnswerFormat.json(answer);
    ArrayNode gaps = json.putArray("gaps");
    for (FilledGap gap : answer.getGapsList()) {
      ArrayNode ids = gaps.addObject().put("text", gap.getText()).putArray("token_ids");
      gap.getTokenIdsList().forEach(ids::add);
    }
    return json;
  }
}
