package dev.unmask.sampler.intake;

import dev.unmask.proto.Topics;
import dev.unmask.sampler.events.EventSender;
import dev.unmask.sampler.messaging.KafkaSettings;
import dev.unmask.sampler.schedule.Scheduler;
import dev.unmask.tracing.Tracing;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;

/** All slots of a worker. */
public final class Intake {

  private final Drain drain = new Drain();
  private final List<RequestSlot> slots = new ArrayList<>();
  private final List<Thread> threads = new ArrayList<>();
  private final List<PollTurn> turns = new ArrayList<>();
  private final Clock clock;

  /**
   * @param plan the slots and what they take
   * @param room whether the engine could run one more request
   * @param renewEvery how often a lock is renewed; well below the lock's duration
   * @param lastDelivery the delivery of a request that is not run any more
   */
  public Intake(
      KafkaSettings kafka,
      Admin admin,
      String base,
      List<SlotPlan> plan,
      Room room,
      Duration renewEvery,
      int lastDelivery,
      Scheduler scheduler,
      EventSender events,
      SlotObserver observer,
      Tracing tracing,
      Clock clock) {
    this.clock = clock;
    RequestSlot.Desk desk =
        new RequestSlot.Desk(
            new RequestReader(
                new ReplyTopics(admin, clock), Topics.bulkRequests(base), lastDelivery),
            room,
            scheduler,
            events,
            observer,
            drain,
            renewEvery,
            kafka.worker(),
            tracing,
            clock);
    for (SlotPlan group : plan) {
      List<Thread> members = new ArrayList<>();
      PollTurn turn = new PollTurn(members);
      turns.add(turn);
      for (int i = 0; i < group.slots(); i++) {
        String role = group.name() + "-" + i;
        RequestSlot slot =
            new RequestSlot(
                role,
                group.topics(),
                turn,
                () ->
                    new KafkaShareConsumer<>(kafka.shareConsumer(Topics.samplersGroup(base), role)),
                desk);
        slots.add(slot);
        members.add(Thread.ofPlatform().daemon().name(role).unstarted(slot));
      }
      threads.addAll(members);
    }
  }

  /** Requests of people who wait that this worker holds at most. */
  public int slots() {
    return turns.getFirst().slots();
  }

  /** How many more of them it could take now. */
  public int freeSlots() {
    return turns.getFirst().idle();
  }

  /** Starts taking requests. */
  public void start() {
    turns.forEach(PollTurn::open);
  }

  /**
   * Takes nothing new, lets running requests end for at most {@code patience}, gives back the rest
   * and closes every consumer. Returns when that is done.
   */
  public void drain(Duration patience) throws InterruptedException {
    drain.begin(clock.instant().plus(patience));
    turns.forEach(PollTurn::close);
    slots.forEach(RequestSlot::stopPolling);
    Instant last = clock.instant().plus(patience).plusSeconds(10);
    for (Thread thread : threads) {
      Duration left = Duration.between(clock.instant(), last);
      if (thread.isAlive() && left.isPositive()) {
        boolean ignored = thread.join(left);
      }
    }
  }
}
