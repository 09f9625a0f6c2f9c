package dev.unmask.model.bench;

import dev.unmask.model.torch.TorchRuntime;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * Time as the calling thread spends it. With one thread inside an operation that is processor time,
 * which neighbours on a shared machine cannot take; with more threads it is time on the wall.
 */
final class ThreadClock {

  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
  private static final boolean PROCESSOR =
      THREADS.isCurrentThreadCpuTimeSupported() && TorchRuntime.intraOpThreads() == 1;

  private ThreadClock() {}

  /** From some beginning; for differences only. */
  static long nanos() {
    return PROCESSOR ? THREADS.getCurrentThreadCpuTime() : System.nanoTime();
  }

  /** {@code processor} or {@code wall}. */
  static String label() {
    return PROCESSOR ? "processor" : "wall";
  }
}
