package dev.unmask.cli.tools;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.cli.endpoint.Discovery;
import dev.unmask.cli.process.DeviceOption;
import dev.unmask.cli.process.Jvm;
import dev.unmask.v1.ListModelsRequest;
import io.grpc.StatusRuntimeException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.utils.AppInfoParser;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code unmask doctor}: what of this machine matters to the engine, and whether it works. */
@Command(
    name = "doctor",
    description = {
      "The machine's facts: processor, GPUs, memory, versions, threads, what precision `auto` picks",
      "and why, which settings are known to be stable, the cluster; and a self-check of the native",
      "library. Exits 1 when the self-check fails or the cluster that was named does not answer."
    })
public final class DoctorCommand implements java.util.concurrent.Callable<Integer> {

  private static final int PATIENCE_SECONDS = 3;

  private final Session session;

  @Mixin private EndpointOption endpoint;

  @Mixin private DeviceOption device;

  public DoctorCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    ObjectNode facts = Json.object();
    boolean cluster = cluster(facts.putObject("cluster"));
    MachineFacts.addTo(facts);
    facts.put("kafka_client", AppInfoParser.getVersion());
    Map<String, String> environment = new TreeMap<>(Jvm.pyTorchEnvironment(session.environment()));
    ObjectNode given = facts.putObject("engine_environment");
    environment.forEach(given::put);
    EngineFacts engine = EngineFacts.ask(session, device.device());
    facts.setAll(engine.facts());
    if (session.json()) {
      session.out().println(Json.line(facts));
    } else {
      FactSheet.print(session, facts);
    }
    if (!engine.healthy()) {
      session.remark(
          "the self-check failed: "
              + facts.path("self_check").path("sentence").asText("no reason"));
    }
    return engine.healthy() && cluster ? 0 : CliException.FAILED;
  }

  /**
   * Says where the cluster is and whether it answers.
   *
   * @return false when one was named and does not answer
   */
  private boolean cluster(ObjectNode facts) {
    boolean named =
        endpoint.address() != null
            || !session.environment().getOrDefault("UNMASK_ENDPOINT", "").isBlank();
    if (!named && Discovery.local(session).isEmpty()) {
      facts.put("endpoint", "none").put("state", "no cluster runs here");
      return true;
    }
    String address = Discovery.api(session, endpoint.address());
    facts.put("endpoint", address);
    facts.put("from", from());
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      int models =
          client
              .models()
              .withDeadlineAfter(PATIENCE_SECONDS, TimeUnit.SECONDS)
              .list(ListModelsRequest.getDefaultInstance())
              .getModelsCount();
      facts.put("state", "answers");
      facts.put("model_versions", models);
      return true;
    } catch (StatusRuntimeException e) {
      facts.put("state", StatusSentences.of(e));
      if (named) {
        session.remark(StatusSentences.of(e));
      }
      return !named;
    }
  }

  private String from() {
    if (endpoint.address() != null) {
      return "--endpoint";
    }
    return session.environment().getOrDefault("UNMASK_ENDPOINT", "").isBlank()
        ? "unmask up"
        : "UNMASK_ENDPOINT";
  }
}
