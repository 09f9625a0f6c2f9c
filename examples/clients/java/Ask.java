import dev.unmask.client.AnswerStream;
import dev.unmask.client.Question;
import dev.unmask.client.UnmaskClient;
import dev.unmask.client.UnmaskException;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.Preset;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Ask ADDRESS QUESTION: three ways to get an answer. */
public final class Ask {

  public static void main(String[] args) {
    UnmaskClient.Builder to = UnmaskClient.to(args[0]);
    if (System.getenv("UNMASK_TLS_CA") != null) {
      to.tls(Path.of(System.getenv("UNMASK_TLS_CA")));
    }
    if (System.getenv("UNMASK_API_KEY") != null) {
      to.apiKey(System.getenv("UNMASK_API_KEY"));
    }
    try (UnmaskClient client = to.open()) {
      Question question =
          client.ask(args[1]).seed(7).maxTokens(32).within(Duration.ofMinutes(2));

      GenerateResponse answer = question.answer();
      System.out.println("whole: " + answer.getText());
      System.out.println("weights: " + answer.getModelDigest());

      System.out.print("stream: ");
      try (AnswerStream stream = question.stream()) {
        GenerateResponse same = stream.finish(System.out::print);
        System.out.println();
        System.out.println("the same: " + same.getText().equals(answer.getText()));
      }

      // Cancelling the future would end the work in the cluster.
      CompletableFuture<GenerateResponse> later =
          question.preset(Preset.PRESET_FAST).answerLater();
      System.out.println("later, fewer steps: " + later.join().getUsage().getDenoisingSteps());
    } catch (UnmaskException e) {
      System.err.println(e.code() + ": " + e.getMessage());
      System.exit(1);
    }
  }
}
