package dev.unmask.gateway.telemetry;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.quarkus.logging.LoggingFilter;
import java.util.logging.Filter;
import java.util.logging.LogRecord;

/**
 * Keeps out of the log what the gRPC library says, with a stack trace, about each frame that is no
 * message: whoever sends many of them would fill it. Any thread.
 */
@LoggingFilter(name = "broken-frames")
public final class BrokenFrames implements Filter {

  @Override
  public boolean isLoggable(LogRecord record) {
    return !(record.getThrown() instanceof StatusRuntimeException e
        && e.getStatus().getCode() == Status.Code.INTERNAL
        && "Invalid protobuf byte sequence".equals(e.getStatus().getDescription()));
  }
}
