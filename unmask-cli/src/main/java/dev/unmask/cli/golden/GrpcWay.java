package dev.unmask.cli.golden;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.client.GatewayClient;
import dev.unmask.cli.client.StatusSentences;
import io.grpc.StatusRuntimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Asks the cases through the gateway, several at once, as callers do. */
final class GrpcWay {

  private static final String NAME = "grpc";
  private static final int AT_ONCE = 8;

  private GrpcWay() {}

  /** The answers' lines, in the order of the cases. Blocks. */
  static List<ObjectNode> ask(String address, List<ClusterCase> cases) throws InterruptedException {
    List<ObjectNode> answers = new ArrayList<>();
    try (GatewayClient client = GatewayClient.to(address);
        ExecutorService callers = Executors.newFixedThreadPool(AT_ONCE)) {
      List<Future<ObjectNode>> asked =
          cases.stream().map(c -> callers.submit(() -> ask(client, c))).toList();
      for (Future<ObjectNode> answer : asked) {
        answers.add(answer.get());
      }
    } catch (ExecutionException e) {
      throw new IllegalStateException("a call failed otherwise than by its status", e.getCause());
    }
    return answers;
  }

  private static ObjectNode ask(GatewayClient client, ClusterCase c) {
    try {
      return c.generate() != null
          ? c.answer(NAME, client.generation().generate(c.generate()))
          : c.answer(NAME, client.generation().score(c.score()));
    } catch (StatusRuntimeException e) {
      return c.error(NAME, StatusSentences.of(e));
    }
  }
}
