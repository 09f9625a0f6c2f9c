package dev.unmask.cli.up;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.function.Consumer;

/**
 * The children of one {@code up}. Starting happens on one thread; stopping may come from another in
 * the middle of it, and then nothing more is started.
 */
final class Supervisor {

  private final Consumer<String> remarks;
  private final Runnable changed;
  private final List<SupervisedChild> children = new ArrayList<>(); // guarded by this
  private boolean stopping; // guarded by this

  /**
   * @param remarks told about deaths and returns
   * @param changed run when a child has a new process
   */
  Supervisor(Consumer<String> remarks, Runnable changed) {
    this.remarks = remarks;
    this.changed = changed;
  }

  /**
   * Starts a child; does not wait for it.
   *
   * @throws CancellationException when everything is being stopped
   */
  synchronized SupervisedChild start(ChildSpec spec) {
    if (stopping) {
      throw new CancellationException(spec.name() + " is not started: everything is being stopped");
    }
    SupervisedChild child = new SupervisedChild(spec, Backoff.usual(), remarks, changed);
    children.add(child);
    child.start();
    return child;
  }

  synchronized List<SupervisedChild> children() {
    return List.copyOf(children);
  }

  /**
   * Ends every child: the stages one after another, the children of a stage side by side.
   *
   * @param stages names by their beginning, for example {@code sampler}
   */
  void stop(List<List<String>> stages, Duration grace) {
    List<SupervisedChild> all;
    synchronized (this) {
      stopping = true;
      all = new ArrayList<>(children);
    }
    for (List<String> stage : stages) {
      List<SupervisedChild> now =
          all.stream()
              .filter(child -> stage.stream().anyMatch(child.spec().name()::startsWith))
              .toList();
      all.removeAll(now);
      stopTogether(now, grace);
    }
    stopTogether(all, grace);
  }

  private static void stopTogether(List<SupervisedChild> children, Duration grace) {
    List<Thread> threads =
        children.stream()
            .map(child -> Thread.ofPlatform().daemon().start(() -> child.stop(grace)))
            .toList();
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
