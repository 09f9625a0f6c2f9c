package dev.unmask.cli.up;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class BackoffTest {

  @Test
  void earlyDeathsWaitLongerAndLongerUpToALimit() {
    Backoff backoff =
        new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(5), Duration.ofMinutes(1));
    Duration early = Duration.ofSeconds(3);

    assertThat(backoff.after(early)).hasSeconds(1);
    assertThat(backoff.after(early)).hasSeconds(2);
    assertThat(backoff.after(early)).hasSeconds(4);
    assertThat(backoff.after(early)).hasSeconds(5);
    assertThat(backoff.after(early)).hasSeconds(5);
    assertThat(backoff.after(Duration.ofMinutes(2))).hasSeconds(1);
  }
}
