package dev.unmask.cli.chat;

import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.client.EndpointOption;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import dev.unmask.cli.generate.AnswerFormat;
import dev.unmask.cli.generate.CanvasView;
import dev.unmask.cli.generate.RequestOptions;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerateStreamRequest;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.ListModelsRequest;
import dev.unmask.v1.Message;
import dev.unmask.v1.Messages;
import dev.unmask.v1.ModelVersion;
import dev.unmask.v1.StreamMode;
import io.grpc.Context;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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
      "On a terminal lines can be edited: arrows go through what was typed, Tab completes, a"
          + " backslash at the end goes on in the next line, Ctrl-C ends an answer. /help lists what"
          + " else there is: /model, /retry, /undo, /watch, /history, /save, /reset, /quit."
    })
public final class ChatCommand implements Callable<Integer> {

  private final Session session;
  private final Dialogue dialogue = new Dialogue();

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

  @Option(
      names = "--watch",
      description = "Draw the canvas of each answer while it fills; /watch changes it.")
  private boolean watch;

  /** Chosen by {@code /model}; null for what the command line says. */
  private @Nullable String chosen;

  /** Whether a turn was answered, and whether one failed. */
  private boolean answered;

  private boolean failed;

  public ChatCommand(Session session) {
    this.session = session;
  }

  @Override
  public Integer call() throws IOException {
    dialogue.begin(system);
    try (GatewayClient client = GatewayClient.open(session, endpoint);
        ChatInput input = ChatInput.of(session, () -> names(client))) {
      String line = input.next("> ");
      while (line != null && obey(client, input, ChatLine.of(line))) {
        line = input.next("> ");
      }
    }
    return failed ? CliException.FAILED : 0;
  }

  /** False when the chat is over. */
  private boolean obey(GatewayClient client, ChatInput input, ChatLine line) throws IOException {
    switch (line) {
      case ChatLine.Nothing nothing -> {
        // Somebody pressed Enter.
      }
      case ChatLine.Unknown unknown ->
          session.remark(
              "there is no "
                  + unknown.word()
                  + "; /help lists what there is, and two slashes begin"
                  + " a question with one");
      case ChatLine.Said said -> turn(client, input, said.text());
      case ChatLine.Order order -> {
        return obey(client, input, order);
      }
    }
    return true;
  }

  private boolean obey(GatewayClient client, ChatInput input, ChatLine.Order order)
      throws IOException {
    switch (order.command()) {
      case HELP -> ChatLine.Command.all().forEach(command -> session.remark(command.help()));
      case MODEL -> model(client, order.rest());
      case RETRY -> retry(client, input);
      case UNDO ->
          session.remark(
              dialogue
                  .undo()
                  .map(question -> "forgotten: " + question)
                  .orElse("there is no answer yet"));
      case WATCH -> {
        watch = !watch;
        session.remark(watch ? "the canvas is drawn" : "the canvas is not drawn");
      }
      case HISTORY -> history();
      case SAVE -> save(order.rest());
      case RESET -> dialogue.begin(system);
      case QUIT -> {
        return false;
      }
    }
    return true;
  }

  private void history() {
    for (Message message : dialogue.messages()) {
      session.out().println(message.getRole() + ": " + message.getContent());
    }
    if (dialogue.pinned() != null) {
      session.remark("answered by " + dialogue.pinned());
    }
  }

  private void save(String file) {
    if (file.isEmpty()) {
      session.remark("/save needs the name of a file");
      return;
    }
    if (dialogue.lastAnswer().isEmpty()) {
      session.remark("there is no answer yet, so there is nothing to save");
      return;
    }
    try {
      Files.writeString(
          Path.of(file),
          dialogue.row() + "\n",
          StandardOpenOption.CREATE,
          StandardOpenOption.APPEND);
      session.remark("appended " + dialogue.turns() + " turns to " + file);
    } catch (IOException | InvalidPathException e) {
      session.remark(file + " cannot be written: " + e);
    }
  }

  private void model(GatewayClient client, String name) {
    try {
      List<ModelVersion> all = versions(client);
      if (name.isEmpty()) {
        all.forEach(version ->
            session.remark(version.getName() + "  " + String.join(", ", version.getAliasesList())));
        return;
      }
      String plain = name.contains("@") ? name.substring(0, name.indexOf('@')) : name;
      if (all.stream().noneMatch(version -> version.getName().equals(plain))) {
        session.remark("there is no model " + plain + "; /model lists what there is");
        return;
      }
      chosen = name;
      dialogue.unpin();
      session.remark("the dialogue goes on with " + name);
    } catch (StatusRuntimeException e) {
      session.remark(StatusSentences.of(e));
    }
  }

  private static List<ModelVersion> versions(GatewayClient client) {
    return client.models().list(ListModelsRequest.getDefaultInstance()).getModelsList();
  }

  private static Stream<String> names(GatewayClient client) {
    try {
      return versions(client).stream().map(ModelVersion::getName).distinct();
    } catch (StatusRuntimeException e) {
      // Only a completion: who goes on will hear what is wrong.
      return Stream.of();
    }
  }

  private void retry(GatewayClient client, ChatInput input) {
    Optional<String> before = dialogue.lastAnswer();
    Optional<String> question = dialogue.undo();
    if (question.isEmpty()) {
      session.remark("there is no answer yet");
      return;
    }
    turn(client, input, question.get());
    if (before.isPresent() && before.equals(dialogue.lastAnswer())) {
      session.remark(
          "the same answer again: at temperature 0 only near ties differ; see --temperature");
    }
  }

  /**
   * One question and its answer. A turn that fails is said and forgotten, and the dialogue goes on,
   * unless no cluster was ever there.
   */
  private void turn(GatewayClient client, ChatInput input, String question) {
    dialogue.ask(question);
    try (Context.CancellableContext context = Context.current().withCancellation()) {
      input.interruptible(
          () ->
              context.run(() -> {
                dialogue.answered(answer(client), !latest);
                answered = true;
              }),
          () -> context.cancel(null));
    } catch (StatusRuntimeException e) {
      if (!answered && e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
        throw e;
      }
      dialogue.unask();
      if (e.getStatus().getCode() == Status.Code.CANCELLED) {
        session.out().println();
        session.remark("stopped; the question is forgotten");
        return;
      }
      failed = true;
      session.remark(StatusSentences.of(e));
      if (dialogue.pinned() != null && e.getStatus().getCode() == Status.Code.NOT_FOUND) {
        session.remark("the weights of this dialogue are gone; it goes on with the current ones");
        dialogue.unpin();
      }
    }
  }

  private GenerateResponse answer(GatewayClient client) {
    GenerateRequest.Builder request =
        options.request().setMessages(Messages.newBuilder().addAllMessages(dialogue.messages()));
    String pinned = dialogue.pinned();
    if (pinned != null) {
      request.setModel(pinned);
    } else if (chosen != null) {
      request.setModel(chosen);
    }
    boolean draws = watch && !session.json();
    Iterator<GenerationEvent> events =
        client
            .generation()
            .generateStream(
                GenerateStreamRequest.newBuilder()
                    .setRequest(request)
                    .setMode(
                        draws ? StreamMode.STREAM_MODE_STEP_DELTA : StreamMode.STREAM_MODE_BLOCK)
                    .build());
    CanvasView view = draws ? CanvasView.of(session) : null;
    int shown = 0;
    while (events.hasNext()) {
      GenerationEvent event = events.next();
      switch (event.getEventCase()) {
        case STARTED -> {
          if (view != null) {
            view.started(event.getStarted());
          }
        }
        case STEP -> {
          if (view != null) {
            view.step(event.getStep());
          }
        }
        case TEXT -> {
          if (view == null && !session.json()) {
            session.out().print(event.getText().getDelta());
            session.out().flush();
            shown += event.getText().getDelta().length();
          }
        }
        case FINAL -> {
          GenerateResponse answer = event.getFinal();
          if (session.json()) {
            session.out().println(Json.line(AnswerFormat.json(answer)));
          } else {
            session.out().println(shown == 0 ? answer.getText() : "");
          }
          return answer;
        }
        case RESTARTED ->
            session.remark("another worker starts over: " + event.getRestarted().getReason());
        case FAILED, SCORED, EVENT_NOT_SET -> {
          // A failure ends the call with a status.
        }
      }
    }
    throw new CliException("the stream ended without an answer; try again");
  }
}
