# A sampler that computes on the processor: one engine on one thread. From the root of a checkout that `./unmask --help` has built:
#   docker build -f deploy/images/sampler.Dockerfile -t unmask/sampler:0.1.0 .

ARG BASE=eclipse-temurin:25-jre-noble

# Unpacks the native libraries from the jars once, while the image is made: 450 MB that no container
# has to write when it starts. The self-check of `unmask doctor` loads each of them: libtorch, its JNI
# layer and the tokenizers. (They come in a folder that only their owner may read.)
FROM ${BASE} AS natives
COPY sampler-service/target/lib/ /opt/unmask/lib/
COPY sampler-service/target/sampler-service-0.1.0-runner.jar /opt/unmask/
RUN OMP_NUM_THREADS=1 DJL_OFFLINE=true DJL_CACHE_DIR=/opt/unmask/djl \
    java --enable-native-access=ALL-UNNAMED -Dai.djl.offline=true \
    -cp /opt/unmask/sampler-service-0.1.0-runner.jar dev.unmask.model.doctor.DoctorMain cpu \
 && chmod -R a+rX /opt/unmask/djl

FROM ${BASE}
LABEL org.opencontainers.image.title="Unmask sampler" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number, so that Kubernetes can see that it is not root. The folders are where volumes are mounted;
# a new volume takes their owner.
RUN groupadd --gid 10001 unmask \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/unmask --no-create-home --shell /usr/sbin/nologin unmask \
 && mkdir -p /var/lib/unmask/store /var/lib/unmask/runs /var/cache/unmask \
 && chown -R 10001:10001 /var/lib/unmask /var/cache/unmask
COPY sampler-service/target/lib/ /opt/unmask/lib/
COPY --from=natives /opt/unmask/djl/ /opt/unmask/djl/
COPY sampler-service/target/sampler-service-0.1.0-runner.jar /opt/unmask/
COPY --chmod=755 deploy/images/healthy /opt/unmask/bin/healthy
# What ClusterPlan gives such a process: native numerics on one thread, few arenas, no network.
ENV OMP_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    OMP_WAIT_POLICY=PASSIVE \
    KMP_BLOCKTIME=0 \
    MALLOC_ARENA_MAX=2 \
    DJL_OFFLINE=true \
    DJL_CACHE_DIR=/opt/unmask/djl \
    LC_ALL=C.UTF-8 \
    QUARKUS_HTTP_HOST=0.0.0.0 \
    UNMASK_STORE_ROOT=/var/lib/unmask/store \
    UNMASK_SAMPLER_CACHE_DIR=/var/cache/unmask/models
WORKDIR /var/lib/unmask
USER 10001:10001
EXPOSE 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=120s --retries=3 CMD ["/opt/unmask/bin/healthy", "8081"]
ENTRYPOINT ["java", \
  "-Xmx512m", \
  "-XX:+UseSerialGC", \
  "-XX:+IgnoreUnrecognizedVMOptions", \
  "--enable-native-access=ALL-UNNAMED", \
  "--sun-misc-unsafe-memory-access=allow", \
  "-XX:+ExitOnOutOfMemoryError", \
  "-Dai.djl.offline=true", \
  "-Dai.djl.pytorch.num_threads=1", \
  "-Dai.djl.pytorch.num_interop_threads=1", \
  "-jar", "/opt/unmask/sampler-service-0.1.0-runner.jar"]
