package dev.unmask.sampler.presence;

import dev.unmask.proto.Headers;
import dev.unmask.proto.MinReader;
import dev.unmask.proto.Topics;
import dev.unmask.sampler.messaging.RecordWriter;
import dev.unmask.sampler.models.CheckpointVerdict;
import dev.unmask.store.release.Measured;
import dev.unmask.v1.ModelMeasurements;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.ProbeAnswer;
import java.time.Clock;
import java.util.Map;
import java.util.function.Consumer;
import org.jboss.logging.Logger;

/** Writes what became of each checkpoint to {@code unmask.model.reports}. Loader thread. */
public final class CheckpointReports implements Consumer<CheckpointVerdict> {

  private static final Logger LOG = Logger.getLogger(CheckpointReports.class);

  private final RecordWriter writer;
  private final String worker;
  private final Clock clock;

  public CheckpointReports(RecordWriter writer, String worker, Clock clock) {
    this.writer = writer;
    this.worker = worker;
    this.clock = clock;
  }

  @Override
  public void accept(CheckpointVerdict verdict) {
    ModelReport.Builder report =
        ModelReport.newBuilder()
            .setMinReader(MinReader.ANY)
            .setWorker(worker)
            .setDigest(verdict.digest().toString())
            .setAtMs(clock.millis());
    switch (verdict) {
      case CheckpointVerdict.Verified verified -> {
        report
            .setModel(verified.model())
            .setState(ModelState.MODEL_STATE_VERIFIED)
            .setMeasured(measurements(verified.measured()))
            .setAlone(verified.alone())
            .setLoadMs(verified.times().fetch().plus(verified.times().load()).toNanos() / 1e6)
            .setWarmUpMs(verified.times().warmUp().toNanos() / 1e6);
        for (CheckpointVerdict.Probe probe : verified.probes()) {
          report.addProbes(
              ProbeAnswer.newBuilder().setPrompt(probe.prompt()).setAnswer(probe.answer()));
        }
        LOG.infof(
            "digest=%s event=verified model=%s load_ms=%.0f warm_up_ms=%.0f probe_nll=%.3f"
                + " step_ms=%.2f",
            verified.digest(),
            verified.model(),
            report.getLoadMs(),
            report.getWarmUpMs(),
            verified.measured().probeNll(),
            verified.measured().stepMs());
      }
      case CheckpointVerdict.Loading loading ->
          report.setModel(loading.model()).setState(ModelState.MODEL_STATE_LOADING);
      case CheckpointVerdict.Retired retired -> {
        report.setModel(retired.model()).setState(ModelState.MODEL_STATE_RETIRED);
        LOG.infof("digest=%s event=retired model=%s", retired.digest(), retired.model());
      }
      case CheckpointVerdict.Broken broken -> {
        report
            .setModel(broken.model())
            .setState(ModelState.MODEL_STATE_FAILED)
            .setMessage(broken.reason());
        LOG.errorf(
            "digest=%s event=checkpoint-failed model=%s reason=\"%s\"",
            broken.digest(), broken.model(), broken.reason());
      }
    }
    var ignored =
        writer
            .write(
                Topics.MODEL_REPORTS,
                null,
                verdict.digest() + "/" + worker,
                report.build().toByteArray(),
                Map.of(Headers.CONTENT_TYPE, Headers.PROTOBUF))
            .whenComplete((written, failure) -> {
              if (failure != null) {
                LOG.warnf(
                    "digest=%s event=report-failed reason=\"%s\"",
                    verdict.digest(), failure.getMessage());
              }
            });
  }

  private static ModelMeasurements measurements(Measured measured) {
    return ModelMeasurements.newBuilder()
        .setNonFinite(measured.nonFinite())
        .setProbeNll(measured.probeNll())
        .setProbes(measured.probes())
        .setEmptyAnswers(measured.emptyAnswers())
        .setStepMs(measured.stepMs())
        .setReferenceDigest(measured.referenceDigest())
        .setReferenceProbeNll(measured.referenceNll())
        .setReferenceStepMs(measured.referenceStepMs())
        .build();
  }
}
