package dev.unmask.cli.tools;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.unmask.cli.CliException;
import dev.unmask.cli.Json;
import dev.unmask.cli.Session;
import dev.unmask.cli.process.QuietChild;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the engine says about this machine, asked in a child process: loading a native library that
 * does not fit may end the process that does it.
 *
 * @param facts as {@code DoctorMain} printed them, with the versions of oneDNN and MKL
 * @param healthy whether the self-check passed
 */
record EngineFacts(ObjectNode facts, boolean healthy) {

  private static final String MAIN = "dev.unmask.model.doctor.DoctorMain";

  /** Both libraries name themselves when asked to be verbose, and nowhere else. */
  private static final Map<String, String> VERBOSE =
      Map.of("ONEDNN_VERBOSE", "1", "DNNL_VERBOSE", "1", "MKL_VERBOSE", "1");

  private static final Pattern ONEDNN =
      Pattern.compile("onednn_verbose.*,info,oneDNN (v[0-9.]+).*");
  private static final Pattern ONEDNN_ISA = Pattern.compile("onednn_verbose.*,info,cpu,isa:(.*)");
  private static final Pattern MKL =
      Pattern.compile("MKL_VERBOSE (?:Intel\\(R\\) )?(.*MKL [0-9].*)");

  static EngineFacts ask(Session session, String device) {
    QuietChild.Printed printed;
    try {
      printed = QuietChild.run(session, MAIN, VERBOSE, device);
    } catch (CliException e) {
      return failed(Json.object(), e.sentence());
    }
    Optional<ObjectNode> facts = printed.out().stream().flatMap(l -> json(l).stream()).findFirst();
    if (facts.isEmpty()) {
      return failed(Json.object(), ended(printed));
    }
    ObjectNode found = facts.get();
    put(found, "onednn", ONEDNN, printed.out());
    put(found, "onednn_instruction_set", ONEDNN_ISA, printed.out());
    put(found, "mkl", MKL, printed.out());
    boolean passed = found.path("self_check").path("passed").asBoolean(false);
    return new EngineFacts(found, passed && printed.exitCode() == 0);
  }

  private static EngineFacts failed(ObjectNode facts, String sentence) {
    facts.putObject("self_check").put("passed", false).put("sentence", sentence);
    return new EngineFacts(facts, false);
  }

  private static String ended(QuietChild.Printed printed) {
    String last =
        printed.err().stream()
            .filter(line -> !line.isBlank())
            .reduce((first, second) -> second)
            .orElse("it said nothing");
    return "the process that loaded the native library ended with "
        + printed.exitCode()
        + (printed.exitCode() > 128 ? ", as a native crash does" : "")
        + ": "
        + last;
  }

  private static void put(ObjectNode facts, String name, Pattern pattern, List<String> lines) {
    lines.stream()
        .map(pattern::matcher)
        .filter(Matcher::matches)
        .findFirst()
        .ifPresent(match -> facts.put(name, match.group(1).strip()));
  }

  private static Optional<ObjectNode> json(String line) {
    if (!line.startsWith("{")) {
      return Optional.empty();
    }
    try {
      return new ObjectMapper().readTree(line) instanceof ObjectNode node
          ? Optional.of(node)
          : Optional.empty();
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
