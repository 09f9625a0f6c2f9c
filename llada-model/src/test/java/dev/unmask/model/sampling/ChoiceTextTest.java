package dev.unmask.model.sampling;

import static org.assertj.core.api.Assertions.assertThat;

import dev.unmask.model.transformer.DeviceTextTest;
import org.junit.jupiter.api.Test;

final class ChoiceTextTest {

  @Test
  void choosingStaysOnTheDeviceOfTheLogits() {
    assertThat(DeviceTextTest.faults(ChoiceText.of(126_464))).isEmpty();
  }
}
