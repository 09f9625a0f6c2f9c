package dev.unmask.gateway.api.grpc;

import dev.unmask.gateway.flow.CallContext;
import dev.unmask.gateway.flow.finetuning.FineTuneJobs;
import dev.unmask.v1.FineTuneEvent;
import io.grpc.stub.ServerCallStreamObserver;

/**
 * One caller that follows a job. Events stay in the fold until the caller reads them, so a slow
 * reader holds back nobody and buffers nothing. The call's context.
 */
final class JobWatch {

  private final FineTuneJobs jobs;
  private final String id;
  private final CallContext context;
  private final ServerCallStreamObserver<FineTuneEvent> observer;
  private final Runnable changed = this::wake;
  private long lastSeq;
  private boolean ended;

  /**
   * @param afterSeq the last event the caller has; 0 asks for all of them
   */
  JobWatch(
      FineTuneJobs jobs,
      String id,
      long afterSeq,
      CallContext context,
      ServerCallStreamObserver<FineTuneEvent> observer) {
    this.jobs = jobs;
    this.id = id;
    this.lastSeq = afterSeq == 0 ? -1 : afterSeq;
    this.context = context;
    this.observer = observer;
  }

  void start() {
    observer.setOnCancelHandler(this::stop);
    observer.setOnReadyHandler(this::write);
    jobs.watch(id, changed);
    write();
  }

  private void wake() {
    context.execute(this::write);
  }

  private void stop() {
    ended = true;
    jobs.unwatch(id, changed);
  }

  private void write() {
    while (!ended && observer.isReady()) {
      switch (jobs.next(id, lastSeq)) {
        case FineTuneJobs.Next.Event next -> {
          lastSeq = next.event().getSeq();
          observer.onNext(next.event());
        }
        case FineTuneJobs.Next.NotYet notYet -> {
          return;
        }
        case FineTuneJobs.Next.Ended end -> {
          stop();
          observer.onCompleted();
        }
      }
    }
  }
}
