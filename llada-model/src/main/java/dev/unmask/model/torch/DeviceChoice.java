package dev.unmask.model.torch;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What somebody asked for, before it was looked whether it is there. */
public sealed interface DeviceChoice {

  Pattern NUMBERED = Pattern.compile("cuda(?::([0-9]{1,3}))?");

  /** The first CUDA device where library and driver have one, else the processor. */
  record Auto() implements DeviceChoice {
    @Override
    public String label() {
      return "auto";
    }
  }

  /** The processor, whatever else there is. */
  record OnlyCpu() implements DeviceChoice {
    @Override
    public String label() {
      return "cpu";
    }
  }

  /** One CUDA device and nothing else. */
  record OnlyCuda(int index) implements DeviceChoice {
    @Override
    public String label() {
      return "cuda:" + index;
    }
  }

  /** As command lines and configurations write it. */
  String label();

  /**
   * Reads {@code auto}, {@code cpu}, {@code cuda} (the first) or {@code cuda:N}.
   *
   * @throws IllegalArgumentException with a sentence for anything else
   */
  static DeviceChoice parse(String text) {
    String asked = text.strip().toLowerCase(Locale.ROOT);
    Matcher cuda = NUMBERED.matcher(asked);
    if (cuda.matches()) {
      return new OnlyCuda(cuda.group(1) == null ? 0 : Integer.parseInt(cuda.group(1)));
    }
    return switch (asked) {
      case "auto" -> new Auto();
      case "cpu" -> new OnlyCpu();
      default ->
          throw new IllegalArgumentException(
              "the device is " + text + "; it must be auto, cpu, cuda or cuda:N");
    };
  }

  /**
   * The device that it is here. Looks for devices only where the choice depends on them.
   *
   * @throws UnusableLibraryException saying what was found, when it is not there
   */
  default Device resolve() {
    return this instanceof OnlyCpu ? Device.cpu() : resolve(DevicesFound.here());
  }

  /** {@link #resolve()} by what was found. */
  default Device resolve(DevicesFound found) {
    return switch (this) {
      case OnlyCpu cpu -> Device.cpu();
      case Auto auto -> found.usable() ? new Device.Cuda(0) : Device.cpu();
      case OnlyCuda cuda -> {
        if (!found.usable() || cuda.index() >= found.devices().size()) {
          throw new UnusableLibraryException(
              label() + " was asked for, but " + found.sentence(cuda.index()));
        }
        yield new Device.Cuda(cuda.index());
      }
    };
  }
}
