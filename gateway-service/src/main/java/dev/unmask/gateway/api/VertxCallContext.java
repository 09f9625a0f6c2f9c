package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.CallContext;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;

/** A Vert.x event-loop context as the place of one call. */
record VertxCallContext(Vertx vertx, Context context) implements CallContext {

  /** The context of the calling thread. */
  static VertxCallContext current(Vertx vertx) {
    return new VertxCallContext(vertx, vertx.getOrCreateContext());
  }

  @Override
  public void execute(Runnable task) {
    context.runOnContext(unused -> task.run());
  }

  @Override
  public Timer after(Duration delay, Runnable task) {
    long timer = vertx.setTimer(Math.max(1, delay.toMillis()), unused -> execute(task));
    return () -> {
      var unused = vertx.cancelTimer(timer);
    };
  }
}
