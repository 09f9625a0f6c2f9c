package dev.unmask.sampler.intake;

import dev.unmask.proto.Headers;
import dev.unmask.proto.MalformedRecordException;
import dev.unmask.proto.RecordCodec;
import dev.unmask.sampler.messaging.TopicTail;
import dev.unmask.sampler.schedule.CancelLedger;
import dev.unmask.v1.GenerationControl;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Reads cancels. The topic is read from its beginning, so that a worker that starts also knows the
 * cancels of requests that are still queued.
 */
public final class ControlReader implements TopicTail.Reader {

  private static final Logger LOG = Logger.getLogger(ControlReader.class);

  private final CancelLedger cancels;

  public ControlReader(CancelLedger cancels) {
    this.cancels = cancels;
  }

  @Override
  public void read(ConsumerRecord<@Nullable String, byte @Nullable []> found) {
    byte[] value = found.value();
    if (value == null) {
      return;
    }
    GenerationControl control;
    try {
      control =
          RecordCodec.decode(
                  value,
                  RecordCodec.isJson(RequestReader.header(found, Headers.CONTENT_TYPE)),
                  GenerationControl.newBuilder())
              .build();
    } catch (MalformedRecordException e) {
      LOG.warnf("event=control-ignored offset=%d reason=\"%s\"", found.offset(), e.getMessage());
      return;
    }
    String requestId = control.getRequestId().isBlank() ? found.key() : control.getRequestId();
    if (requestId == null
        || !control.hasCancel()
        || control.getMinReader() > RecordCodec.READER_VERSION) {
      LOG.warnf("event=control-ignored offset=%d reason=\"nothing to act on\"", found.offset());
      return;
    }
    int told =
        cancels.cancel(
            requestId,
            control.getCancel().getTenant(),
            control.getCancel().getReason(),
            control.getCancel().getRememberUntilMs());
    LOG.infof("request=%s event=cancel runs=%d", requestId, told);
  }
}
