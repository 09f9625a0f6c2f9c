package dev.unmask.gateway.api.http;

import dev.unmask.gateway.api.StreamMetrics;
import dev.unmask.gateway.flow.AnswerCalls;
import dev.unmask.gateway.flow.PacedSink;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Answers as server-sent events while they come. The status is sent with the first event, so that a
 * request which fails before it still gets a status of its own; a later failure is an event {@code
 * data: {"error": …}} without {@code [DONE]} behind it. The request's context.
 */
final class StreamedAnswer {

  private final Exchange exchange;
  private final EventStream stream;
  private final AnswerCalls calls;
  private final AskedAnswer asked;
  private final AnswerForm form;
  private final StreamMetrics.Frames metrics;
  private final List<PacedSink> sinks = new ArrayList<>();
  private final List<Choice> choices = new ArrayList<>();
  private @Nullable AnswerJson json;
  private boolean ended;

  StreamedAnswer(
      Exchange exchange,
      AnswerCalls calls,
      AskedAnswer asked,
      AnswerForm form,
      StreamMetrics.Frames metrics) {
    this.exchange = exchange;
    this.stream = new EventStream(exchange.response());
    this.calls = calls;
    this.asked = asked;
    this.form = form;
    this.metrics = metrics;
    exchange.response().drainHandler(drained -> sinks.forEach(PacedSink::onReady));
  }

  /** The sink of answer {@code index}; asked for in order. */
  PacedSink sink(int index) {
    Choice choice = new Choice(index);
    PacedSink sink = new PacedSink(choice, exchange.context(), asked.frameInterval());
    choices.add(choice);
    sinks.add(sink);
    return sink;
  }

  private AnswerJson json() {
    AnswerJson now = json;
    if (now == null) {
      now = Completions.json(calls, form);
      json = now;
    }
    return now;
  }

  private void finishIfWhole() {
    List<GenerateResponse> answers = new ArrayList<>();
    for (Choice choice : choices) {
      GenerateResponse answer = choice.answer;
      if (answer == null) {
        return;
      }
      answers.add(answer);
    }
    ended = true;
    if (asked.includeUsage()) {
      stream.data(json().usageChunk(answers));
    }
    stream.done();
  }

  private void fail(Refusal refusal) {
    if (ended) {
      return;
    }
    ended = true;
    calls.cancel("another answer to the same request failed");
    if (stream.begun()) {
      stream.data(Problem.of(refusal).json());
      stream.end();
    } else {
      exchange.refuse(refusal);
    }
  }

  /** One answer of the stream. */
  private final class Choice implements PacedSink.Transport {

    private final int index;
    private boolean opened;
    private @Nullable GenerateResponse answer;

    Choice(int index) {
      this.index = index;
    }

    @Override
    public boolean isReady() {
      return stream.isReady();
    }

    @Override
    public void frame(GenerationEvent event) {
      if (ended) {
        return;
      }
      metrics.written();
      switch (event.getEventCase()) {
        case STARTED, STEP, RESTARTED -> {
          open();
          if (asked.detail() == EventDetail.EVENT_DETAIL_STEP) {
            stream.event("canvas", AnswerJson.canvas(index, event));
          }
        }
        case TEXT -> {
          open();
          if (form != AnswerForm.CALL) {
            stream.data(json().delta(index, event.getText().getDelta()));
          }
        }
        case FINAL, FAILED, SCORED, EVENT_NOT_SET -> {}
      }
    }

    @Override
    public void answer(GenerationEvent event) {
      if (ended) {
        return;
      }
      open();
      GenerateResponse last = event.getFinal();
      answer = last;
      if (form == AnswerForm.CALL) {
        stream.data(json().called(index, last));
      } else if (asked.detail() == EventDetail.EVENT_DETAIL_FINAL && !last.getText().isEmpty()) {
        stream.data(json().delta(index, last.getText()));
      }
      stream.data(json().closing(index, last));
      finishIfWhole();
    }

    @Override
    public void refused(Refusal refusal) {
      fail(refusal);
    }

    @Override
    public void melted() {
      metrics.merged();
    }

    private void open() {
      if (!opened) {
        opened = true;
        if (form.isChat()) {
          stream.data(json().opening(index));
        }
      }
    }
  }
}
