package dev.unmask.gateway.flow.admission;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UnknownFieldSet;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.v1.Cache;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.Preset;
import dev.unmask.v1.Remasking;
import dev.unmask.v1.SamplingParams;
import dev.unmask.v1.ScoreRequest;
import dev.unmask.v1.StreamMode;
import dev.unmask.v1.TextOrTokens;
import dev.unmask.v1.TokenIds;
import java.time.Duration;
import java.util.Collections;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RequestRulesTest {

  private static final RequestRules RULES = new RequestRules(Duration.ofHours(1), 1000);

  private static GenerateRequest.Builder hello() {
    return GenerateRequest.newBuilder().setModel("mini").setPrompt("Hello");
  }

  private static Arguments broken(
      String field, String part, Consumer<GenerateRequest.Builder> breaking) {
    GenerateRequest.Builder request = hello();
    breaking.accept(request);
    return Arguments.of(field, part, request.build());
  }

  private static Consumer<GenerateRequest.Builder> diffusion(
      Consumer<DiffusionParams.Builder> change) {
    return r -> change.accept(r.getDiffusionBuilder());
  }

  private static Consumer<GenerateRequest.Builder> sampling(
      Consumer<SamplingParams.Builder> change) {
    return r -> change.accept(r.getSamplingBuilder());
  }

  private static Consumer<GenerateRequest.Builder> message(String role, String content) {
    return r ->
        r.setMessages(
            Messages.newBuilder()
                .addMessages(Message.newBuilder().setRole("user").setContent("fine"))
                .addMessages(Message.newBuilder().setRole(role).setContent(content)));
  }

  static Stream<Arguments> brokenRequests() {
    UnknownFieldSet unknown =
        UnknownFieldSet.newBuilder()
            .addField(99, UnknownFieldSet.Field.newBuilder().addVarint(1).build())
            .build();
    return Stream.of(
        broken("diffusion.cache", "CACHE_PREFIX", diffusion(d -> d.setCacheValue(9))),
        broken("diffusion.preset", "PRESET_FAST", diffusion(d -> d.setPresetValue(9))),
        broken(
            "diffusion.cache_refresh",
            "from 1 to",
            diffusion(d -> d.setCache(Cache.CACHE_DUAL).setCacheRefresh(0))),
        broken("diffusion.confidence_factor", "above 0", diffusion(d -> d.setConfidenceFactor(0))),
        broken(
            "diffusion.confidence_factor",
            "give one of them",
            diffusion(d -> d.setConfidenceFactor(1).setConfidenceThreshold(0.9))),
        broken(
            "diffusion.steps",
            "give one of them",
            diffusion(d -> d.setConfidenceFactor(1).setSteps(4))),
        broken("diffusion.lookahead_blocks", "from 0 to", diffusion(d -> d.setLookaheadBlocks(-1))),
        broken(
            "diffusion.remasking",
            "PRESET_FAST",
            diffusion(
                d -> d.setPreset(Preset.PRESET_FAST).setRemasking(Remasking.REMASKING_RANDOM))),
        broken("sampling.stop[1]", "0 characters", sampling(s -> s.addStop("a").addStop(""))),
        broken(
            "sampling.stop",
            "at most 16",
            sampling(s -> s.addAllStop(Collections.nCopies(17, "a")))),
        broken(
            "recorded_draws.digest",
            "no digest",
            r -> r.getRecordedDrawsBuilder().setDigest("sha256:12")),
        broken("input", "no input", GenerateRequest.Builder::clearPrompt),
        broken("prompt", "some text", r -> r.setPrompt(" \n")),
        broken("prompt", "1000 characters", r -> r.setPrompt("x".repeat(1001))),
        broken("messages", "at least one", r -> r.setMessages(Messages.getDefaultInstance())),
        broken("messages[1].role", "\"robot\"", message("robot", "hi")),
        broken("messages[1].content", "some text", message("user", "")),
        broken("messages", "1000 characters", message("user", "x".repeat(999))),
        broken("token_ids", "at least one", r -> r.setTokenIds(TokenIds.getDefaultInstance())),
        broken(
            "token_ids",
            "token_ids[1] is -3",
            r -> r.setTokenIds(TokenIds.newBuilder().addIds(1).addIds(-3))),
        broken("model", "name@alias", r -> r.setModel("a b")),
        broken("model", "name@alias", r -> r.setModel("mini@")),
        broken("model", "64 hexadecimal", r -> r.setModel("mini@sha256:12")),
        broken("diffusion.gen_length", "from 1", diffusion(d -> d.setGenLength(0))),
        broken("diffusion.block_length", "from 1", diffusion(d -> d.setBlockLength(-1))),
        broken("diffusion.steps", "from 1", diffusion(d -> d.setSteps(0))),
        broken("diffusion.remasking", "REMASKING_RANDOM", diffusion(d -> d.setRemaskingValue(9))),
        broken(
            "diffusion.gen_length",
            "whole number of blocks of 32; 128 would be",
            diffusion(d -> d.setGenLength(100).setBlockLength(32))),
        broken(
            "diffusion.gen_length",
            "whole number of blocks",
            diffusion(d -> d.setGenLength(16).setBlockLength(32))),
        broken(
            "diffusion.steps",
            "does not divide into 4 blocks; 12 would",
            diffusion(d -> d.setGenLength(128).setBlockLength(32).setSteps(10))),
        broken(
            "diffusion.steps",
            "both set",
            diffusion(d -> d.setSteps(8).setConfidenceThreshold(0.9))),
        broken(
            "diffusion.confidence_threshold",
            "from 0 to 1",
            diffusion(d -> d.setConfidenceThreshold(-0.01))),
        broken(
            "diffusion.confidence_threshold",
            "from 0 to 1",
            diffusion(d -> d.setConfidenceThreshold(1.01))),
        broken(
            "diffusion.confidence_threshold",
            "NaN",
            diffusion(d -> d.setConfidenceThreshold(Double.NaN))),
        broken(
            "diffusion.remasking",
            "Random",
            diffusion(d -> d.setRemasking(Remasking.REMASKING_RANDOM).setConfidenceThreshold(0.9))),
        broken("diffusion.cfg_scale", "from 0", diffusion(d -> d.setCfgScale(-0.1))),
        broken("diffusion.cfg_scale", "NaN", diffusion(d -> d.setCfgScale(Double.NaN))),
        broken("sampling.temperature", "from 0 to 4", sampling(s -> s.setTemperature(4.1))),
        broken("sampling.temperature", "from 0 to 4", sampling(s -> s.setTemperature(-1))),
        broken(
            "sampling.temperature",
            "Infinity",
            sampling(s -> s.setTemperature(Double.POSITIVE_INFINITY))),
        broken("deadline_ms", "from 1", r -> r.setDeadlineMs(0)),
        broken("deadline_ms", "to 3600000", r -> r.setDeadlineMs(3_600_001)),
        broken("#99", "field number 99", r -> r.setUnknownFields(unknown)),
        broken("diffusion.#99", "field number 99", diffusion(d -> d.setUnknownFields(unknown))),
        broken(
            "messages.messages[0].#99",
            "field number 99",
            r ->
                r.setMessages(
                    Messages.newBuilder()
                        .addMessages(
                            Message.newBuilder()
                                .setRole("user")
                                .setContent("x")
                                .setUnknownFields(unknown)))));
  }

  @ParameterizedTest
  @MethodSource("brokenRequests")
  void aBrokenRequestNamesItsFieldAndSaysWhatWouldBeRight(
      String field, String part, GenerateRequest request) {
    Refusal refusal = refusal(() -> RULES.check(request));
    assertThat(refusal.code()).isEqualTo(ErrorCode.ERROR_CODE_INVALID_ARGUMENT);
    assertThat(refusal.field()).isEqualTo(field);
    assertThat(refusal.message()).contains(part).endsWith(".");
  }

  static Stream<GenerateRequest> soundRequests() {
    return Stream.of(
        hello().build(),
        hello().setModel("").build(),
        hello().setModel("ft:mini:otter:ftjob-1@default").build(),
        hello().setModel("mini@sha256:" + "0".repeat(64)).build(),
        hello()
            .setDiffusion(
                DiffusionParams.newBuilder().setGenLength(60).setBlockLength(15).setSteps(8))
            .build(),
        hello()
            .setDiffusion(DiffusionParams.newBuilder().setGenLength(64).setConfidenceThreshold(1))
            .setSampling(SamplingParams.newBuilder().setTemperature(4).setSeed(-5))
            .setDeadlineMs(3_600_000)
            .build(),
        hello()
            .setDiffusion(
                DiffusionParams.newBuilder()
                    .setPreset(Preset.PRESET_FAST)
                    .setRemasking(Remasking.REMASKING_RANDOM)
                    .setSteps(8)
                    .setLookaheadBlocks(0))
            .setSampling(SamplingParams.newBuilder().addStop("\n").addStop("🦦".repeat(256)))
            .build(),
        hello()
            .setDiffusion(
                DiffusionParams.newBuilder()
                    .setCache(Cache.CACHE_PREFIX)
                    .setCacheRefresh(1)
                    .setConfidenceFactor(1.5))
            .build(),
        // The reference takes more steps than slots.
        hello().setDiffusion(DiffusionParams.newBuilder().setGenLength(5).setSteps(8)).build(),
        hello().setDiffusion(DiffusionParams.newBuilder().setConfidenceThreshold(0)).build(),
        hello().setTokenIds(TokenIds.newBuilder().addIds(0)).build());
  }

  @ParameterizedTest
  @MethodSource("soundRequests")
  void aSoundRequestPasses(GenerateRequest request) throws Exception {
    assertThat(RULES.check(request).wire()).isEqualTo(request);
  }

  @Test
  void streamModesAskForTheirEvents() throws Exception {
    assertThat(RequestRules.detail(mode(StreamMode.STREAM_MODE_UNSPECIFIED)))
        .isEqualTo(EventDetail.EVENT_DETAIL_BLOCK);
    assertThat(RequestRules.detail(mode(StreamMode.STREAM_MODE_FINAL)))
        .isEqualTo(EventDetail.EVENT_DETAIL_FINAL);
    assertThat(RequestRules.detail(mode(StreamMode.STREAM_MODE_STEP_DELTA)))
        .isEqualTo(EventDetail.EVENT_DETAIL_STEP);
    assertThat(
            refusal(() ->
                    RequestRules.detail(
                        GenerateStreamRequest.newBuilder().setModeValue(12).build()))
                .field())
        .isEqualTo("mode");
    assertThat(refusal(() -> RULES.check(GenerateStreamRequest.getDefaultInstance())).field())
        .isEqualTo("request");
  }

  @ParameterizedTest
  @CsvSource({
    "PRESET_FAST, CACHE_UNSPECIFIED, true",
    "PRESET_BALANCED, CACHE_PREFIX, true",
    "PRESET_FAST, CACHE_NONE, false",
    "PRESET_BALANCED, CACHE_UNSPECIFIED, false",
    "PRESET_UNSPECIFIED, CACHE_UNSPECIFIED, false",
    "PRESET_UNSPECIFIED, CACHE_DUAL, true"
  })
  void aRefreshNeedsACacheWhichAPresetMayBring(Preset preset, Cache cache, boolean sound)
      throws Exception {
    GenerateRequest request =
        hello()
            .setDiffusion(
                DiffusionParams.newBuilder().setPreset(preset).setCache(cache).setCacheRefresh(2))
            .build();
    if (sound) {
      assertThat(RULES.check(request).wire()).isEqualTo(request);
    } else {
      assertThat(refusal(() -> RULES.check(request)).field()).isEqualTo("diffusion.cache_refresh");
    }
  }

  static Stream<Arguments> brokenScores() {
    return Stream.of(
        score("continuation", "text or as token_ids", r -> r.clearContinuation()),
        score("continuation.text", "is empty", r -> r.getContinuationBuilder().setText("")),
        score("context", "both", r -> r.getContextBuilder().getTokenIdsBuilder().addIds(3)),
        score("samples", "from 1 to", r -> r.setSamples(0)),
        score("batch", "does not divide the 10", r -> r.setSamples(10).setBatch(3)),
        score("cfg_scale", "from 0 to 100", r -> r.setCfgScale(-1)),
        score("deadline_ms", "from 1 to", r -> r.setDeadlineMs(0)),
        score(
            "recorded_draws.digest",
            "no digest",
            r -> r.getRecordedDrawsBuilder().setDigest("here")),
        score(
            "continuation.token_ids",
            "ids start at 0",
            r -> r.clearContext().getContinuationBuilder().getTokenIdsBuilder().addIds(-1)));
  }

  private static Arguments score(
      String field, String part, Consumer<ScoreRequest.Builder> breaking) {
    ScoreRequest.Builder request = soundScore();
    breaking.accept(request);
    return Arguments.of(field, part, request.build());
  }

  private static ScoreRequest.Builder soundScore() {
    return ScoreRequest.newBuilder()
        .setModel("mini")
        .setContext(TextOrTokens.newBuilder().setText("2 + 3 ="))
        .setContinuation(TextOrTokens.newBuilder().setText(" 5"));
  }

  @ParameterizedTest
  @MethodSource("brokenScores")
  void aScoreThatCannotBeGivenIsRefusedByField(String field, String part, ScoreRequest request) {
    Refusal refusal = refusal(() -> RULES.check(request));
    assertThat(refusal.field()).isEqualTo(field);
    assertThat(refusal.message()).contains(part).endsWith(".");
  }

  @Test
  void aSoundScorePassesWithAndWithoutContext() throws Exception {
    ScoreRequest whole = soundScore().setSamples(32).setBatch(8).setCfgScale(0.5).build();
    assertThat(RULES.check(whole).wire()).isEqualTo(whole);
    ScoreRequest document = soundScore().clearContext().build();
    assertThat(RULES.check(document).wire()).isEqualTo(document);
  }

  private static GenerateStreamRequest mode(StreamMode mode) {
    return GenerateStreamRequest.newBuilder().setMode(mode).build();
  }

  private interface Check {
    Object run() throws RefusedException;
  }

  private static Refusal refusal(Check check) {
    try {
      check.run();
    } catch (RefusedException e) {
      return e.refusal();
    }
    throw new AssertionError("the request passed");
  }
}
