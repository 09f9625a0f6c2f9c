package dev.unmask.gateway.telemetry;

import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Levels of loggers that were set while the gateway runs. Any thread. */
public final class LogLevels {

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_$.]{1,200}");

  /** What a build for production keeps; below it nothing could be shown. */
  private static final Set<String> KNOWN = new TreeSet<>(Set.of("ERROR", "WARN", "INFO", "DEBUG"));

  /** A logger that nobody holds is forgotten, and its level with it. */
  private record Changed(Logger logger, @Nullable Level original) {}

  private final Map<String, Changed> changed = new TreeMap<>();

  /** What a logger's level was and is. */
  public record Change(String before, String now) {}

  /**
   * Sets a level.
   *
   * @param level empty for the one from before the first change
   * @throws RefusedException INVALID_ARGUMENT for what is no name or no level
   */
  public synchronized Change set(String name, String level) throws RefusedException {
    if (!NAME.matcher(name).matches()) {
      throw new RefusedException(
          Refusal.invalid(
              "logger", "logger must name a package or a class, such as dev.unmask.gateway."));
    }
    if (!level.isEmpty() && !KNOWN.contains(level)) {
      throw new RefusedException(
          Refusal.invalid(
              "level",
              "level must be one of "
                  + String.join(", ", KNOWN)
                  + ", or empty for what it was at the start."));
    }
    Logger logger = Logger.getLogger(name);
    String before = effective(logger);
    if (level.isEmpty()) {
      Changed was = changed.remove(name);
      if (was != null) {
        logger.setLevel(was.original());
      }
    } else {
      changed.computeIfAbsent(name, n -> new Changed(logger, logger.getLevel()));
      logger.setLevel(Level.parse(level));
    }
    return new Change(before, effective(logger));
  }

  /** The loggers that were changed and the level of each. */
  public synchronized Map<String, String> all() {
    Map<String, String> all = new TreeMap<>();
    changed.forEach((name, one) -> all.put(name, effective(one.logger())));
    return all;
  }

  private static String effective(Logger logger) {
    for (Logger at = logger; at != null; at = at.getParent()) {
      Level own = at.getLevel();
      if (own != null) {
        return own.getName();
      }
    }
    return Level.INFO.getName();
  }
}
