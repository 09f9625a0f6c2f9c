package dev.unmask.cli.up;

import dev.unmask.cli.CliException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One child process that is started again when it dies.
 *
 * <p>One thread of its own launches, waits and relaunches; {@link #stop} may be called from any
 * thread, once or often.
 */
final class SupervisedChild {

  /** A child that dies this often before it was ever ready will not get better. */
  private static final int HOPELESS = 3;

  private static final Duration PROBE_PAUSE = Duration.ofMillis(150);
  private static final int LOG_LINES_SHOWN = 5;

  private final ChildSpec spec;
  private final Backoff backoff;
  private final Consumer<String> remarks;
  private final Runnable changed;
  private final CompletableFuture<SupervisedChild> ready = new CompletableFuture<>();
  private final Thread thread;
  private final Object lock = new Object();
  private @Nullable Process process; // guarded by lock
  private boolean stopping; // guarded by lock

  /**
   * @param remarks told when the child dies and when it is back
   * @param changed run whenever it has a new process
   */
  SupervisedChild(ChildSpec spec, Backoff backoff, Consumer<String> remarks, Runnable changed) {
    this.spec = spec;
    this.backoff = backoff;
    this.remarks = remarks;
    this.changed = changed;
    this.thread = Thread.ofPlatform().daemon().name("child-" + spec.name()).unstarted(this::live);
  }

  ChildSpec spec() {
    return spec;
  }

  void start() {
    thread.start();
  }

  /** Its process id now; 0 when it has none. */
  long pid() {
    synchronized (lock) {
      return process == null || !process.isAlive() ? 0 : process.pid();
    }
  }

  /**
   * Waits until it was ready once.
   *
   * @throws CliException when it dies again and again, or the time is over
   */
  void awaitReady(Duration patience) throws InterruptedException {
    try {
      SupervisedChild unused = ready.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new CliException(
          spec.name() + " is not ready after " + patience.toSeconds() + " s" + lastWords(), e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof CliException known) {
        throw known;
      }
      throw new IllegalStateException(e);
    }
  }

  /** Asks it to end, and ends it when it does not within {@code grace}. It stays ended. */
  void stop(Duration grace) {
    Process running;
    synchronized (lock) {
      stopping = true;
      lock.notifyAll();
      running = process;
    }
    if (running == null) {
      return;
    }
    running.destroy();
    try {
      if (!running.waitFor(grace.toMillis(), TimeUnit.MILLISECONDS)) {
        remarks.accept(
            spec.name() + " did not end within " + grace.toSeconds() + " s and is killed");
        running.destroyForcibly().waitFor();
      }
    } catch (InterruptedException e) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void live() {
    int earlyDeaths = 0;
    boolean again = false;
    try {
      while (true) {
        Instant born = Instant.now();
        long logStart = logSize();
        Process running = launch();
        if (running == null) {
          return;
        }
        changed.run();
        if (awaitReadyOrEnd(running, logStart)) {
          ready.complete(this);
          if (again) {
            remarks.accept(spec.name() + " is back (process " + running.pid() + ")");
          }
        }
        int code = running.waitFor();
        if (isStopping()) {
          return;
        }
        if (!ready.isDone() && ++earlyDeaths >= HOPELESS) {
          ready.completeExceptionally(
              new CliException(
                  spec.name()
                      + " ended with status "
                      + code
                      + " before it was ready"
                      + lastWords()));
          return;
        }
        Duration wait = backoff.after(Duration.between(born, Instant.now()));
        remarks.accept(
            String.format(
                Locale.ROOT,
                "%s died (status %d); starting it again in %.1f s (log: %s)",
                spec.name(),
                code,
                wait.toMillis() / 1000.0,
                spec.log()));
        again = true;
        if (pause(wait)) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      ready.completeExceptionally(
          new CliException(spec.name() + " could not be started: " + e.getMessage(), e));
    }
  }

  /** A new process, or null when it is to be stopped. */
  private @Nullable Process launch() throws IOException {
    synchronized (lock) {
      if (stopping) {
        return null;
      }
      // Ctrl-C reaches every process of the terminal; children leave it to the parent, which ends
      // them in order. An ignored signal stays ignored across exec, and the JVM respects that.
      List<String> command =
          new ArrayList<>(List.of("/bin/sh", "-c", "trap '' INT; exec \"$@\"", "sh"));
      command.addAll(spec.command());
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().putAll(spec.environment());
      builder.redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")));
      builder.redirectErrorStream(true);
      builder.redirectOutput(ProcessBuilder.Redirect.appendTo(spec.log().toFile()));
      process = builder.start();
      return process;
    }
  }

  private boolean awaitReadyOrEnd(Process running, long logStart) throws InterruptedException {
    while (running.isAlive()) {
      if (ReadinessProbe.ready(spec, logStart)) {
        return true;
      }
      Thread.sleep(PROBE_PAUSE);
    }
    return false;
  }

  /** Waits, unless it is to be stopped; says whether it is. */
  private boolean pause(Duration wait) throws InterruptedException {
    long end = System.nanoTime() + wait.toNanos();
    synchronized (lock) {
      for (long left = wait.toNanos(); left > 0 && !stopping; left = end - System.nanoTime()) {
        TimeUnit.NANOSECONDS.timedWait(lock, left);
      }
      return stopping;
    }
  }

  private boolean isStopping() {
    synchronized (lock) {
      return stopping;
    }
  }

  private long logSize() {
    try {
      return Files.exists(spec.log()) ? Files.size(spec.log()) : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  private String lastWords() {
    return "; its log " + spec.log() + " ends with:" + tail(spec.log());
  }

  private static String tail(Path log) {
    try {
      List<String> lines = Files.readAllLines(log);
      StringBuilder text = new StringBuilder();
      lines
          .subList(Math.max(0, lines.size() - LOG_LINES_SHOWN), lines.size())
          .forEach(line -> text.append("\n  ").append(line));
      return text.toString();
    } catch (IOException e) {
      return " (it cannot be read)";
    }
  }
}
