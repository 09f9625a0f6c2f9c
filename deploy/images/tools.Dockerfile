# The command line, for jobs: `import` creates the topics, fills the store and announces a model. From the root of a checkout that `./unmask --help` has built:
#   docker build -f deploy/images/tools.Dockerfile -t unmask/tools:0.1.0 .

ARG BASE=eclipse-temurin:25-jre-noble

# `import` asks the engine's library whether it can run the model. See the trainer's image.
FROM ${BASE} AS natives
COPY sft-service/target/lib/ /opt/unmask/lib/
COPY sft-service/target/sft-service-0.1.0-runner.jar /opt/unmask/
RUN OMP_NUM_THREADS=1 DJL_OFFLINE=true DJL_CACHE_DIR=/opt/unmask/djl \
    java --enable-native-access=ALL-UNNAMED -Dai.djl.offline=true \
    -cp /opt/unmask/sft-service-0.1.0-runner.jar dev.unmask.model.doctor.DoctorMain cpu \
 && chmod -R a+rX /opt/unmask/djl

FROM ${BASE}
LABEL org.opencontainers.image.title="Unmask command line" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number, so that Kubernetes can see that it is not root. The folders are where volumes are mounted;
# a new volume takes their owner.
RUN groupadd --gid 10001 unmask \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/unmask --no-create-home --shell /usr/sbin/nologin unmask \
 && mkdir -p /var/lib/unmask/store /var/lib/unmask/runs /var/cache/unmask \
 && chown -R 10001:10001 /var/lib/unmask /var/cache/unmask
# Laid out as in a checkout, which is where the command looks for the library that it asks.
COPY unmask-cli/target/lib/ /opt/unmask/unmask-cli/target/lib/
COPY sft-service/target/lib/ /opt/unmask/sft-service/target/lib/
COPY --from=natives /opt/unmask/djl/ /opt/unmask/djl/
COPY models/unmask-mini/ /opt/unmask/models/unmask-mini/
COPY sft-service/target/sft-service-0.1.0-runner.jar /opt/unmask/sft-service/target/
COPY unmask-cli/target/unmask-cli-0.1.0.jar /opt/unmask/unmask-cli/target/
ENV DJL_OFFLINE=true \
    DJL_CACHE_DIR=/opt/unmask/djl \
    LC_ALL=C.UTF-8
WORKDIR /var/lib/unmask
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK NONE
ENTRYPOINT ["java", \
  "-Xmx256m", \
  "-XX:+UseSerialGC", \
  "-XX:TieredStopAtLevel=1", \
  "-XX:+IgnoreUnrecognizedVMOptions", \
  "--enable-native-access=ALL-UNNAMED", \
  "--sun-misc-unsafe-memory-access=allow", \
  "-Dunmask.home=/opt/unmask", \
  "-jar", "/opt/unmask/unmask-cli/target/unmask-cli-0.1.0.jar"]
CMD ["--help"]
