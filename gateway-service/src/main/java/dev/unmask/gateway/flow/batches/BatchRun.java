package dev.unmask.gateway.flow.batches;

import dev.unmask.gateway.flow.JobMaker;
import dev.unmask.gateway.flow.Refusal;
import dev.unmask.gateway.flow.RefusedException;
import dev.unmask.gateway.flow.access.Principal;
import dev.unmask.v1.BatchError;
import dev.unmask.v1.BatchRecord;
import dev.unmask.v1.ErrorCode;
import dev.unmask.v1.GenerateRequest;
import dev.unmask.v1.GenerateResponse;
import dev.unmask.v1.GenerationEvent;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A batch under way: which lines are still to be sent, which are out, and what came back. Request
 * ids follow from the batch's id and the line, so answers that were there before this run began
 * count, too; that is how a batch survives its gateway. The keeper's thread.
 */
public final class BatchRun {

  /** Requests of one batch that are out at the same time: what a restart may run twice. */
  private static final int WINDOW = 32;

  private static final int MOST_LINES = 10_000;
  private static final int MOST_ERRORS = 20;

  /** A request that waits for its answers. */
  private static final class Pending {
    final BatchLines.Line line;
    final @Nullable GenerateResponse[] answers;
    int missing;

    Pending(BatchLines.Line line) {
      this.line = line;
      this.answers = new @Nullable GenerateResponse[line.requests().size()];
      this.missing = answers.length;
    }
  }

  /** What the batch has written so far. */
  public interface Output {

    /** A line for the output file, or for the error file. */
    void write(String line, boolean error);
  }

  private final BatchRecord record;
  private final Principal owner;
  private final BatchLines format;
  private final JobMaker jobs;
  private final Output output;
  private final List<Pending> lines = new ArrayList<>();

  /** Where the answer with a request id belongs. */
  private record Place(int line, int answer) {}

  private final Map<String, Place> open = new HashMap<>();
  private final Set<String> sent = new HashSet<>();
  private int nextLine;
  private int completed;
  private int failed;

  public BatchRun(BatchRecord record, BatchLines format, JobMaker jobs, Output output) {
    this.record = record;
    this.owner = Principal.onBehalfOf(Principal.ownerOf(record.getTenant()));
    this.format = format;
    this.jobs = jobs;
    this.output = output;
  }

  /** Takes all lines of the input; returns what is wrong with them, and then nothing is run. */
  public List<BatchError> read(Iterable<String> input) {
    List<BatchError> errors = new ArrayList<>();
    Set<String> ids = new HashSet<>();
    long number = 0;
    for (String text : input) {
      number++;
      if (text.isBlank()) {
        continue;
      }
      try {
        BatchLines.Line line = format.read(text, record.getEndpoint());
        if (!ids.add(line.customId())) {
          throw new RefusedException(
              Refusal.invalid(
                  "custom_id", "custom_id \"" + line.customId() + "\" was used before."));
        }
        lines.add(new Pending(line));
      } catch (RefusedException e) {
        errors.add(error(number, e.refusal()));
      }
      if (lines.size() > MOST_LINES || errors.size() >= MOST_ERRORS) {
        break;
      }
    }
    if (lines.size() > MOST_LINES) {
      errors.add(error(0, Refusal.invalid("", "The file has more than 10000 requests.")));
    } else if (lines.isEmpty() && errors.isEmpty()) {
      errors.add(error(0, Refusal.invalid("", "The file holds no request.")));
    }
    for (int i = 0; i < lines.size(); i++) {
      for (int j = 0; j < lines.get(i).answers.length; j++) {
        open.put(requestId(i, j), new Place(i, j));
      }
    }
    return errors;
  }

  private static BatchError error(long line, Refusal refusal) {
    String field = refusal.field();
    return BatchError.newBuilder()
        .setLine(line)
        .setParam(field == null ? "" : field)
        .setMessage(refusal.message())
        .build();
  }

  private String requestId(int line, int answer) {
    return record.getId() + "-" + line + "-" + answer;
  }

  /** Jobs to send now, as many as may be out. */
  public List<JobMaker.Made> next() {
    List<JobMaker.Made> made = new ArrayList<>();
    while (nextLine < lines.size() && sent.size() < WINDOW) {
      int line = nextLine++;
      Pending pending = lines.get(line);
      for (int i = 0; i < pending.answers.length && pending.missing > 0; i++) {
        String id = requestId(line, i);
        if (!open.containsKey(id) || sent.contains(id)) {
          continue;
        }
        try {
          GenerateRequest request = pending.line.requests().get(i);
          made.add(jobs.make(owner, id, request, record.getExpiresAtMs()));
          sent.add(id);
        } catch (RefusedException e) {
          if (e.refusal().retryAfter() != null) {
            // The tenant's quota is used up: this line and those behind it wait.
            nextLine = line;
            return made;
          }
          fail(new Place(line, i), e.refusal());
        }
      }
    }
    return made;
  }

  /** A job did not reach the broker; it is made again. */
  public void unsent(String requestId) {
    Place place = open.get(requestId);
    if (place != null && sent.remove(requestId)) {
      nextLine = Math.min(nextLine, place.line());
    }
  }

  /** The terminal event of a request, of this batch or not; later ones of the same do not count. */
  public void onResult(String requestId, GenerationEvent event) {
    Place place = open.remove(requestId);
    if (place == null) {
      return;
    }
    sent.remove(requestId);
    Pending pending = lines.get(place.line());
    if (pending.missing == 0) {
      return;
    }
    if (!event.hasFinal()) {
      fail(place, Refusal.from(event.getFailed()));
      return;
    }
    pending.answers[place.answer()] = event.getFinal();
    if (--pending.missing == 0) {
      List<GenerateResponse> answers = new ArrayList<>();
      for (GenerateResponse answer : pending.answers) {
        if (answer != null) {
          answers.add(answer);
        }
      }
      completed++;
      output.write(
          format.answered(pending.line, record.getEndpoint(), requestId(place.line(), 0), answers),
          false);
    }
  }

  /** Nothing more is sent or waited for; what has no answer gets this reason. */
  public void giveUp(String reason) {
    nextLine = lines.size();
    Refusal refusal = Refusal.of(ErrorCode.ERROR_CODE_CANCELLED, reason);
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).missing > 0) {
        fail(new Place(i, 0), refusal);
      }
    }
  }

  private void fail(Place place, Refusal refusal) {
    Pending pending = lines.get(place.line());
    if (pending.missing == 0) {
      return;
    }
    pending.missing = 0;
    failed++;
    for (int i = 0; i < pending.answers.length; i++) {
      String id = requestId(place.line(), i);
      open.remove(id);
      sent.remove(id);
    }
    output.write(format.failed(pending.line, requestId(place.line(), 0), refusal), true);
  }

  /** Requests that are out: a batch that is given up tells the samplers. */
  public List<String> out() {
    return List.copyOf(sent);
  }

  public boolean finished() {
    return completed + failed == lines.size();
  }

  /** The batch's numbers as they are now. */
  public BatchRecord.Builder progress() {
    return record.toBuilder().setTotal(lines.size()).setCompleted(completed).setFailed(failed);
  }

  /** What the record said when the run began. */
  public BatchRecord record() {
    return record;
  }
}
