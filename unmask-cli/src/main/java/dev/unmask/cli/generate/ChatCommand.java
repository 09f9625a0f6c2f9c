package dev.unmask.cli.generate;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.StreamMode;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code unmask chat}: a dialogue, one line a turn. */
@Command(
    name = "chat",
    description = {
      "A dialogue: each line of standard input is a turn, and the whole dialogue goes with it.",
      "The whole dialogue is answered by the weights that gave its first answer, also when the model"
          + " moves on meanwhile; --latest follows the model instead.",
      "/reset forgets the dialogue, /quit or the end of the input leaves."
    })
public final class ChatCommand implements Callable<Integer> {

  private final Session session;

  @Mixin private EndpointOption endpoint;
  @Mixin private RequestOptions options;

  @Option(
      names = "--system",
      paramLabel = "TEXT",
      description = "A system message before the dialogue.")
  private @Nullable String system;

  @Option(
      names = "--latest",
      description = "Each turn is answered by what the model points to then.")
  private boolean latest;

  /** {@code name@sha256:…} of the first answer; null before it. */
  private @Nullable String pinned;

  public ChatCommand(Session session) {
    this.session = session;
  }

  /** Whether a turn was answered, and whether one failed. */
  private boolean answered;

  private boolean failed;

  @Override
  public Integer call() throws IOException {
    List<Message> dialogue = new ArrayList<>();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(session.in(), StandardCharsets.UTF_8));
    try (GatewayClient client = GatewayClient.open(session, endpoint)) {
      begin(dialogue);
      for (String line = ask(lines); line != null; line = ask(lines)) {
        switch (line.strip()) {
          case "" -> {
            // Somebody pressed Enter.
          }
          case "/quit", "/exit" -> {
            return exitCode();
          }
          case "/reset" -> begin(dialogue);
          default -> turn(client, dialogue, line.strip());
        }
      }
    }
    return exitCode();
  }

  private int exitCode() {
    return failed ? CliException.FAILED : 0;
  }

  private void begin(List<Message> dialogue) {
    dialogue.clear();
    pinned = null;
    if (system != null) {
      dialogue.add(message("system", system));
    }
  }

  private @Nullable String ask(BufferedReader lines) throws IOException {
    if (session.outIsTerminal() && !session.json()) {
      session.out().print("> ");
      session.out().flush();
    }
    return lines.readLine();
  }

  /**
   * One question and its answer. A turn that fails is said and forgotten, and the dialogue goes on,
   * unless no cluster was ever there.
   */
  private void turn(GatewayClient client, List<Message> dialogue, String question) {
    dialogue.add(message("user", question));
    try {
      GenerateResponse answer = answer(client, dialogue);
      dialogue.add(message("assistant", answer.getText()));
      if (!latest && pinned == null) {
        pinned = pin(answer);
      }
      answered = true;
    } catch (StatusRuntimeException e) {
      if (!answered && e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
        throw e;
      }
      failed = true;
      dialogue.removeLast();
      session.remark(StatusSentences.of(e));
      if (pinned != null && e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        session.remark("the weights of this dialogue are gone; it goes on with the current ones");
        pinned = null;
      }
    }
  }

  private static @Nullable String pin(GenerateResponse answer) {
    String name = answer.getModel();
    int at = name.indexOf('@');
    return name.isEmpty() || answer.getModelDigest().isEmpty()
        ? null
        : (at < 0 ? name : name.substring(0, at)) + "@" + answer.getModelDigest();
  }

  private GenerateResponse answer(GatewayClient client, List<Message> dialogue) {
    GenerateRequest.Builder request =
        options.request().setMessages(Messages.newBuilder().addAllMessages(dialogue));
    if (pinned != null) {
      request.setModel(pinned);
    }
    Iterator<GenerationEvent> events =
        client
            .generation()
            .generateStream(
                GenerateStreamRequest.newBuilder()
                    .setRequest(request)
                    .setMode(StreamMode.STREAM_MODE_BLOCK)
                    .build());
    int shown = 0;
    while (events.hasNext()) {
      GenerationEvent event = events.next();
      if (event.hasText() && !session.json()) {
        session.out().print(event.getText().getDelta());
        session.out().flush();
        shown += event.getText().getDelta().length();
      } else if (event.hasFinal()) {
        GenerateResponse answer = event.getFinal();
        if (session.json()) {
          session.out().println(Json.line(AnswerFormat.json(answer)));
        } else {
          session.out().println(shown == 0 ? answer.getText() : "");
        }
        return answer;
      }
    }
    throw new CliException("the stream ended without an answer; try again");
  }

  private static Message message(String role, String content) {
    return Message.newBuilder().setRole(role).setContent(content).build();
  }
}
