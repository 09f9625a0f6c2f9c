package dev.unmask.gateway.flow.release;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.Checkpoint;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.store.Digest;
import dev.unmask.store.release.AliasMove;
import dev.unmask.store.release.AliasState;
import dev.unmask.store.release.GateLimits;
import dev.unmask.v1.ActivateModelRequest;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.ModelMeasurements;
import dev.unmask.v1.ModelReport;
import dev.unmask.v1.ModelState;
import dev.unmask.v1.ModelUse;
import dev.unmask.v1.RollbackModelRequest;
import dev.unmask.v1.WithdrawModelRequest;
import dev.unmask.v1.WorkerState;
import dev.unmask.v1.WorkerStatus;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class AliasMovesTest {

  private static final String ONE = "sha256:" + "1".repeat(64);
  private static final String TWO = "sha256:" + "2".repeat(64);
  private static final String TUNED = "sha256:" + "3".repeat(64);

  private final Clock clock = Clock.systemUTC();
  private final ClusterView view =
      new ClusterView(clock, Duration.ofMinutes(10), new GateLimits(0.5, 0.5, 1.5, 20));
  private final List<AliasMove> written = new ArrayList<>();

  /** Comes before what this gateway writes: another publisher. */
  private final List<AliasMove> faster = new ArrayList<>();

  private final AliasOutbox outbox =
      new AliasOutbox() {
        @Override
        public void move(AliasMove move) {
          faster.forEach(view::apply);
          faster.clear();
          written.add(move);
          view.apply(move);
          if (move.canary() != null && move.canary().staged()) {
            onStaged.run();
          }
        }

        @Override
        public void withdraw(String model, String digest) {
          view.withdraw(model, digest);
        }
      };

  private Runnable onStaged = () -> {};
  private final AliasMoves moves = new AliasMoves(view, outbox, "gateway-1", clock);

  @BeforeEach
  void clusterOfTwo() {
    view.apply(new Checkpoint("mini", ONE, "mini", "", "full", 1, "", 5, 256, 99, ""));
    view.apply(new Checkpoint("mini", TWO, "mini", ONE, "full", 2, "", 5, 256, 99, ""));
    view.apply(new Checkpoint("ft:mini:x:1", TUNED, "mini", ONE, "full", 3, "", 5, 256, 99, ""));
    view.apply(move("mini", ONE, 1, "import"));
    worker("w1", ONE);
    worker("w2", ONE);
  }

  @Test
  void weightsThatEverySamplerHoldsAreActivatedAtOnce() throws Exception {
    worker("w1", ONE, TWO);
    worker("w2", ONE, TWO);
    AliasState after = activate("mini@" + TWO);
    assertThat(after.digest()).hasToString(TWO);
    assertThat(after.epoch()).isEqualTo(2);
    assertThat(written).singleElement().extracting(AliasMove::actor).isEqualTo("gateway-1");
    assertThat(activate("mini@" + TWO)).as("nothing to do").isEqualTo(after);
    assertThat(written).hasSize(1);
  }

  @Test
  void weightsThatASamplerLacksAreStagedFirst() throws Exception {
    onStaged =
        () -> {
          report("w1", TWO, verified(1.1));
          report("w2", TWO, verified(1.2));
        };
    AliasState after = activate("mini@" + TWO);
    assertThat(after.digest()).hasToString(TWO);
    assertThat(written).hasSize(2);
    assertThat(written.getFirst().canary()).isNotNull();
    assertThat(written.getLast().canary()).isNull();
  }

  @Test
  void samplersWithRoomForOneModelTakeAMoveButNoCanary() throws Exception {
    report("w1", TWO, verified(1.1).setAlone(true));
    report("w2", TWO, verified(1.1).setAlone(true));
    worker("w1", ONE);
    worker("w2", ONE);
    assertThatThrownBy(() ->
            moves.activate(
                ActivateModelRequest.newBuilder()
                    .setModel("mini@" + TWO)
                    .setCanaryPercent(10)
                    .build()))
        .hasMessageContaining("does not fit beside the weights that serve at w1, w2")
        .hasMessageContaining("unmask.sampler.weights-memory");
    assertThat(state().digest()).hasToString(ONE);
    assertThat(activate("mini@" + TWO).digest()).hasToString(TWO);
    assertThat(written).as("judged before, so nothing is staged").hasSize(1);
  }

  @Test
  void theSamplersThatDoNotVerifyAreNamedAndTheAliasStays() {
    onStaged = () -> report("w1", TWO, verified(1.1));
    assertThatThrownBy(() ->
            moves.activate(
                ActivateModelRequest.newBuilder().setModel("mini@" + TWO).setWaitMs(60).build()))
        .hasMessageContaining("w2")
        .hasMessageNotContaining("w1");
    assertThat(state().digest()).hasToString(ONE);
    assertThat(state().candidate()).as("no longer staged").isNull();
    assertThat(state().last().reason()).contains("w2");
  }

  @Test
  void aSamplerThatCannotServeThemEndsTheMoveAtOnce() {
    onStaged =
        () ->
            report(
                "w1",
                TWO,
                ModelReport.newBuilder()
                    .setState(ModelState.MODEL_STATE_FAILED)
                    .setMessage("a shard is missing"));
    assertThatThrownBy(() -> activate("mini@" + TWO))
        .hasMessageContaining("w1")
        .hasMessageContaining("a shard is missing");
    assertThat(state().digest()).hasToString(ONE);
  }

  @Test
  void gatesThatAreNotPassedRefuseWithTheNumbersUnlessForced() throws Exception {
    worker("w1", ONE, TWO);
    worker("w2", ONE, TWO);
    report("w1", TWO, verified(1.1));
    report("w2", TWO, verified(1.7));
    assertThatThrownBy(() -> activate("mini@" + TWO))
        .hasMessageContaining("w2: the probes cost 1.700 nats")
        .hasMessageContaining("at most 1.500")
        .hasMessageContaining("stays at " + ONE)
        .extracting(e -> ((RefusedException) e).refusal().code())
        .isEqualTo(ErrorCode.ERROR_CODE_FAILED_PRECONDITION);
    assertThat(written).isEmpty();
    AliasState forced =
        moves.activate(
            ActivateModelRequest.newBuilder().setModel("mini@" + TWO).setForce(true).build());
    assertThat(forced.digest()).hasToString(TWO);
  }

  @Test
  void aStaleEpochAndTheSlowerOfTwoPublishersAreRefusedWithWhoWasFirst() {
    worker("w1", ONE, TWO);
    worker("w2", ONE, TWO);
    assertThatThrownBy(() ->
            moves.activate(
                ActivateModelRequest.newBuilder()
                    .setModel("mini@" + TWO)
                    .setExpectEpoch(0)
                    .build()))
        .hasMessageContaining("epoch 1")
        .extracting(e -> ((RefusedException) e).refusal().code())
        .isEqualTo(ErrorCode.ERROR_CODE_ABORTED);
    assertThat(written).isEmpty();
    faster.add(move("mini", TUNED, 2, "another job"));
    assertThatThrownBy(() -> activate("mini@" + TWO))
        .hasMessageContaining("another job")
        .hasMessageContaining(TUNED);
    assertThat(state().digest()).hasToString(TUNED);
  }

  @Test
  void aRollbackGoesToWhatAnsweredBeforeAndEndsACanary() throws Exception {
    worker("w1", ONE, TWO);
    worker("w2", ONE, TWO);
    assertThatThrownBy(() -> moves.rollback(RollbackModelRequest.getDefaultInstance()))
        .hasMessageContaining("first record");
    AliasState tried =
        moves.activate(
            ActivateModelRequest.newBuilder().setModel("mini@" + TWO).setCanaryPercent(10).build());
    assertThat(tried.onTrial()).isTrue();
    assertThat(tried.digest()).hasToString(ONE);
    AliasState ended =
        moves.rollback(RollbackModelRequest.newBuilder().setReason("too chatty").build());
    assertThat(ended.digest()).hasToString(ONE);
    assertThat(ended.candidate()).isNull();
    assertThat(ended.last().reason()).isEqualTo("too chatty");
    var unused = activate("mini@" + TWO);
    assertThat(moves.rollback(RollbackModelRequest.newBuilder().setModel("mini").build()).digest())
        .hasToString(ONE);
  }

  @Test
  void weightsThatAnAliasNeedsAreNotWithdrawn() throws Exception {
    view.apply(move("ft:mini:x:1", TUNED, 1, "job"));
    assertThatThrownBy(() -> withdraw("mini@" + ONE)).hasMessageContaining("mini@default");
    assertThat(withdraw("ft:mini:x:1@" + TUNED).digest()).isEqualTo(TUNED);
    assertThatThrownBy(() -> view.resolve(ModelName.parse("ft:mini:x:1", "model"), Principal.LOCAL))
        .hasMessageContaining("not published");
  }

  @Test
  void aCanaryBecomesAllRequestsOrNoneByWhatItShows() throws Exception {
    worker("w1", ONE, TWO);
    worker("w2", ONE, TWO);
    CanaryWatch watch = new CanaryWatch(view, moves, new CanaryLimits(0.05, 0.2, 1.5, 20), clock);
    ActivateModelRequest trial =
        ActivateModelRequest.newBuilder()
            .setModel("mini@" + TWO)
            .setCanaryPercent(10)
            .setCanaryRequests(30)
            .build();
    var unused = moves.activate(trial);
    used("w1", 500, 10, 0);
    watch.look();
    used("w1", 560, 39, 0);
    watch.look();
    assertThat(state().onTrial()).as("29 answers since it began").isTrue();
    used("w1", 560, 41, 0);
    watch.look();
    assertThat(state().digest()).hasToString(TWO);
    assertThat(state().last().reason()).contains("31 answers");

    unused = moves.rollback(RollbackModelRequest.getDefaultInstance());
    unused = moves.activate(trial);
    watch.look();
    used("w1", 600, 44, 4);
    watch.look();
    assertThat(state().digest()).hasToString(ONE);
    assertThat(state().candidate()).isNull();
    assertThat(state().last().reason()).contains("57 % of 7 requests failed", "at most 5 %");
  }

  private void used(String worker, long ofOne, long ofTwo, long failuresOfTwo) {
    view.apply(
        status(worker, ONE, TWO)
            .addUses(ModelUse.newBuilder().setDigest(ONE).setAnswered(ofOne))
            .addUses(
                ModelUse.newBuilder().setDigest(TWO).setAnswered(ofTwo).setFailed(failuresOfTwo))
            .build());
  }

  private AliasState activate(String model) throws Exception {
    return moves.activate(ActivateModelRequest.newBuilder().setModel(model).build());
  }

  private Checkpoint withdraw(String model) throws Exception {
    return moves.withdraw(WithdrawModelRequest.newBuilder().setModel(model).build());
  }

  private AliasState state() {
    return view.aliases().get("mini", "default").orElseThrow();
  }

  private AliasMove move(String model, String digest, long epoch, String reason) {
    return new AliasMove(
        model,
        "default",
        Digest.parse(digest),
        null,
        epoch,
        null,
        reason,
        "somebody",
        clock.millis(),
        reason + epoch);
  }

  private void worker(String worker, String... digests) {
    view.apply(status(worker, digests).build());
  }

  private WorkerStatus.Builder status(String worker, String... digests) {
    return WorkerStatus.newBuilder()
        .setWorker(worker)
        .setBase("mini")
        .setState(WorkerState.WORKER_STATE_READY)
        .addAllDigests(List.of(digests))
        .setAtMs(clock.millis());
  }

  private static ModelReport.Builder verified(double nll) {
    return ModelReport.newBuilder()
        .setState(ModelState.MODEL_STATE_VERIFIED)
        .setMeasured(
            ModelMeasurements.newBuilder()
                .setProbeNll(nll)
                .setProbes(3)
                .setStepMs(1)
                .setReferenceDigest(ONE)
                .setReferenceProbeNll(1)
                .setReferenceStepMs(1));
  }

  private void report(String worker, String digest, ModelReport.Builder report) {
    view.apply(report.setWorker(worker).setDigest(digest).setAtMs(clock.millis() + 1).build());
  }
}
