package dev.unmask.sampler.schedule;

import dev.unmask.model.engine.GenerationTask;
import dev.unmask.model.sampling.Decoding;
import dev.unmask.model.sampling.GenerationSettings;
import dev.unmask.model.sampling.InvalidSettingsException;
import dev.unmask.model.sampling.Remasking;
import dev.unmask.sampler.models.ServedModel;
import dev.unmask.text.ChatMessage;
import dev.unmask.v1.DiffusionParams;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.Message;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.List;
import java.util.Set;

/**
 * Turns a request into a task for one model, or refuses it with a sentence. Everything that depends
 * on the model is checked here and nowhere later: defaults, lengths against the context, token ids
 * against the vocabulary.
 */
final class TaskPlanner {

  /** Slots of the canvas when the request does not say. */
  static final int DEFAULT_GEN_LENGTH = 64;

  /** Slots of a block when the request does not say and the canvas is a multiple of it. */
  static final int DEFAULT_BLOCK_LENGTH = 32;

  private static final Set<String> ROLES = Set.of("system", "user", "assistant");

  private TaskPlanner() {}

  static PlannedTask plan(RequestedJob job, ServedModel model) throws RefusedRequestException {
    GenerationSettings settings = settings(job);
    int[] prompt = prompt(job.request(), model);
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
    return new PlannedTask(
        new GenerationTask(job.requestId(), prompt, settings),
        job.request().getDiffusion().getReturnCanvas());
  }

  private static GenerationSettings settings(RequestedJob job) throws RefusedRequestException {
    DiffusionParams asked = job.request().getDiffusion();
    int genLength = asked.hasGenLength() ? asked.getGenLength() : DEFAULT_GEN_LENGTH;
    // A canvas that is no multiple of the default block is one block.
    int blockLength =
        asked.hasBlockLength()
            ? asked.getBlockLength()
            : genLength % DEFAULT_BLOCK_LENGTH == 0 ? DEFAULT_BLOCK_LENGTH : genLength;
    if (asked.hasConfidenceThreshold() && asked.hasSteps()) {
      throw RefusedRequestException.invalid(
          "diffusion.steps",
          "steps and confidence_threshold exclude each other: with a threshold the number of steps"
              + " follows from the confidences; give one of them");
    }
    try {
      Decoding decoding =
          asked.hasConfidenceThreshold()
              ? new Decoding.Threshold(asked.getConfidenceThreshold())
              : new Decoding.Quota(asked.hasSteps() ? asked.getSteps() : genLength);
      return new GenerationSettings(
          genLength,
          blockLength,
          decoding,
          remasking(asked),
          job.request().getSampling().getTemperature(),
          asked.getCfgScale(),
          seed(job),
          !asked.hasEosEarlyExit() || asked.getEosEarlyExit(),
          asked.getLogitsEosInf(),
          asked.getConfidenceEosEotInf());
    } catch (InvalidSettingsException e) {
      throw RefusedRequestException.invalid(path(e.field()), String.valueOf(e.getMessage()));
    }
  }

  private static Remasking remasking(DiffusionParams asked) throws RefusedRequestException {
    return switch (asked.getRemasking()) {
      case REMASKING_UNSPECIFIED, REMASKING_LOW_CONFIDENCE -> Remasking.LOW_CONFIDENCE;
      case REMASKING_RANDOM -> Remasking.RANDOM;
      case UNRECOGNIZED ->
          throw RefusedRequestException.invalid(
              "diffusion.remasking",
              "remasking "
                  + asked.getRemaskingValue()
                  + " is not known here; LOW_CONFIDENCE and RANDOM are");
    };
  }

  /** The request's seed, or one that follows from its id, so that a second attempt repeats it. */
  static long seed(RequestedJob job) {
    if (job.request().getSampling().hasSeed()) {
      return job.request().getSampling().getSeed();
    }
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
      case PROMPT -> model.tokenizer().encode(request.getPrompt());
      case TOKEN_IDS -> checked(request.getTokenIds().getIdsList(), model);
      case INPUT_NOT_SET ->
          throw RefusedRequestException.invalid(
              "input", "there is nothing to answer: give one of messages, prompt and token_ids");
    };
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
    return model
        .tokenizer()
        .encodeChat(
            messages.stream().map(m -> new ChatMessage(m.getRole(), m.getContent())).toList());
  }

  private static int[] checked(List<Integer> ids, ServedModel model)
      throws RefusedRequestException {
    int mask = model.weights().config().tokens().mask();
    for (int i = 0; i < ids.size(); i++) {
      int id = ids.get(i);
      if (id < 0 || id >= model.vocabularySize()) {
        throw RefusedRequestException.invalid(
            "token_ids.ids[" + i + "]",
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
            "token_ids.ids[" + i + "]",
            "token id "
                + id
                + " at position "
                + i
                + " is the mask token, which a prompt cannot hold");
      }
    }
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  /** The request's path of a setting that the sampler refused. */
  private static String path(String setting) {
    return switch (setting) {
      case "temperature", "seed" -> "sampling." + setting;
      case "threshold" -> "diffusion.confidence_threshold";
      default ->
          "diffusion." + setting.replaceAll("([A-Z])", "_$1").toLowerCase(java.util.Locale.ROOT);
    };
  }
}
