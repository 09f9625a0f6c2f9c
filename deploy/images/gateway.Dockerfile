# The gateway: gRPC, HTTP and the page. From the root of a checkout that `./unmask --help` has built:
#   docker build -f deploy/images/gateway.Dockerfile -t unmask/gateway:0.1.0 .

ARG BASE=eclipse-temurin:25-jre-noble
FROM ${BASE}
LABEL org.opencontainers.image.title="Unmask gateway" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number, so that Kubernetes can see that it is not root. The folders are where volumes are mounted;
# a new volume takes their owner.
RUN groupadd --gid 10001 unmask \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/unmask --no-create-home --shell /usr/sbin/nologin unmask \
 && mkdir -p /var/lib/unmask/store /var/lib/unmask/runs /var/cache/unmask \
 && chown -R 10001:10001 /var/lib/unmask /var/cache/unmask
COPY gateway-service/target/lib/ /opt/unmask/lib/
COPY gateway-service/target/gateway-service-0.1.0-runner.jar /opt/unmask/
COPY --chmod=755 deploy/images/healthy /opt/unmask/bin/healthy
# The tokenizers' library is unpacked there at start; nothing is fetched. Inside a container the
# loopback that the service listens on by default reaches nobody.
ENV DJL_OFFLINE=true \
    DJL_CACHE_DIR=/var/cache/unmask/djl \
    LC_ALL=C.UTF-8 \
    QUARKUS_HTTP_HOST=0.0.0.0 \
    QUARKUS_GRPC_SERVER_HOST=0.0.0.0 \
    UNMASK_STORE_ROOT=/var/lib/unmask/store
WORKDIR /var/lib/unmask
USER 10001:10001
EXPOSE 8080 9000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/opt/unmask/bin/healthy", "8080"]
ENTRYPOINT ["java", \
  "-Xmx256m", \
  "-XX:+UseSerialGC", \
  "-XX:+IgnoreUnrecognizedVMOptions", \
  "--enable-native-access=ALL-UNNAMED", \
  "--sun-misc-unsafe-memory-access=allow", \
  "-XX:TieredStopAtLevel=1", \
  "-XX:+ExitOnOutOfMemoryError", \
  "-Dai.djl.offline=true", \
  "-jar", "/opt/unmask/gateway-service-0.1.0-runner.jar"]
