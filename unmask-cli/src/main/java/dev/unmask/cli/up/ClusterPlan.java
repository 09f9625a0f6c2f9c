package dev.unmask.cli.up;

import dev.unmask.cli.process.Jvm;
import dev.unmask.cli.process.Rooms;
import dev.unmask.cli.trace.TraceFinder;
import dev.unmask.store.location.StoreLocation;
import java.io.File;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The processes of one cluster and how each is run.
 *
 * @param rooms the checkout the services come from
 * @param data where everything is kept
 * @param store address of the artifact store
 * @param environment of this process
 * @param base the base that the samplers serve
 * @param kafka bootstrap address
 * @param kafkaPort port of the embedded broker
 * @param grpcPort port of the API
 * @param httpPort port of HTTP
 * @param workerPrefix begins the samplers' ids; differs between machines that share a Kafka
 * @param archives folder of the class archives that halve a start
 * @param writesArchives whether they are made, which makes the first end slower
 * @param samplerProperties further settings of the samplers
 */
record ClusterPlan(
    Rooms rooms,
    DataFolder data,
    String store,
    Map<String, String> environment,
    String base,
    String kafka,
    int kafkaPort,
    int grpcPort,
    int httpPort,
    String workerPrefix,
    Path archives,
    boolean writesArchives,
    Map<String, String> samplerProperties) {

  static final String BROKER = "kafka";
  static final String GATEWAY = "gateway";
  static final String SAMPLER = "sampler";
  static final String TRAINER = "sft";

  /** In which order they end: first who takes requests, then who works on them, Kafka last. */
  static final List<List<String>> STOPPING =
      List.of(List.of(GATEWAY, TRAINER), List.of(SAMPLER), List.of(BROKER));

  private static final String LOOPBACK = "127.0.0.1";

  /** The embedded broker. */
  ChildSpec broker() {
    List<String> command =
        jvm(BROKER, BROKER, true, 256)
            .quick()
            .main(
                System.getProperty("java.class.path"),
                "dev.unmask.broker.BrokerMain",
                List.of(
                    "--data",
                    data.resolve("kafka").toString(),
                    "--port",
                    String.valueOf(kafkaPort),
                    "--with-parent"));
    return new ChildSpec(
        BROKER, command, Map.of(), data.log(BROKER), new ChildSpec.Readiness.LogLine("ready "));
  }

  ChildSpec gateway() {
    return gateway(Map.of(), Optional.empty());
  }

  /**
   * The gateway.
   *
   * @param settings further ones
   * @param tls its certificate, when its ports are to be encrypted
   */
  ChildSpec gateway(Map<String, String> settings, Optional<UpTls> tls) {
    Jvm jvm =
        service(GATEWAY, GATEWAY, true, 256, httpPort)
            .quick()
            .property("quarkus.grpc.server.host", LOOPBACK)
            .property("quarkus.grpc.server.port", grpcPort);
    settings.forEach(jvm::property);
    tls.ifPresent(own -> own.settings(httpPort).forEach(jvm::property));
    return new ChildSpec(
        GATEWAY,
        jvm.jar(rooms.runner(Rooms.GATEWAY)),
        Map.of(),
        data.log(GATEWAY),
        health(httpPort, tls));
  }

  /** The {@code number}th sampler, from 1. */
  ChildSpec sampler(int number) {
    String name = SAMPLER + "-" + number;
    int port = Ports.free();
    Jvm jvm =
        service(SAMPLER, name, number == 1, 512, port)
            .withPyTorch(environment)
            .property("unmask.worker.id", workerPrefix + name)
            .property("unmask.sampler.cache-dir", data.resolve("work").resolve(name));
    samplerProperties.forEach(jvm::property);
    return new ChildSpec(
        name,
        jvm.jar(rooms.runner(Rooms.SAMPLER)),
        Jvm.pyTorchEnvironment(environment),
        data.log(name),
        health(port));
  }

  /**
   * A sampler that answers by script.
   *
   * @param kit the jar it is in; what that needs is on this program's class path
   * @param holdMillis when above 0, requests are shown their steps and then held for so long
   */
  ChildSpec scripted(Path kit, int slots, double serviceMillis, long holdMillis) {
    List<String> command =
        jvm(SAMPLER, "sampler-1", false, 256)
            .quick()
            .main(
                System.getProperty("java.class.path") + File.pathSeparator + kit,
                "dev.unmask.testkit.ScriptedWorker",
                List.of(
                    "--kafka",
                    kafka,
                    "--store",
                    store,
                    "--base",
                    base,
                    "--slots",
                    String.valueOf(slots),
                    "--service-ms",
                    String.valueOf(serviceMillis),
                    "--hold-ms",
                    String.valueOf(holdMillis),
                    "--with-parent"));
    return new ChildSpec(
        "sampler-1",
        command,
        Map.of(),
        data.log("sampler-1"),
        new ChildSpec.Readiness.LogLine("ready"));
  }

  /**
   * The trainer.
   *
   * @param settings further ones
   */
  ChildSpec trainer(Map<String, String> settings) {
    int port = Ports.free();
    Jvm jvm =
        service(TRAINER, TRAINER, true, 512, port)
            .withPyTorch(environment)
            .property("unmask.worker.id", workerPrefix + TRAINER)
            .property("unmask.sft.runs-dir", runs());
    settings.forEach(jvm::property);
    return new ChildSpec(
        TRAINER,
        jvm.jar(rooms.runner(Rooms.TRAINER)),
        Jvm.trainingEnvironment(environment),
        data.log(TRAINER),
        health(port));
  }

  /** Whether the broker is one of these processes; it takes everybody on this machine. */
  boolean embedsKafka() {
    return kafka.equals(LOOPBACK + ":" + kafkaPort);
  }

  /** Where they always were on a store that is a folder. */
  private Path runs() {
    return switch (StoreLocation.parse(store)) {
      case StoreLocation.Folder folder -> folder.root().resolve("runs");
      case StoreLocation.Bucket bucket -> data.resolve("runs");
    };
  }

  private Jvm service(String kind, String name, boolean writesArchive, int heap, int httpPort) {
    Jvm jvm = jvm(kind, name, writesArchive, heap).property("kafka.bootstrap.servers", kafka);
    if (embedsKafka()) {
      // Whatever the environment says of other clusters.
      jvm.property("kafka.security.protocol", "PLAINTEXT");
    }
    jvm.property("unmask.base", base)
        .property("unmask.store.root", store)
        .property("unmask.store.cache-dir", data.resolve("blobs"))
        .property("quarkus.http.host", LOOPBACK)
        .property("quarkus.http.port", httpPort);
    // Whoever says where spans go is heard; else requests that ask for it leave them here.
    return environment.containsKey("UNMASK_TRACING_EXPORTER")
        ? jvm
        : jvm.property("unmask.tracing.exporter", "file")
            .property("unmask.tracing.folder", data.resolve(TraceFinder.FOLDER));
  }

  /** The marker comes first: only the beginning of a long command line can be read back. */
  private Jvm jvm(String kind, String name, boolean writesArchive, int heap) {
    Path archive = archives.resolve(kind + ".jsa");
    return Jvm.startingWith(data.marker(), heap)
        .property("launcher.child", name)
        .withClassArchive(archive, writesArchive && writesArchives);
  }

  private static ChildSpec.Readiness health(int port) {
    return health(port, Optional.empty());
  }

  private static ChildSpec.Readiness health(int port, Optional<UpTls> tls) {
    return new ChildSpec.Readiness.HttpOk(
        URI.create(
            (tls.isPresent() ? "https" : "http")
                + "://"
                + LOOPBACK
                + ":"
                + port
                + "/q/health/ready"),
        tls.map(UpTls::certificate));
  }
}
