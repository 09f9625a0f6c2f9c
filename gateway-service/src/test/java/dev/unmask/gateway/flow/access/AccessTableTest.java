package dev.unmask.gateway.flow.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class AccessTableTest {

  private final AccessTable table = AccessTable.gateway();

  @ParameterizedTest
  @CsvSource({
    "GET, /, PUBLIC",
    "HEAD, /index.html, PUBLIC",
    "GET, /page/app.js, PUBLIC",
    "GET, /q/health, PUBLIC",
    "GET, /q/health/ready, PUBLIC",
    "GET, /q/metrics, METRICS",
    "GET, /v1/models, USER",
    "GET, /v1/models/a/b@c, USER",
    "HEAD, /v1/files/x/content, USER",
    "PUT, /v1/files, USER",
    "OPTIONS, /v1/files, USER",
  })
  void aPathHasItsRule(String method, String path, Permission permission) {
    assertThat(table.http(method, path).map(AccessRule::permission)).contains(permission);
  }

  @ParameterizedTest
  @CsvSource({
    "GET, /page",
    "GET, /index.html/",
    "GET, /page2/app.js",
    "GET, /q",
    "GET, /q/healthy",
    "GET, /q/metrics/",
    "GET, /q/info",
    "GET, /v1/",
    "GET, /v1/files/x/contents",
    "GET, /v1/files/x/content/y",
    "GET, ''"
  })
  void whatIsNotListedHasNone(String method, String path) {
    assertThat(table.http(method, path)).isEqualTo(Optional.empty());
  }

  @Test
  void whatChangesWhatEverybodyGetsIsForOperatorsAndIsAudited() {
    for (String method :
        new String[] {
          "unmask.v1.Models/Activate",
          "unmask.v1.Models/Rollback",
          "unmask.v1.Models/Withdraw",
          "unmask.v1.Admin/SetQuota"
        }) {
      AccessRule rule = table.rpc(method).orElseThrow();
      assertThat(rule.permission()).as(method).isEqualTo(Permission.ADMIN);
      assertThat(rule.action()).as(method).isNotEmpty();
    }
  }
}
