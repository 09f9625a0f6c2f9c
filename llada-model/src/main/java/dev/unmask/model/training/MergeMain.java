package dev.unmask.model.training;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.model.InvalidModelException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * {@code unmask merge} in a process of its own: {@link MergedFolder} with a base, an adapter and a
 * new folder as arguments. Prints one line of JSON: {@code method}, {@code tensors} (of the
 * adapter), {@code bound} (whether the adapter said which base it was made for); or {@code
 * {"refused": "..."}} and exit code 1, and then there is no new folder.
 */
public final class MergeMain {

  private MergeMain() {}

  /** See the class. */
  public static void main(String[] args) {
    ObjectNode told = new ObjectMapper().createObjectNode();
    int code = 0;
    try {
      Path adapter = Path.of(args[1]);
      AdapterFolder stored = AdapterFolder.read(adapter);
      MergedFolder.write(Path.of(args[0]), adapter, Path.of(args[2]));
      told.put("method", stored.method().describe())
          .put("tensors", stored.tensors().size())
          .put("bound", stored.base() != null);
    } catch (InvalidModelException e) {
      told.put("refused", e.getMessage());
      code = 1;
    } catch (IOException e) {
      told.put("refused", args[2] + " could not be written: " + e.getMessage());
      code = 1;
    }
    byte[] bytes = (told + "\n").getBytes(StandardCharsets.UTF_8);
    System.out.write(bytes, 0, bytes.length);
    System.out.flush();
    System.exit(code);
  }
}
