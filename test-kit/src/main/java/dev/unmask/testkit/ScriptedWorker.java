package dev.unmask.testkit;

import dev.unmask.store.FolderStore;
import dev.unmask.store.StoreException;
import dev.unmask.v1.CanvasStep;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.SlotCommit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * A process that stands where a sampler stands and computes nothing: it publishes a tiny model,
 * says that it is alive, and answers every request by script. What a request then takes is the
 * gateway, Kafka, and the time it was told to spend.
 *
 * <p>{@code --kafka HOST:PORT --store DIR --base NAME [--slots N] [--service-ms N] [--answer TEXT]
 * [--hold-ms N] [--with-parent]}. The base's topics exist already. Prints {@code ready} when it
 * serves; SIGTERM ends it, and with {@code --with-parent} the end of the process that started it.
 */
public final class ScriptedWorker {

  private static final String WORKER = "scripted";
  private static final Duration STEP = Duration.ofMillis(2);

  /** More than one, so that one asks while another waits for the brokers to have an answer. */
  private static final int CONSUMERS = 2;

  private ScriptedWorker() {}

  /**
   * @param serviceTime spent on every request, in two halves, each of which commits half the answer
   * @param hold when there is any, a request is shown the steps it asks for and ends after so long
   */
  private record Settings(
      String kafka,
      Path store,
      String base,
      int slots,
      Duration serviceTime,
      String answer,
      Duration hold) {}

  public static void main(String[] args) throws Exception {
    Map<String, String> given = new HashMap<>();
    boolean withParent = false;
    for (int i = 0; i < args.length; i++) {
      if (args[i].equals("--with-parent")) {
        withParent = true;
      } else if (i + 1 < args.length) {
        given.put(args[i], args[++i]);
      }
    }
    if (!given.keySet().containsAll(List.of("--kafka", "--store", "--base"))) {
      System.err.println("scripted worker: --kafka, --store and --base are needed");
      System.exit(2);
    }
    if (withParent) {
      ProcessHandle.current().parent().ifPresent(ScriptedWorker::endWith);
    }
    serve(
        new Settings(
            given.getOrDefault("--kafka", ""),
            Path.of(given.getOrDefault("--store", "")),
            given.getOrDefault("--base", ""),
            Integer.parseInt(given.getOrDefault("--slots", "16")),
            Duration.ofNanos(
                Math.round(Double.parseDouble(given.getOrDefault("--service-ms", "0")) * 1e6)),
            given.getOrDefault("--answer", "It fills the canvas at once."),
            Duration.ofMillis(Long.parseLong(given.getOrDefault("--hold-ms", "0")))));
  }

  private static void serve(Settings settings)
      throws IOException, StoreException, InterruptedException {
    TestKafka kafka = TestKafka.at(settings.kafka());
    Path work = Files.createTempDirectory(settings.store(), "scripted");
    PublishedModel unused =
        PublishedModel.publish(
            kafka, FolderStore.open(settings.store()), settings.base(), TinyModel.small(), work);
    CountDownLatch stop = new CountDownLatch(1);
    FakeWorkerBeacon beacon = FakeWorkerBeacon.start(kafka, settings.base(), WORKER);
    ScriptedSampler sampler = sampler(settings);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  beacon.close();
                  sampler.close();
                  stop.countDown();
                },
                "stop-worker"));
    System.out.println("ready");
    stop.await();
  }

  /**
   * Answers that take no time need no slot each: a few consumers take what waits. One that a
   * request takes time of has a consumer for each slot, as a sampler has.
   */
  private static ScriptedSampler sampler(Settings settings) {
    boolean instant = settings.serviceTime().isZero() && settings.hold().isZero();
    int consumers = instant ? Math.min(CONSUMERS, settings.slots()) : settings.slots();
    return ScriptedSampler.start(
        settings.kafka(),
        settings.base(),
        consumers,
        Math.ceilDiv(settings.slots(), consumers),
        script(settings));
  }

  private static ScriptedSampler.Script script(Settings settings) {
    String answer = settings.answer();
    int half = answer.length() / 2;
    List<String> blocks = List.of(answer.substring(0, half), answer.substring(half));
    Duration each = settings.serviceTime().dividedBy(blocks.size());
    return call -> {
      call.started();
      if (!settings.hold().isZero() && call.wantsProgress()) {
        String text = steps(call);
        call.handOver();
        var unused = Thread.ofVirtual().start(() -> endLater(call, text, settings.hold()));
        return;
      }
      for (int block = 0; block < blocks.size(); block++) {
        if (!each.isZero()) {
          call.pause(each);
        }
        if (call.wantsProgress()) {
          call.text(block, blocks.get(block));
        }
      }
      if (each.isZero()) {
        call.finishSoon(answer);
      } else {
        call.finish(answer);
      }
    };
  }

  /**
   * Shows a step and a piece of text for each step asked for, about as fast as a small model; the
   * whole text.
   */
  private static String steps(ScriptedCall call) throws InterruptedException {
    StringBuilder text = new StringBuilder();
    int steps = call.job().getRequest().getDiffusion().getSteps();
    for (int i = 0; i < steps; i++) {
      String word = " word";
      text.append(word);
      call.emit(
          GenerationEvent.newBuilder()
              .setStep(
                  CanvasStep.newBuilder()
                      .setStep(i)
                      .setCommittedPrefix(i + 1)
                      .setMaskedLeft(steps - i - 1)
                      .addCommits(
                          SlotCommit.newBuilder()
                              .setSlot(i)
                              .setTokenId(i)
                              .setText(word)
                              .setConfidence(1))));
      call.text(0, word);
      call.pause(STEP);
    }
    return text.toString();
  }

  private static void endLater(ScriptedCall call, String text, Duration hold) {
    try {
      boolean unusedWhetherCancelled = call.awaitCancel(hold);
      call.finish(text);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void endWith(ProcessHandle parent) {
    Thread watch =
        new Thread(
            () -> {
              ProcessHandle ended = parent.onExit().join();
              System.err.println("scripted worker: process " + ended.pid() + " ended");
              System.exit(0);
            },
            "watch-parent");
    watch.setDaemon(true);
    watch.start();
  }
}
