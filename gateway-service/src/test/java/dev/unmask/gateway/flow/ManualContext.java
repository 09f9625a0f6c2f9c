package dev.unmask.gateway.flow;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** A call context that a test turns by hand: its tasks, and its clock. */
final class ManualContext implements CallContext {

  private final class Alarm implements Timer {
    final Duration at;
    final Runnable task;

    Alarm(Duration at, Runnable task) {
      this.at = at;
      this.task = task;
    }

    @Override
    public void cancel() {
      alarms.remove(this);
    }
  }

  private final Queue<Runnable> tasks = new ArrayDeque<>();
  private final List<Alarm> alarms = new ArrayList<>();
  private Duration now = Duration.ZERO;

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
  }

  @Override
  public Timer after(Duration delay, Runnable task) {
    Alarm alarm = new Alarm(now.plus(delay), task);
    alarms.add(alarm);
    return alarm;
  }

  void run() {
    for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
      task.run();
    }
  }

  void advance(Duration by) {
    now = now.plus(by);
    for (Alarm alarm : List.copyOf(alarms)) {
      if (alarm.at.compareTo(now) <= 0) {
        alarms.remove(alarm);
        alarm.task.run();
      }
    }
    run();
  }

  int alarms() {
    return alarms.size();
  }
}
