package dev.unmask.gateway.flow;

import static dev.unmask.gateway.flow.Events.answer;
import static dev.unmask.gateway.flow.Events.started;
import static dev.unmask.gateway.flow.Events.step;
import static dev.unmask.gateway.flow.Events.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationRestarted;
import java.util.List;
import org.junit.jupiter.api.Test;

class FrameBufferTest {

  private final FrameBuffer buffer = new FrameBuffer();

  private List<String> drained() {
    return buffer.drain().stream().map(Events::show).toList();
  }

  @Test
  void framesOfAKindMelt() {
    assertThat(buffer.add(started(1))).isFalse();
    assertThat(buffer.add(step(1, 0, 5))).isFalse();
    assertThat(buffer.add(text(1, "a"))).isFalse();
    assertThat(buffer.add(step(1, 1, 6, 2, 7))).isTrue();
    assertThat(buffer.add(text(1, "b"))).isTrue();
    assertThat(drained()).containsExactly("started", "step:0=5,1=6,2=7", "text:ab");
    assertThat(buffer.isEmpty()).isTrue();
  }

  @Test
  void aRestartMakesWhatWaitsPointless() {
    buffer.add(started(1));
    buffer.add(step(1, 0, 5));
    assertThat(
            buffer.add(
                GenerationEvent.newBuilder()
                    .setRestarted(GenerationRestarted.getDefaultInstance())
                    .build()))
        .isTrue();
    buffer.add(step(2, 0, 6));
    assertThat(drained()).containsExactly("started", "restarted", "step:0=6");
  }

  @Test
  void anEndIsNotAFrame() {
    assertThatThrownBy(() -> buffer.add(answer(1, "x")))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
