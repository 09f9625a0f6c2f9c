package dev.unmask.gateway.flow.access;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.AuditRecord;
import java.time.Clock;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/**
 * Tells operators, for later, who changed what and who was turned away. Names, ids and digests go
 * into a record, texts never. Whoever is turned away is told of at most once a second, with a
 * count: somebody who knocks all day must not fill a topic. Any thread; returns at once.
 */
public final class AuditLog {

  private static final Logger LOG = Logger.getLogger(AuditLog.class);
  private static final long BETWEEN_MS = 1000;
  private static final int LONGEST = 200;

  private final Consumer<AuditRecord> outbox;
  private final String gateway;
  private final Clock clock;
  private long turnedAway;
  private long nextAtMs;

  /**
   * A log of one gateway.
   *
   * @param outbox takes records; must not block
   */
  public AuditLog(Consumer<AuditRecord> outbox, String gateway, Clock clock) {
    this.outbox = outbox;
    this.gateway = gateway;
    this.clock = clock;
  }

  /**
   * Something that changes what is there has been asked, and how it ended.
   *
   * @param object an id, a digest or a name; empty when it is not known
   * @param outcome {@code ok}, or the error's code
   */
  public void asked(Principal who, String action, String object, String outcome, String protocol) {
    AuditRecord record =
        record(action, outcome, protocol)
            .setTenant(who.tenant())
            .setActor(who.name())
            .setProof(who.proof().label())
            .setObject(plain(object))
            .build();
    LOG.infof(
        "event=audit action=%s tenant=%s actor=\"%s\" object=%s outcome=%s",
        action, record.getTenant(), plain(record.getActor()), record.getObject(), outcome);
    outbox.accept(record);
  }

  /** Somebody whom nobody knows was turned away. */
  public void turnedAway(Refusal refusal, String protocol) {
    long count;
    synchronized (this) {
      turnedAway++;
      if (clock.millis() < nextAtMs) {
        return;
      }
      nextAtMs = clock.millis() + BETWEEN_MS;
      count = turnedAway;
      turnedAway = 0;
    }
    LOG.infof(
        "event=access.refused protocol=%s count=%d why=\"%s\"", protocol, count, refusal.message());
    outbox.accept(
        record("access.refused", refusal.label(), protocol)
            .setProof("none")
            .setCount(count)
            .build());
  }

  private AuditRecord.Builder record(String action, String outcome, String protocol) {
    return AuditRecord.newBuilder()
        .setMinReader(1)
        .setAtMs(clock.millis())
        .setAction(action)
        .setOutcome(outcome)
        .setGateway(gateway)
        .setProtocol(protocol);
  }

  /** What callers chose themselves may hold anything. */
  private static String plain(String said) {
    String cut = said.substring(0, Math.min(said.length(), LONGEST));
    return cut.replaceAll("[^A-Za-z0-9._:@/#+-]", "_");
  }
}
