package dev.unmask.model.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.Arrays;
import java.util.List;

/** Numbers to a device and back, as every step sends and reads them. */
final class TransferCheck {

  private TransferCheck() {}

  static void run(Transfer transfer, NDManager manager) {
    double[] reals = {0.5, -1e300, 1 - 0x1p-53};
    long[] wholes = {0, 126_463, (1L << 53) - 1};
    try (NDManager passing = manager.newSubManager()) {
      HostNumbers numbers = new HostNumbers();
      int unusedFirst = numbers.add(wholes);
      int second = numbers.add(reals);
      HostNumbers.Sent sent = transfer.send(passing, numbers);
      double[] back = transfer.back(passing, List.of(sent.reals()), 0).toDoubleArray();
      NDArray ids = transfer.back(passing, List.of(sent.wholes()), 0);
      if (!Arrays.equals(Arrays.copyOfRange(back, second, back.length), reals)
          || !Arrays.equals(Arrays.copyOf(ids.toLongArray(), wholes.length), wholes)) {
        throw new UnusableLibraryException(
            "numbers sent to "
                + transfer.device().label()
                + " come back as "
                + Arrays.toString(back)
                + " and "
                + Arrays.toString(ids.toLongArray()));
      }
    }
  }
}
