package dev.unmask.model.inspect;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.unmask.model.InvalidModelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * {@code unmask inspect} in a process of its own: prints the facts of the folder that is its only
 * argument as one line of JSON. A folder that is refused gives {@code {"refused": "..."}} and exit
 * code 1.
 */
public final class InspectMain {

  private InspectMain() {}

  /** See the class. */
  public static void main(String[] args) {
    int code = 0;
    String line;
    try {
      line = ModelFacts.of(Path.of(args[0])).toString();
    } catch (InvalidModelException e) {
      line = new ObjectMapper().createObjectNode().put("refused", e.getMessage()).toString();
      code = 1;
    }
    byte[] bytes = (line + "\n").getBytes(StandardCharsets.UTF_8);
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
    System.exit(code);
  }
}
