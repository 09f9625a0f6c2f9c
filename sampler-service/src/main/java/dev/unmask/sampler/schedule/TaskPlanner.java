package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.sampler.structure.JsonLayout;
import dev.unmask.sampler.structure.UnfitSchemaException;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import dev.unmask.text.StopStrings;
import dev.unmask.text.schema.SchemaException;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Message;
import dev.unmask.v1.SamplingParams;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * Turns a request into a task for one model, or refuses it with a sentence. Everything that depends
 * on the model is checked here and nowhere later: defaults, lengths against the context, token ids
 * against the vocabulary.
 */
final class TaskPlanner {

  private static final Set<String> ROLES = Set.of("system", "user", "assistant");

  private final DrawSource draws;

  /**
   * @param draws where recorded random numbers come from, if this worker takes them
   */
  TaskPlanner(DrawSource draws) {
    this.draws = draws;
  }

  PlannedTask plan(RequestedJob job, GenerateRequest request, ServedModel model)
      throws RefusedRequestException {
    if (request.hasStructured()) {
      return structured(job, request, model);
    }
    if (request.hasInfill()) {
      return infill(job, request, model);
    }
    OptionalInt most = maxTokens(request.getSampling());
    GenerationSettings settings =
        SettingsPlanner.plan(
            request.getDiffusion(), request.getSampling(), seed(job, request.getSampling()));
    StopStrings stops = stops(request.getSampling());
    int[] prompt = prompt(request, model);
    long together = (long) prompt.length + settings.genLength();
    if (together > model.contextLength()) {
      throw RefusedRequestException.invalid(
          "diffusion.gen_length",
          "the prompt has "
              + prompt.length
              + " tokens and the canvas "
              + settings.genLength()
              + ", together "
              + together
              + ", but the context of this model holds "
              + model.contextLength()
              + "; shorten the prompt or the canvas");
    }
    GenerationTask task =
        request.hasRecordedDraws()
            ? new GenerationTask(
                job.requestId(),
                prompt,
                settings,
                draws.forTask(request.getRecordedDraws(), prompt.length, settings, model))
            : new GenerationTask(job.requestId(), prompt, settings);
    task = among(job, task);
    if (!stops.isEmpty() || most.isPresent()) {
      LladaTokenizer tokenizer = model.tokenizer();
      // One more than wanted tells an answer that goes on from one that ends there.
      task =
          task.until(committed ->
              (most.isPresent() && committed.length > most.getAsInt())
                  || (!stops.isEmpty() && stops.endIn(tokenizer, committed)));
    }
    return new PlannedTask(task, request.getDiffusion().getReturnCanvas(), stops, most, null, null);
  }

  /** A task whose canvas is the gaps of a text. */
  private static PlannedTask infill(RequestedJob job, GenerateRequest request, ServedModel model)
      throws RefusedRequestException {
    InfillRow row = InfillRow.plan(request, model);
    DiffusionParams.Builder diffusion =
        request.getDiffusion().toBuilder().setGenLength(row.slots());
    if (!diffusion.hasLogitsEosInf()) {
      // An end in the middle of a text would leave its gap empty.
      diffusion.setLogitsEosInf(true);
    }
    GenerationSettings settings =
        SettingsPlanner.plan(
            diffusion.build(), request.getSampling(), seed(job, request.getSampling()));
    return new PlannedTask(
        among(job, GenerationTask.infill(job.requestId(), row.row(), settings)),
        request.getDiffusion().getReturnCanvas(),
        StopStrings.NONE,
        OptionalInt.empty(),
        row,
        null);
  }

  /** A task whose canvas is the values of a form. */
  private static PlannedTask structured(
      RequestedJob job, GenerateRequest request, ServedModel model) throws RefusedRequestException {
    refuse("infill", request.hasInfill());
    refuse("diffusion.gen_length", request.getDiffusion().hasGenLength());
    refuse("diffusion.lookahead_blocks", request.getDiffusion().hasLookaheadBlocks());
    refuse("sampling.stop", request.getSampling().getStopCount() > 0);
    refuse("recorded_draws", request.hasRecordedDraws());
    OptionalInt most = maxTokens(request.getSampling());
    int[] prompt = prompt(request, model);
    JsonLayout layout;
    try {
      layout =
          JsonLayout.of(
              request.getStructured().getJsonSchema(),
              request.getStructured().getFunction(),
              model.tokenizer(),
              Math.max(0, request.getDiffusion().getBlockLength()),
              Math.max(
                  0,
                  Math.min(most.orElse(Integer.MAX_VALUE), model.contextLength() - prompt.length)));
    } catch (SchemaException | UnfitSchemaException e) {
      throw RefusedRequestException.invalid(
          "structured.json_schema", String.valueOf(e.getMessage()));
    }
    GenerationSettings settings =
        SettingsPlanner.plan(
            request.getDiffusion().toBuilder().setGenLength(layout.slots()).build(),
            request.getSampling(),
            seed(job, request.getSampling()));
    return new PlannedTask(
        among(job, GenerationTask.infill(job.requestId(), layout.row(prompt), settings))
            .within(layout.rules()),
        request.getDiffusion().getReturnCanvas(),
        StopStrings.NONE,
        OptionalInt.empty(),
        null,
        layout);
  }

  private static void refuse(String field, boolean given) throws RefusedRequestException {
    if (given) {
      throw RefusedRequestException.invalid(
          field, field + " does not go with structured: the form says what is written");
    }
  }

  private static GenerationTask among(RequestedJob job, GenerationTask task) {
    GenerationTask ranked = task.with(job.priority());
    Instant patience = job.patience();
    return patience == null ? ranked : ranked.by(patience);
  }

  private static OptionalInt maxTokens(SamplingParams sampling) throws RefusedRequestException {
    if (sampling.hasN() && sampling.getN() != 1) {
      throw RefusedRequestException.invalid(
          "sampling.n",
          "n is " + sampling.getN() + "; a record has one answer, so n can only be 1");
    }
    if (!sampling.hasMaxTokens()) {
      return OptionalInt.empty();
    }
    if (sampling.getMaxTokens() < 1) {
      throw RefusedRequestException.invalid(
          "sampling.max_tokens",
          "max_tokens is " + sampling.getMaxTokens() + "; it must be at least 1");
    }
    return OptionalInt.of(sampling.getMaxTokens());
  }

  private static StopStrings stops(SamplingParams sampling) throws RefusedRequestException {
    try {
      return StopStrings.of(sampling.getStopList());
    } catch (IllegalArgumentException e) {
      throw RefusedRequestException.invalid("sampling.stop", String.valueOf(e.getMessage()));
    }
  }

  /** The request's seed, or one that follows from its id, so that a second attempt repeats it. */
  private static long seed(RequestedJob job, SamplingParams sampling) {
    return sampling.hasSeed() ? sampling.getSeed() : seedOf(job);
  }

  /** A seed that follows from the request's id. */
  static long seedOf(RequestedJob job) {
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256")
              .digest(job.requestId().getBytes(StandardCharsets.UTF_8));
      return ByteBuffer.wrap(hash).getLong() & Long.MAX_VALUE;
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static int[] prompt(GenerateRequest request, ServedModel model)
      throws RefusedRequestException {
    return switch (request.getInputCase()) {
      case MESSAGES -> chat(request.getMessages().getMessagesList(), model);
      case PROMPT -> raw(request.getPrompt(), model);
      case TOKEN_IDS -> checked("token_ids", request.getTokenIds().getIdsList(), model);
      case INFILL, INPUT_NOT_SET ->
          throw RefusedRequestException.invalid(
              "input", "there is nothing to answer: give one of messages, prompt and token_ids");
    };
  }

  private static int[] raw(String prompt, ServedModel model) throws RefusedRequestException {
    try {
      return model.tokenizer().encode(prompt);
    } catch (IllegalArgumentException e) {
      throw RefusedRequestException.invalid("prompt", String.valueOf(e.getMessage()));
    }
  }

  private static int[] chat(List<Message> messages, ServedModel model)
      throws RefusedRequestException {
    if (messages.isEmpty()) {
      throw RefusedRequestException.invalid("messages", "the dialogue is empty");
    }
    if (!model.tokenizer().hasChatTemplate()) {
      throw RefusedRequestException.invalid(
          "messages",
          "the model '" + model.name() + "' has no chat template; give prompt or token_ids");
    }
    for (int i = 0; i < messages.size(); i++) {
      if (!ROLES.contains(messages.get(i).getRole())) {
        throw RefusedRequestException.invalid(
            "messages[" + i + "].role",
            "the role '"
                + messages.get(i).getRole()
                + "' of message "
                + i
                + " is none of system, user and assistant");
      }
    }
    try {
      return model
          .tokenizer()
          .encodeChat(
              messages.stream().map(m -> new ChatMessage(m.getRole(), m.getContent())).toList());
    } catch (IllegalArgumentException e) {
      // Many templates insist on an order of roles, and say so; and a text can be too long.
      throw RefusedRequestException.invalid("messages", String.valueOf(e.getMessage()));
    }
  }

  static int[] checked(String field, List<Integer> ids, ServedModel model)
      throws RefusedRequestException {
    int mask = model.weights().config().tokens().mask();
    for (int i = 0; i < ids.size(); i++) {
      int id = ids.get(i);
      if (id < 0 || id >= model.vocabularySize()) {
        throw RefusedRequestException.invalid(
            field + ".ids[" + i + "]",
            "token id "
                + id
                + " at position "
                + i
                + " is outside the vocabulary of "
                + model.vocabularySize()
                + " ids");
      }
      if (id == mask) {
        throw RefusedRequestException.invalid(
            field + ".ids[" + i + "]",
            "token id "
                + id
                + " at position "
                + i
                + " is the mask token, which a prompt cannot hold");
      }
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }
}
