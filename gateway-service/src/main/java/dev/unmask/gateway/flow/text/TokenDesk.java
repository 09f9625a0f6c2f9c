package dev.unmask.gateway.flow.text;

import dev.unmask.gateway.flow.Gate;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.gateway.flow.admission.ModelName;
import dev.unmask.gateway.flow.cluster.ClusterView;
import dev.unmask.gateway.flow.cluster.ResolvedModel;
import dev.unmask.text.ChatMessage;
import dev.unmask.text.LladaTokenizer;
import java.util.ArrayList;
import java.util.List;

/**
 * Texts as tokens and back, by the tokenizer of a model. Any thread; every method may block on the
 * store, and throws {@link RefusedException} with the field at fault.
 */
public final class TokenDesk {

  private final Gate gate;
  private final ClusterView cluster;
  private final Tokenizers tokenizers;
  private final int maxCharacters;

  /**
   * @param maxCharacters of one text, over all messages
   */
  public TokenDesk(Gate gate, ClusterView cluster, Tokenizers tokenizers, int maxCharacters) {
    this.gate = gate;
    this.cluster = cluster;
    this.tokenizers = tokenizers;
    this.maxCharacters = maxCharacters;
  }

  /**
   * Tokens of a text.
   *
   * @param ids in order
   * @param texts each token alone; a part of a character shows as U+FFFD
   */
  @SuppressWarnings("ArrayRecordComponent") // Handed over, compared by nobody.
  public record Tokens(ResolvedModel model, int[] ids, List<String> texts) {}

  /** A text taken as it is, as a prompt is. */
  public Tokens tokenize(Principal who, String model, String text) throws RefusedException {
    ResolvedModel resolved = resolve(who, model);
    checkCharacters("text", text.length());
    LladaTokenizer tokenizer = tokenizers.of(resolved.digest());
    return tokens(resolved, tokenizer, tokenizer.encode(text));
  }

  /** A dialogue as the model's chat template writes it, up to where the answer begins. */
  public Tokens tokenize(Principal who, String model, List<ChatMessage> messages)
      throws RefusedException {
    ResolvedModel resolved = resolve(who, model);
    checkCharacters(
        "messages", messages.stream().mapToLong(message -> message.content().length()).sum());
    LladaTokenizer tokenizer = tokenizers.of(resolved.digest());
    if (!tokenizer.hasChatTemplate()) {
      throw invalid("messages", "The model has no chat template; give text instead.");
    }
    try {
      return tokens(resolved, tokenizer, tokenizer.encodeChat(messages));
    } catch (IllegalArgumentException e) {
      throw invalid("messages", "The chat template refuses these messages: " + e.getMessage());
    }
  }

  /** The text of tokens; special ones are skipped. */
  public String detokenize(Principal who, String model, List<Integer> ids) throws RefusedException {
    ResolvedModel resolved = resolve(who, model);
    LladaTokenizer tokenizer = tokenizers.of(resolved.digest());
    for (int i = 0; i < ids.size(); i++) {
      if (ids.get(i) < 0 || ids.get(i) >= tokenizer.vocabularySize()) {
        throw invalid(
            "tokens[" + i + "]",
            "tokens["
                + i
                + "] is "
                + ids.get(i)
                + "; the model's ids go from 0 to "
                + (tokenizer.vocabularySize() - 1)
                + ".");
      }
    }
    return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray());
  }

  private ResolvedModel resolve(Principal who, String model) throws RefusedException {
    gate.look();
    return cluster.resolve(ModelName.parse(model, "model"), who);
  }

  private static Tokens tokens(ResolvedModel model, LladaTokenizer tokenizer, int[] ids) {
    List<String> texts = new ArrayList<>(ids.length);
    for (int id : ids) {
      texts.add(tokenizer.tokenText(id));
    }
    return new Tokens(model, ids, texts);
  }

  private void checkCharacters(String field, long characters) throws RefusedException {
    if (characters > maxCharacters) {
      throw invalid(
          field, field + " holds more than " + maxCharacters + " characters, the most allowed.");
    }
  }

  private static RefusedException invalid(String field, String message) {
    return new RefusedException(Refusal.invalid(field, message));
  }
}
