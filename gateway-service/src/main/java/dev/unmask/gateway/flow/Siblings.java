package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.jobs.IdempotencyKeys;
import dev.unmask.v1.GenerateRequest;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Several answers to one request: the same request again and again, with seeds that follow from the
 * first one's. Whoever repeats the request with the same seed gets the same answers.
 */
public final class Siblings {

  /** An odd constant without pattern (2^64 over the golden ratio), as SplitMix64 steps by. */
  private static final long STEP = 0x9E3779B97F4A7C15L;

  private final RandomGenerator random;

  public Siblings(RandomGenerator random) {
    this.random = random;
  }

  /**
   * {@code n} requests. Under a key the seeds follow from the key: it means the same request.
   *
   * @param origin who asks
   */
  public List<GenerateRequest> of(GenerateRequest request, int n, Origin origin) {
    String key = origin.key();
    if (key == null || n == 1 || request.getSampling().hasSeed()) {
      return of(request, n);
    }
    GenerateRequest.Builder seeded = request.toBuilder();
    seeded.getSamplingBuilder().setSeed(IdempotencyKeys.seed(key));
    return of(seeded.build(), n);
  }

  /** {@code n} requests; the first has the caller's seed, where it gave one. */
  public List<GenerateRequest> of(GenerateRequest request, int n) {
    if (n == 1) {
      return List.of(request);
    }
    long first =
        request.getSampling().hasSeed() ? request.getSampling().getSeed() : random.nextLong() >>> 1;
    List<GenerateRequest> all = new ArrayList<>(n);
    for (int i = 0; i < n; i++) {
      GenerateRequest.Builder next = request.toBuilder();
      next.getSamplingBuilder().setSeed(seed(first, i));
      all.add(next.build());
    }
    return all;
  }

  /** The seed of answer {@code index}; that of the first is {@code first} itself. */
  static long seed(long first, int index) {
    return index == 0 ? first : (first + index * STEP) >>> 1;
  }
}
