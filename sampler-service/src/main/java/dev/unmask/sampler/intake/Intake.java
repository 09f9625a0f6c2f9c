package dev.unmask.sampler.intake;

import dev.unmask.proto.Topics;
import dev.unmask.sampler.events.EventSender;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.schedule.Scheduler;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;

/** All slots of a worker. */
public final class Intake {

  private final Drain drain = new Drain();
  private final List<Thread> threads = new ArrayList<>();
  private final Clock clock;

  /**
   * @param plan the topics of each slot
   * @param renewEvery how often a lock is renewed; well below the lock's duration
   * @param lastDelivery the delivery of a request that is not run any more
   */
  public Intake(
      KafkaSettings kafka,
      Admin admin,
      String base,
      List<Set<String>> plan,
      Duration renewEvery,
      int lastDelivery,
      Scheduler scheduler,
      EventSender events,
      SlotObserver observer,
      Clock clock) {
    this.clock = clock;
    RequestSlot.Desk desk =
        new RequestSlot.Desk(
            new RequestReader(new ReplyTopics(admin, clock), lastDelivery),
            scheduler,
            events,
            observer,
            drain,
            renewEvery,
            kafka.worker(),
            clock);
    for (int i = 0; i < plan.size(); i++) {
      String role = "slot-" + i;
      RequestSlot slot =
          new RequestSlot(
              i,
              plan.get(i),
              () -> new KafkaShareConsumer<>(kafka.shareConsumer(Topics.samplersGroup(base), role)),
              desk);
      threads.add(Thread.ofPlatform().daemon().name(role).unstarted(slot));
    }
  }

  /** Starts taking requests. */
  public void start() {
    threads.forEach(Thread::start);
  }

  /**
   * Takes nothing new, lets running requests end for at most {@code patience}, gives back the rest
   * and closes every consumer. Returns when that is done.
   */
  public void drain(Duration patience) throws InterruptedException {
    drain.begin(clock.instant().plus(patience));
    Instant last = clock.instant().plus(patience).plusSeconds(10);
    for (Thread thread : threads) {
      Duration left = Duration.between(clock.instant(), last);
      if (thread.isAlive() && left.isPositive()) {
        boolean ignored = thread.join(left);
      }
    }
  }
}
