# A sampler that computes on an NVIDIA GPU. From the root of a checkout that `./unmask --help` has built:
#   docker build -f deploy/images/sampler-cuda.Dockerfile -t unmask/sampler-cuda:0.1.0 . \
#     --build-context libtorch=/opt/libtorch
# The last line names the folder of libtorch 2.7.1 for CUDA 12.8, unpacked (docs/gpu.md says which). It
# brings CUDA's libraries with it; the driver comes from the machine, through NVIDIA's container toolkit.

ARG BASE=eclipse-temurin:25-jre-noble
FROM ${BASE}
LABEL org.opencontainers.image.title="Unmask sampler for CUDA" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
# A number, so that Kubernetes can see that it is not root. The folders are where volumes are mounted;
# a new volume takes their owner.
RUN groupadd --gid 10001 unmask \
 && useradd --uid 10001 --gid 10001 --home-dir /var/lib/unmask --no-create-home --shell /usr/sbin/nologin unmask \
 && mkdir -p /var/lib/unmask/store /var/lib/unmask/runs /var/cache/unmask \
 && chown -R 10001:10001 /var/lib/unmask /var/cache/unmask
# hadolint ignore=DL3022
COPY --from=libtorch lib/ /opt/libtorch/lib/
COPY sampler-service/target/lib/ /opt/unmask/lib/
COPY sampler-service/target/sampler-service-0.1.0-runner.jar /opt/unmask/
COPY --chmod=755 deploy/images/healthy /opt/unmask/bin/healthy
# The small JNI layer is unpacked to the cache at start. NVIDIA_* tell the container toolkit what to mount.
ENV OMP_NUM_THREADS=1 \
    MKL_NUM_THREADS=1 \
    OMP_WAIT_POLICY=PASSIVE \
    KMP_BLOCKTIME=0 \
    MALLOC_ARENA_MAX=2 \
    DJL_OFFLINE=true \
    DJL_CACHE_DIR=/var/cache/unmask/djl \
    PYTORCH_LIBRARY_PATH=/opt/libtorch/lib \
    PYTORCH_VERSION=2.7.1 \
    PYTORCH_FLAVOR=cu128 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    LC_ALL=C.UTF-8 \
    QUARKUS_HTTP_HOST=0.0.0.0 \
    UNMASK_DEVICE=cuda \
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
