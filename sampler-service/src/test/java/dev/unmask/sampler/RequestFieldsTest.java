package dev.unmask.sampler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.unmask.store.Digest;
import dev.unmask.testkit.KafkaExtension;
import dev.unmask.testkit.TestKafka;
import dev.unmask.testkit.TinyModel;
import dev.unmask.v1.Cache;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.FilledGap;
import dev.unmask.v1.FinishReason;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.InfillPart;
import dev.unmask.v1.Preset;
import dev.unmask.v1.Remasking;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.ScoreResponse;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TokenIds;
import dev.unmask.v1.TokenScore;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What requests may say beyond prompt and steps, straight over Kafka, on a real model. */
@ExtendWith(KafkaExtension.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestFieldsTest {

  private final AtomicInteger requests = new AtomicInteger();
  private Desk desk;
  private SamplerWorker worker;
  private Digest digest;

  @BeforeAll
  void startWorker(TestKafka kafka, @TempDir Path folder) throws Exception {
    desk = new Desk(kafka, folder);
    digest = desk.publish(TinyModel.small(), desk.base);
    desk.alias(desk.base, digest, 1);
    worker = desk.worker("fields");
  }

  @AfterAll
  void stopWorker() {
    worker.close();
    desk.close();
  }

  private GenerationEvent ask(Consumer<GenerationJob.Builder> change) throws Exception {
    String id = "field-" + requests.incrementAndGet();
    GenerationJob.Builder job =
        GenerationJob.newBuilder()
            .setMinReader(2)
            .setRequestId(id)
            .setAdmittedAtMs(System.currentTimeMillis());
    change.accept(job);
    desk.request(job.build());
    return desk.awaitReply(id);
  }

  private GenerateResponse answer(Consumer<GenerateRequest.Builder> change) throws Exception {
    GenerationEvent reply = ask(job -> change.accept(plain(job.getRequestBuilder())));
    assertThat(reply.hasFinal()).as("%s", reply).isTrue();
    return reply.getFinal();
  }

  private static GenerateRequest.Builder plain(GenerateRequest.Builder request) {
    request.setTokenIds(ids("Say something."));
    request.getDiffusionBuilder().setGenLength(64).setBlockLength(16);
    request.getSamplingBuilder().setSeed(3);
    return request;
  }

  private static TokenIds ids(String text) {
    return TokenIds.newBuilder().addAllIds(text.chars().boxed().toList()).build();
  }

  private ScoreResponse score(Consumer<ScoreRequest.Builder> change) throws Exception {
    GenerationEvent reply =
        ask(job -> {
          job.getScoreBuilder()
              .setContext(TextOrTokens.newBuilder().setText("Say"))
              .setContinuation(TextOrTokens.newBuilder().setText(" something."))
              .setSamples(32)
              .setBatch(8)
              .setSeed(5)
              .setPerToken(true);
          change.accept(job.getScoreBuilder());
        });
    assertThat(reply.hasScored()).as("%s", reply).isTrue();
    return reply.getScored();
  }

  /** All text that was streamed of a request. */
  private String texts(String requestId) {
    return desk.replies(requestId).stream()
        .filter(GenerationEvent::hasText)
        .map(e -> e.getText().getDelta())
        .collect(Collectors.joining());
  }

  @Test
  void anAnswerOfAGivenFormIsToldAtItsEnd() throws Exception {
    String schema =
        """
        {"type": "object", "properties": {
          "name": {"type": "string", "minLength": 1, "maxLength": 5},
          "age": {"type": "integer", "minimum": 10, "maximum": 99}}}\
        """;
    GenerationEvent reply =
        ask(job -> {
          GenerateRequest.Builder request = plain(job.getRequestBuilder());
          request.clearDiffusion().getStructuredBuilder().setJsonSchema(schema).setFunction("meet");
          job.setMinReader(5).setEvents(EventDetail.EVENT_DETAIL_STEP);
        });
    GenerateResponse answer = reply.getFinal();
    assertThat(answer.getText())
        .matches(
            "\\{\"name\":\"meet\",\"arguments\":\\{\"name\":\"[^\"]{1,5}\",\"age\":[1-9]\\d}}");
    assertThat(answer.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
    assertThat(answer.getUsage().getCanvasTokens()).as("name, quote, age").isEqualTo(6 + 2);
    assertThat(answer.getUsage().getPromptTokens()).isEqualTo("Say something.".length());
    assertThat(answer.getUsage().getCompletionTokens())
        .as("a token a byte")
        .isEqualTo(answer.getText().length())
        .isEqualTo(answer.getTokenIdsCount());
    assertThat(texts(reply.getRequestId())).as("pieces are no text").isEmpty();
  }

  static Stream<Arguments> formsThatDoNotFit() {
    return Stream.of(
        Arguments.of("diffusion.gen_length", change(r -> {})),
        Arguments.of(
            "sampling.stop", change(r -> r.clearDiffusion().getSamplingBuilder().addStop("x"))),
        Arguments.of(
            "structured.json_schema",
            change(r -> r.clearDiffusion().getSamplingBuilder().setMaxTokens(20))),
        Arguments.of(
            "structured.json_schema",
            change(r -> r.clearDiffusion().getStructuredBuilder().setJsonSchema("{}"))));
  }

  private static Consumer<GenerateRequest.Builder> change(
      Consumer<GenerateRequest.Builder> change) {
    return change;
  }

  @ParameterizedTest
  @MethodSource("formsThatDoNotFit")
  void aFormThatDoesNotFitIsRefused(String field, Consumer<GenerateRequest.Builder> change)
      throws Exception {
    GenerationEvent reply =
        ask(job -> {
          job.setMinReader(5);
          GenerateRequest.Builder request = plain(job.getRequestBuilder());
          request.getStructuredBuilder().setJsonSchema("{\"type\": \"string\"}");
          change.accept(request);
        });
    assertThat(reply.getFailed().getField()).as("%s", reply).isEqualTo(field);
    assertThat(reply.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
  }

  @Test
  void maxTokensMakesTheCanvasAndCutsTheText() throws Exception {
    GenerateResponse whole = answer(request -> {});
    GenerationEvent reply =
        ask(job -> {
          GenerateRequest.Builder request = plain(job.getRequestBuilder());
          request.getDiffusionBuilder().clearGenLength();
          request.getSamplingBuilder().setMaxTokens(40);
          job.setMinReader(3).setEvents(EventDetail.EVENT_DETAIL_BLOCK);
        });
    GenerateResponse cut = reply.getFinal();
    assertThat(cut.getUsage().getCanvasTokens()).as("40 in blocks of 16").isEqualTo(48);
    assertThat(cut.getTokenIdsCount()).isEqualTo(40);
    assertThat(cut.getUsage().getCompletionTokens()).isEqualTo(40);
    assertThat(cut.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
    assertThat(texts(reply.getRequestId())).isEqualTo(cut.getText());

    GenerateResponse saved = answer(request -> request.getSamplingBuilder().setMaxTokens(10));
    assertThat(saved.getText()).as("the same canvas").isEqualTo(whole.getText().substring(0, 10));
    assertThat(saved.getUsage().getDenoisingSteps())
        .as("nothing behind the cut is worth a step")
        .isLessThan(whole.getUsage().getDenoisingSteps());
  }

  @Test
  void gapsAreFilledAndTheTextBetweenThemStays() throws Exception {
    GenerationEvent reply =
        ask(job -> {
          job.setMinReader(3).setEvents(EventDetail.EVENT_DETAIL_STEP);
          GenerateRequest.Builder request = job.getRequestBuilder();
          request.getSamplingBuilder().setSeed(3);
          request
              .getInfillBuilder()
              .addParts(InfillPart.newBuilder().setText("Say "))
              .addParts(InfillPart.newBuilder().setGap(5))
              .addParts(InfillPart.newBuilder().setText(" and "))
              .addParts(InfillPart.newBuilder().setGap(3))
              .addParts(InfillPart.newBuilder().setTokenIds(ids(".")));
        });
    assertThat(reply.hasFinal()).as("%s", reply).isTrue();
    GenerateResponse filled = reply.getFinal();
    assertThat(filled.getGapsList()).extracting(FilledGap::getTokenIdsCount).containsExactly(5, 3);
    assertThat(filled.getText())
        .isEqualTo(
            "Say " + filled.getGaps(0).getText() + " and " + filled.getGaps(1).getText() + ".");
    assertThat(filled.getUsage().getCanvasTokens()).isEqualTo(8);
    assertThat(filled.getUsage().getPromptTokens()).isEqualTo(10);
    assertThat(texts(reply.getRequestId())).as("gaps are no text that grows").isEmpty();

    GenerationEvent refused =
        ask(job -> {
          job.setMinReader(3);
          job.getRequestBuilder()
              .getInfillBuilder()
              .addParts(InfillPart.newBuilder().setText("no gap"));
        });
    assertThat(refused.getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
    assertThat(refused.getFailed().getField()).isEqualTo("infill.parts");
  }

  @Test
  void aStopStringEndsTheAnswerBeforeItAndSavesSteps() throws Exception {
    GenerateResponse whole = answer(request -> {});
    // From the second block on, so that blocks behind it need not be filled.
    String stop = whole.getText().substring(20, 23);
    int at = whole.getText().indexOf(stop);

    GenerationEvent reply =
        ask(job -> {
          plain(job.getRequestBuilder()).getSamplingBuilder().addStop("never there").addStop(stop);
          job.setEvents(EventDetail.EVENT_DETAIL_BLOCK);
        });

    GenerateResponse cut = reply.getFinal();
    assertThat(cut.getText()).isEqualTo(whole.getText().substring(0, at));
    assertThat(cut.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_STOP);
    assertThat(cut.getMatchedStop()).isEqualTo(stop);
    assertThat(cut.getTokenIdsList()).isEqualTo(whole.getTokenIdsList().subList(0, at));
    assertThat(cut.getUsage().getDenoisingSteps()).isLessThan(whole.getUsage().getDenoisingSteps());
    assertThat(texts(reply.getRequestId()))
        .as("nothing of the stop string was streamed")
        .isEqualTo(cut.getText());
  }

  @Test
  void aCacheRenewedAtEveryStepChangesNothing() throws Exception {
    List<Integer> exact = answer(request -> {}).getTokenIdsList();
    for (Cache cache : List.of(Cache.CACHE_PREFIX, Cache.CACHE_DUAL)) {
      assertThat(
              answer(request -> request.getDiffusionBuilder().setCache(cache).setCacheRefresh(1))
                  .getTokenIdsList())
          .as("%s", cache)
          .isEqualTo(exact);
    }
  }

  @Test
  void whatIsSetBesideAPresetWins() throws Exception {
    GenerateResponse balanced =
        answer(request -> request.getDiffusionBuilder().setPreset(Preset.PRESET_BALANCED));
    GenerateResponse explicit =
        answer(request -> request.getDiffusionBuilder().setConfidenceThreshold(0.9));
    GenerateResponse steps =
        answer(request ->
            request
                .getDiffusionBuilder()
                .setPreset(Preset.PRESET_FAST)
                .setCache(Cache.CACHE_NONE)
                .setSteps(8));
    GenerateResponse quality =
        answer(request -> request.getDiffusionBuilder().setPreset(Preset.PRESET_QUALITY));

    assertThat(balanced.getTokenIdsList()).isEqualTo(explicit.getTokenIdsList());
    assertThat(balanced.getUsage().getDenoisingSteps())
        .isEqualTo(explicit.getUsage().getDenoisingSteps());
    // Without the preset there would be no cache to renew, and this would be refused.
    GenerateResponse renewed =
        answer(request ->
            request.getDiffusionBuilder().setPreset(Preset.PRESET_FAST).setCacheRefresh(1));
    assertThat(renewed.getTokenIdsList()).isEqualTo(explicit.getTokenIdsList());
    assertThat(steps.getUsage().getDenoisingSteps()).isEqualTo(8);
    assertThat(quality.getUsage().getDenoisingSteps()).isEqualTo(64);
    assertThat(quality.getTokenIdsList()).isEqualTo(answer(request -> {}).getTokenIdsList());
  }

  @Test
  void factorAndLookaheadReachTheEngine() throws Exception {
    List<Integer> whole = answer(request -> {}).getTokenIdsList();
    List<Integer> near =
        answer(request -> request.getDiffusionBuilder().setLookaheadBlocks(0)).getTokenIdsList();
    assertThat(near).as("a network that sees less of the canvas").isNotEqualTo(whole);
    int slow =
        answer(request -> request.getDiffusionBuilder().setConfidenceFactor(1e-6))
            .getUsage()
            .getDenoisingSteps();
    int quick =
        answer(request -> request.getDiffusionBuilder().setConfidenceFactor(1000))
            .getUsage()
            .getDenoisingSteps();
    assertThat(slow).isEqualTo(64);
    assertThat(quick).isEqualTo(4);
  }

  static Stream<Arguments> broken() {
    return Stream.of(
        diffusion("diffusion.cache", d -> d.setCacheValue(9)),
        diffusion("diffusion.preset", d -> d.setPresetValue(9)),
        diffusion("diffusion.cache_refresh", d -> d.setCacheRefresh(2)),
        diffusion("diffusion.cache_refresh", d -> d.setCache(Cache.CACHE_DUAL).setCacheRefresh(0)),
        diffusion("diffusion.steps", d -> d.setConfidenceFactor(1).setSteps(4)),
        diffusion("diffusion.confidence_factor", d -> d.setConfidenceFactor(-1)),
        diffusion("diffusion.lookahead_blocks", d -> d.setLookaheadBlocks(-1)),
        diffusion(
            "diffusion.remasking",
            d -> d.setPreset(Preset.PRESET_FAST).setRemasking(Remasking.REMASKING_RANDOM)),
        request("sampling.stop", r -> r.getSamplingBuilder().addStop("")),
        request(
            "recorded_draws",
            r -> r.getRecordedDrawsBuilder().setDigest("sha256:" + "0".repeat(64))),
        scored("continuation", s -> s.clearContinuation()),
        scored("continuation", s -> s.getContinuationBuilder().setText("")),
        scored("context", s -> s.getContextBuilder().setTokenIds(ids("x"))),
        scored("batch", s -> s.setBatch(7)),
        scored("samples", s -> s.setSamples(0).setBatch(1)),
        scored("cfg_scale", s -> s.setCfgScale(-1)),
        scored(
            "recorded_draws",
            s -> s.getRecordedDrawsBuilder().setDigest("sha256:" + "0".repeat(64))),
        scored(
            "continuation.token_ids.ids[1]",
            s -> {
              s.clearContext();
              s.getContinuationBuilder()
                  .setTokenIds(TokenIds.newBuilder().addIds(65).addIds(TinyModel.MASK));
            }),
        scored("continuation", s -> s.getContinuationBuilder().setText("x".repeat(5000))),
        Arguments.of(
            "score",
            (Consumer<GenerationJob.Builder>)
                job -> {
                  plain(job.getRequestBuilder());
                  job.getScoreBuilder().setSamples(1);
                }));
  }

  private static Arguments diffusion(String field, Consumer<DiffusionParams.Builder> change) {
    return request(field, r -> change.accept(r.getDiffusionBuilder()));
  }

  private static Arguments request(String field, Consumer<GenerateRequest.Builder> change) {
    return Arguments.of(
        field,
        (Consumer<GenerationJob.Builder>) job -> change.accept(plain(job.getRequestBuilder())));
  }

  private static Arguments scored(String field, Consumer<ScoreRequest.Builder> change) {
    return Arguments.of(
        field,
        (Consumer<GenerationJob.Builder>)
            job -> {
              job.getScoreBuilder()
                  .setContext(TextOrTokens.newBuilder().setText("Say"))
                  .setContinuation(TextOrTokens.newBuilder().setText(" it."))
                  .setSamples(8);
              change.accept(job.getScoreBuilder());
            });
  }

  @ParameterizedTest
  @MethodSource("broken")
  void whatCannotBeHonouredIsRefusedByField(String field, Consumer<GenerationJob.Builder> change)
      throws Exception {
    GenerationEvent reply = ask(change);

    assertThat(reply.hasFailed()).as("%s", reply).isTrue();
    assertThat(reply.getFailed().getField()).isEqualTo(field);
    assertThat(reply.getFailed().getCode())
        .isIn(ErrorCode.ERROR_CODE_INVALID_ARGUMENT, ErrorCode.ERROR_CODE_FAILED_PRECONDITION);
    assertThat(reply.getFailed().getMessage()).contains(" ").doesNotContain("Exception");
  }

  @Test
  void aScoreIsTheSumOfItsTokensAndRepeatsWithItsSeed() throws Exception {
    ScoreResponse first = score(request -> {});
    ScoreResponse again = score(request -> {});
    ScoreResponse other = score(request -> request.setSeed(6));

    assertThat(first.getTokens()).isEqualTo(" something.".length());
    assertThat(first.getContextTokens()).isEqualTo(3);
    assertThat(first.getSamples()).isEqualTo(32);
    assertThat(first.getModelDigest()).isEqualTo(digest.toString());
    assertThat(first.getLogLikelihood()).isNegative();
    assertThat(first.getStandardError()).isPositive();
    assertThat(first.getPerplexity())
        .isCloseTo(Math.exp(-first.getLogLikelihood() / first.getTokens()), within(1e-9 * 1e3));
    assertThat(first.getPerTokenList().stream().mapToDouble(TokenScore::getLogLikelihood).sum())
        .isCloseTo(first.getLogLikelihood(), within(1e-9));
    assertThat(
            first.getPerTokenList().stream().map(TokenScore::getText).collect(Collectors.joining()))
        .isEqualTo(" something.");
    assertThat(again.getLogLikelihood()).isEqualTo(first.getLogLikelihood());
    assertThat(other.getLogLikelihood()).isNotEqualTo(first.getLogLikelihood());
    assertThat(desk.awaitResults(first.getRequestId())).hasSize(1);
  }

  @Test
  void aSingleTokenIsExactAndTextEqualsItsTokens() throws Exception {
    ScoreResponse one =
        score(request -> {
          request.clearSamples().clearBatch();
          request.getContinuationBuilder().setText("!");
        });
    ScoreResponse sameAsIds =
        score(request -> {
          request.clearSamples().clearBatch();
          request.getContextBuilder().setTokenIds(ids("Say"));
          request.getContinuationBuilder().setTokenIds(ids("!"));
        });

    assertThat(one.getSamples()).isEqualTo(1);
    assertThat(one.getStandardError()).isZero();
    assertThat(sameAsIds.getLogLikelihood()).isEqualTo(one.getLogLikelihood());
  }

  @Test
  void aCancelledScoreEndsOnce() throws Exception {
    String id = "score-to-cancel";
    GenerationJob.Builder job = GenerationJob.newBuilder().setMinReader(2).setRequestId(id);
    job.getScoreBuilder()
        .setContinuation(TextOrTokens.newBuilder().setText("x".repeat(900)))
        .setSamples(1 << 15);
    desk.request(job.build());
    var unused = desk.awaitReplyRecord(id, GenerationEvent::hasStarted);
    desk.cancel(id);

    assertThat(desk.awaitReply(id).getFailed().getCode()).isEqualTo(ErrorCode.ERROR_CODE_CANCELLED);
    assertThat(desk.awaitResults(id)).hasSize(1);
  }
}
