package dev.unmask.cli.models;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.endpoint.Kafka;
import dev.unmask.proto.Topics;
import dev.unmask.v1.AuditRecord;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.KafkaException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code unmask audit}: who changed what. */
@Command(
    name = "audit",
    description = {
      "Shows who changed what, and how many were turned away, from Kafka's topic of audit records,",
      "oldest first. There is never a text in them."
    })
public final class AuditCommand implements Callable<Integer> {

  private final Session session;

  @Option(
      names = "--kafka",
      paramLabel = "HOST:PORT",
      description = "Default: the Kafka of the `unmask up` of this machine.")
  private @Nullable String kafka;

  @Option(
      names = "--since",
      paramLabel = "TIME",
      defaultValue = "P1D",
      description = "How far back, such as PT2H or P30D; default: ${DEFAULT-VALUE}.")
  private String since = "P1D";

  @Option(names = "--tenant", paramLabel = "NAME", description = "Only this tenant's.")
  private @Nullable String tenant;

  @Option(
      names = "--action",
      paramLabel = "ACTION",
      description = "Only what begins so, such as `model.` or `access.refused`.")
  private @Nullable String action;

  public AuditCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() {
    long oldest = Instant.now().minus(age()).toEpochMilli();
    try {
      new ModelPublication(Kafka.find(session, kafka, ""))
          .read(
              Topics.AUDIT,
              record -> read(record).filter(r -> wanted(r, oldest)).ifPresent(this::show));
    } catch (KafkaException e) {
      throw new CliException("the audit records could not be read: " + e.getMessage(), e);
    }
    return 0;
  }

  private Duration age() {
    try {
      return Duration.parse(since);
    } catch (DateTimeParseException e) {
      throw CliException.usage(
          "--since is '" + since + "'; it must be a time such as PT2H or P30D");
    }
  }

  private static Optional<AuditRecord> read(ConsumerRecord<String, byte[]> record) {
    try {
      return record.value() == null
          ? Optional.empty()
          : Optional.of(AuditRecord.parseFrom(record.value()));
    } catch (InvalidProtocolBufferException e) {
      // Not a record of a gateway.
      return Optional.empty();
    }
  }

  private boolean wanted(AuditRecord record, long oldest) {
    return record.getAtMs() >= oldest
        && (tenant == null || record.getTenant().equals(tenant))
        && (action == null || record.getAction().startsWith(action));
  }

  private void show(AuditRecord record) {
    if (session.json()) {
      ObjectNode node =
          Json.object()
              .put("at", Instant.ofEpochMilli(record.getAtMs()).toString())
              .put("tenant", record.getTenant())
              .put("actor", record.getActor())
              .put("proof", record.getProof())
              .put("action", record.getAction())
              .put("object", record.getObject())
              .put("outcome", record.getOutcome())
              .put("gateway", record.getGateway())
              .put("protocol", record.getProtocol());
      if (record.getCount() > 0) {
        node.put("count", record.getCount());
      }
      session.out().println(Json.line(node));
      return;
    }
    session
        .out()
        .printf(
            "%s  %-12s %-16s %-18s %-18s %s%s%n",
            Instant.ofEpochMilli(record.getAtMs()),
            record.getTenant().isEmpty() ? "-" : record.getTenant(),
            record.getActor().isEmpty() ? record.getProof() : record.getActor(),
            record.getAction(),
            record.getOutcome(),
            record.getObject(),
            record.getCount() > 1 ? record.getCount() + " times" : "");
  }
}
