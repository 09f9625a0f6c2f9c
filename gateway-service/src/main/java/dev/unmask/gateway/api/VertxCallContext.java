package dev.unmask.gateway.api;

import dev.unmask.gateway.flow.CallContext;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.time.Duration;

/** A Vert.x event-loop context as the place of one call. */
public record VertxCallContext(Vertx vertx, Context context) implements CallContext {

  /** The context of the calling thread, which every call has. */
  public static VertxCallContext current(Vertx vertx) {
    Context context = Vertx.currentContext();
    if (context == null) {
      throw new IllegalStateException(
          "a call came on " + Thread.currentThread().getName() + ", outside of Vert.x");
    }
    return new VertxCallContext(vertx, context);
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
