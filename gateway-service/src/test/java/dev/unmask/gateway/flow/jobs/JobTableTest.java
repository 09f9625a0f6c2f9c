package dev.unmask.gateway.flow.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.unmask.v1.CommittedText;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.EventDetail;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import dev.unmask.v1.GenerationFailed;
import dev.unmask.v1.GenerationJob;
import dev.unmask.v1.GenerationStarted;
import dev.unmask.v1.Job;
import dev.unmask.v1.JobAsked;
import dev.unmask.v1.JobRecord;
import dev.unmask.v1.JobState;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class JobTableTest {

  private static final Instant NOW = Instant.parse("2026-12-01T12:00:00Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final JobPlace PLACE = new JobPlace("t", 0, 7);
  private static final long AT = NOW.toEpochMilli();

  private final JobTable table = new JobTable(CLOCK, 1 << 20);

  private static JobRecord asked(String id, long token) {
    return JobRecord.newBuilder()
        .setJobId(id)
        .setAtMs(AT)
        .setAsked(
            JobAsked.newBuilder()
                .setTenant("me")
                .setToken(token)
                .setFingerprint(ByteString.copyFromUtf8("f"))
                .setJob(
                    GenerationJob.newBuilder()
                        .setEvents(EventDetail.EVENT_DETAIL_BLOCK)
                        .setRequest(GenerateRequest.newBuilder().setModel("m").setPrompt("p"))))
        .build();
  }

  private static GenerationEvent.Builder event(int attempt) {
    return GenerationEvent.newBuilder().setAttempt(attempt).setWorker("w" + attempt);
  }

  private static GenerationEvent started(int attempt) {
    return event(attempt).setStarted(GenerationStarted.getDefaultInstance()).build();
  }

  private static GenerationEvent text(int attempt, String delta) {
    return event(attempt).setText(CommittedText.newBuilder().setDelta(delta)).build();
  }

  private static GenerationEvent answer(int attempt, String text) {
    return event(attempt).setFinal(GenerateResponse.newBuilder().setText(text)).build();
  }

  private void happen(String id, GenerationEvent... events) {
    for (GenerationEvent event : events) {
      table.event(id, event, AT, PLACE);
    }
  }

  private static List<String> told(JobTable table, String id, long after) {
    List<String> all = new ArrayList<>();
    long seq = after;
    while (table.next(id, seq) instanceof JobTable.Next.Event next) {
      GenerationEvent e = next.event();
      seq = e.getSeq();
      all.add(
          seq
              + (e.hasStarted()
                  ? " started"
                  : e.hasText()
                      ? " " + e.getText().getDelta()
                      : e.hasFinal()
                          ? " = " + e.getFinal().getText()
                          : " " + e.getFailed().getCode()));
    }
    return all;
  }

  private Job head(String id) {
    return table.head(id).orElseThrow();
  }

  @Test
  void numbersAreThoseOfTheFoldOverAllAttempts() {
    table.apply(asked("job-1", 1), PLACE);
    assertThat(head("job-1").getState()).isEqualTo(JobState.JOB_STATE_QUEUED);
    happen("job-1", started(1), text(1, "Pa"));
    assertThat(head("job-1").getState()).isEqualTo(JobState.JOB_STATE_RUNNING);
    // The worker dies; a second attempt repeats what was shown and goes on.
    happen("job-1", started(2), text(2, "P"), text(2, "a"), text(2, "ris"), answer(2, "Paris"));
    table.result("job-1", answer(2, "Paris"), AT + 5, PLACE);
    assertThat(told(table, "job-1", 0)).containsExactly("1 started", "2 Pa", "3 ris", "4 = Paris");
    assertThat(told(table, "job-1", 2)).containsExactly("3 ris", "4 = Paris");
    assertThat(head("job-1").getState()).isEqualTo(JobState.JOB_STATE_SUCCEEDED);
    assertThat(head("job-1").getAttempt()).isEqualTo(2);
    assertThat(head("job-1").getEndedAtMs()).isEqualTo(AT + 5);
  }

  @Test
  void theOrderInWhichTopicsAreReadChangesNothing() {
    GenerationEvent[] events = {started(1), text(1, "a"), text(1, "b"), answer(1, "ab")};
    JobTable other = new JobTable(CLOCK, 1 << 20);
    for (GenerationEvent event : events) {
      other.event("job-1", event, AT, PLACE);
    }
    other.result("job-1", answer(1, "ab"), AT + 3, PLACE);
    other.apply(asked("job-1", 1), PLACE);
    table.apply(asked("job-1", 1), PLACE);
    table.result("job-1", answer(1, "ab"), AT + 3, PLACE);
    happen("job-1", events);
    assertThat(told(table, "job-1", 0)).isEqualTo(told(other, "job-1", 0)).hasSize(4);
    assertThat(other.head("job-1")).isEqualTo(table.head("job-1"));
  }

  @Test
  void theFirstWordAndTheFirstResultCount() {
    table.apply(asked("job-1", 1), PLACE);
    table.apply(asked("job-1", 2), PLACE);
    assertThat(table.asked("job-1").orElseThrow().getToken()).isEqualTo(1);
    table.result("job-1", answer(1, "one"), AT, PLACE);
    table.result("job-1", answer(2, "two"), AT, PLACE);
    assertThat(table.end("job-1").orElseThrow().getFinal().getText()).isEqualTo("one");
  }

  @Test
  void whatDoesNotFitIsKnownByItsPlace() {
    JobTable small = new JobTable(CLOCK, 10);
    small.apply(asked("job-1", 1), new JobPlace("jobs", 0, 3));
    assertThat(small.full()).as("it has not ended").isTrue();
    small.event("job-1", answer(1, "x"), AT, PLACE);
    small.result("job-1", answer(1, "x"), AT, PLACE);
    assertThat(small.full()).isFalse();
    assertThat(small.end("job-1")).isEmpty();
    assertThat(small.endPlace("job-1")).contains(PLACE);
    assertThat(small.askedPlace("job-1")).contains(new JobPlace("jobs", 0, 3));
    assertThat(small.next("job-1", 0)).isEqualTo(new JobTable.Next.Archived(PLACE, 2));
    assertThat(small.asked("job-1").orElseThrow().getJob().hasRequest()).isFalse();
  }

  @Test
  void aJobWhoseResultIsNoLongerKeptEndsByItsEvents() {
    table.apply(asked("job-1", 1), PLACE);
    GenerationEvent failed =
        event(1)
            .setFailed(GenerationFailed.newBuilder().setCode(ErrorCode.ERROR_CODE_CANCELLED))
            .build();
    table.event("job-1", failed, AT - 24 * 3_600_000, PLACE);
    assertThat(head("job-1").getState()).isEqualTo(JobState.JOB_STATE_CANCELLED);
  }

  @Test
  void aTenantSeesItsOwnJobsNewestFirst() {
    for (int i = 0; i < 5; i++) {
      table.apply(asked("job-" + i, 1).toBuilder().setAtMs(AT + i).build(), PLACE);
    }
    assertThat(table.list("me", "", 2).orElseThrow().items())
        .extracting(Job::getId)
        .containsExactly("job-4", "job-3");
    assertThat(table.list("me", "job-3", 9).orElseThrow().items())
        .extracting(Job::getId)
        .containsExactly("job-2", "job-1", "job-0");
    assertThat(table.list("me", "job-9", 9)).isEmpty();
    assertThat(table.list("you", "", 9).orElseThrow().items()).isEmpty();
  }
}
