package dev.unmask.cli.tools;

import dev.unmask.cli.Session;
import dev.unmask.cli.models.LaidOutModel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * What {@code unmask eval} adds to its arguments: a published model's name becomes a folder, and
 * somebody who watches sees progress.
 */
final class EvalRun {

  private static final String MODEL = "--model";

  private EvalRun() {}

  /** Runs the tool with its arguments made complete. */
  static int run(Session session, List<String> given, ToIntFunction<List<String>> tool) {
    List<String> arguments = new ArrayList<>();
    for (String argument : given) {
      // Both spellings of an option, so that one place reads its value.
      if (argument.startsWith(MODEL + "=")) {
        arguments.add(MODEL);
        arguments.add(argument.substring(MODEL.length() + 1));
      } else {
        arguments.add(argument);
      }
    }
    if (session.errIsTerminal()) {
      arguments.add("--progress");
    }
    int place = arguments.indexOf(MODEL) + 1;
    if (place == 0 || place >= arguments.size() || isFolder(arguments.get(place))) {
      return tool.applyAsInt(arguments);
    }
    try (LaidOutModel model = LaidOutModel.of(session, arguments.get(place))) {
      arguments.set(place, model.folder().toString());
      model
          .adapter()
          .ifPresent(adapter -> {
            arguments.add("--adapter");
            arguments.add(adapter.toString());
          });
      return tool.applyAsInt(arguments);
    }
  }

  private static boolean isFolder(String text) {
    try {
      return Files.isDirectory(Path.of(text));
    } catch (InvalidPathException e) {
      return false;
    }
  }
}
