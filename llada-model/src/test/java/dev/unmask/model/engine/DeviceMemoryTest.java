package dev.unmask.model.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.model.engine.DeviceMemory.NoRoomException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
final class DeviceMemoryTest {

  private static final long MB = 1 << 20;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final DeviceMemory memory = new DeviceMemory("cuda:0", 100 * MB);

  @Test
  void requestsGetWhatWeightsLeave() throws Exception {
    assertThat(memory.bytes()).isEqualTo(100 * MB);
    memory.reserve(30 * MB, PATIENCE);
    memory.reserve(20 * MB, PATIENCE);
    assertThat(memory.bytes()).isEqualTo(50 * MB);
    memory.release(30 * MB);
    assertThat(memory.bytes()).isEqualTo(80 * MB);
  }

  @Test
  void weightsThatCanNeverFitAreRefusedWithTheNumbers() throws Exception {
    memory.reserve(30 * MB, PATIENCE);

    assertThatThrownBy(() -> memory.reserve(70 * MB, PATIENCE))
        .isInstanceOf(NoRoomException.class)
        .hasMessageContaining("need 70 MB, but of the 100 MB that cuda:0 gives this process 30 MB")
        .hasMessageContaining("serve fewer models, or a smaller one");
    assertThat(memory.bytes()).isEqualTo(70 * MB);
  }

  @Test
  void weightsWaitForRequestsThatRunAndLetNoNewOnesIn() throws Exception {
    memory.needed(60 * MB);
    CompletableFuture<Boolean> reserved =
        CompletableFuture.supplyAsync(() -> {
          try {
            memory.reserve(50 * MB, PATIENCE);
            return true;
          } catch (NoRoomException | InterruptedException e) {
            return false;
          }
        });
    while (memory.bytes() > 50 * MB) {
      Thread.onSpinWait();
    }
    assertThat(reserved).isNotDone();
    memory.needed(55 * MB);
    assertThat(reserved).isNotDone();
    memory.needed(50 * MB);
    assertThat(reserved.get(30, TimeUnit.SECONDS)).isTrue();
  }

  @Test
  void patienceEndsAndNothingStaysTaken() {
    memory.needed(60 * MB);

    assertThatThrownBy(() -> memory.reserve(50 * MB, Duration.ZERO))
        .isInstanceOf(NoRoomException.class)
        .hasMessageContaining("need 50 MB of cuda:0, but running requests held 60 MB")
        .hasMessageContaining("try again later");
    assertThat(memory.bytes()).isEqualTo(100 * MB);
  }
}
