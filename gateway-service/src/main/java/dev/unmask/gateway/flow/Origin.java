package dev.unmask.gateway.flow;

import dev.unmask.gateway.flow.access.Principal;
import org.jspecify.annotations.Nullable;

/**
 * Who makes a call.
 *
 * @param who whose quotas, jobs, files and models count, and what it may do
 * @param key the caller's name for the request ({@code Idempotency-Key}), if it has one
 * @param afterSeq the last event of a stream under that key that the caller has; 0 for none
 * @param traceparent the caller's span, if it has one
 */
public record Origin(
    Principal who, @Nullable String key, long afterSeq, @Nullable String traceparent) {

  /** Whose calls are when nobody says otherwise. */
  public static final String DEFAULT_TENANT = Principal.DEFAULT_TENANT;

  /** A caller whose traces nobody keeps. */
  public Origin(Principal who, @Nullable String key, long afterSeq) {
    this(who, key, afterSeq, null);
  }

  /** A caller without a name or a key. */
  public static final Origin ANYBODY = new Origin(Principal.LOCAL, null, 0);

  /** Whose quotas and jobs count. */
  public String tenant() {
    return who.tenant();
  }

  /** The same caller behind an event that it has. */
  public Origin after(long seq) {
    return new Origin(who, key, seq, traceparent);
  }

  /** The same caller asking for one of several answers. */
  public Origin answer(int index) {
    return index == 0 ? this : part(Integer.toString(index));
  }

  /** The same caller asking for a part of what is done under the key. */
  public Origin part(String name) {
    return key == null ? this : new Origin(who, key + "#" + name, afterSeq, traceparent);
  }
}
