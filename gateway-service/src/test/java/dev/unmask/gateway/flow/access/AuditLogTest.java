package dev.unmask.gateway.flow.access;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.AuditRecord;
import dev.unmask.v1.ErrorCode;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class AuditLogTest {

  private final List<AuditRecord> records = new ArrayList<>();
  private long nowMs = 1_000_000;
  private final AuditLog log = new AuditLog(records::add, "gateway-1", new Hands());

  private final class Hands extends Clock {
    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }

    @Override
    public Instant instant() {
      return Instant.ofEpochMilli(nowMs);
    }
  }

  @Test
  void aRecordSaysWhoDidWhatToWhat() {
    Principal who = new Principal("ci", "acme", java.util.Set.of(Role.USER), Principal.Proof.TOKEN);
    log.asked(who, "file.delete", "file-1 \"quoted\" text", "not_found", "http");
    assertThat(records)
        .containsExactly(
            AuditRecord.newBuilder()
                .setMinReader(1)
                .setAtMs(nowMs)
                .setTenant("acme")
                .setActor("ci")
                .setProof("token")
                .setAction("file.delete")
                .setObject("file-1__quoted__text")
                .setOutcome("not_found")
                .setGateway("gateway-1")
                .setProtocol("http")
                .build());
  }

  @Test
  void whoKnocksAllDayIsCounted() {
    Refusal refusal = Refusal.of(ErrorCode.ERROR_CODE_UNAUTHENTICATED, "No.");
    for (int i = 0; i < 5; i++) {
      log.turnedAway(refusal, "grpc");
    }
    nowMs += 1000;
    log.turnedAway(refusal, "grpc");
    assertThat(records).extracting(AuditRecord::getCount).containsExactly(1L, 5L);
    assertThat(records.getFirst().getActor()).isEmpty();
  }
}
