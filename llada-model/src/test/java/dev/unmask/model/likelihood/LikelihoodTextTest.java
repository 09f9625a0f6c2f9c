package dev.unmask.model.likelihood;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.transformer.DeviceTextTest;
import org.junit.jupiter.api.Test;

final class LikelihoodTextTest {

  @Test
  void scoringStaysOnTheDeviceOfTheLogits() {
    assertThat(DeviceTextTest.faults(LikelihoodPass.TEXT)).isEmpty();
  }
}
