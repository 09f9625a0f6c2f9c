package dev.unmask.cli.endpoint;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The content of {@code DATA/endpoints.json}: a cluster that {@code unmask up} runs on this
 * machine.
 *
 * @param grpc {@code host:port} of the API
 * @param http address of the HTTP port, with scheme
 * @param kafka bootstrap address of the broker
 * @param kafkaSecurity how clients connect to it, by Kafka's name; the rest of it is in nobody's
 *     file
 * @param tlsTrust file of who vouches for the gateway, when its ports are encrypted
 * @param pid process id of {@code up} itself
 * @param data its data folder
 * @param store root of the artifact store
 * @param model name of the model it serves
 * @param digest what its default alias pointed to at the start
 * @param children the processes it runs
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record Endpoints(
    String grpc,
    String http,
    String kafka,
    @JsonProperty("kafka_security") String kafkaSecurity,
    @JsonProperty("tls_ca") @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String tlsTrust,
    long pid,
    String data,
    String store,
    String model,
    @JsonProperty("model_digest") String digest,
    List<Child> children) {

  /** Name of the file in the data folder. */
  public static final String FILE = "endpoints.json";

  /** The security of a broker that takes everybody. */
  static final String PLAINTEXT = "PLAINTEXT";

  private static final ObjectMapper MAPPER = new ObjectMapper();

  public Endpoints {
    // Files of before have none.
    kafkaSecurity = Objects.requireNonNullElse(kafkaSecurity, PLAINTEXT);
    children = List.copyOf(children);
  }

  /**
   * One child process.
   *
   * @param name for example {@code sampler-1}
   * @param pid its process id
   * @param log its log file
   */
  public record Child(String name, long pid, String log) {}

  /** The same cluster with other processes. */
  public Endpoints with(List<Child> processes) {
    return new Endpoints(
        grpc, http, kafka, kafkaSecurity, tlsTrust, pid, data, store, model, digest, processes);
  }

  /** Reads the file of a data folder. */
  public static Endpoints read(Path dataFolder) throws IOException {
    return MAPPER.readValue(dataFolder.resolve(FILE).toFile(), Endpoints.class);
  }

  /** Replaces the file of a data folder; a reader sees the old content or the new. */
  public void write(Path dataFolder) throws IOException {
    Path file = dataFolder.resolve(FILE);
    Path temporary = dataFolder.resolve(FILE + ".tmp");
    Files.writeString(temporary, json() + "\n");
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** One line of JSON. */
  public String json() throws IOException {
    return MAPPER.writeValueAsString(this);
  }

  /** Whether the {@code up} that wrote this still runs. */
  public boolean alive() {
    return ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false);
  }
}
