package dev.unmask.sft.dataset;

import dev.unmask.sft.dataset.DatasetRow.Dialogue;
import dev.unmask.sft.dataset.DatasetRow.Preference;
import dev.unmask.sft.dataset.DatasetRow.Reason;
import dev.unmask.sft.dataset.DatasetRow.Rejected;
import dev.unmask.sft.dataset.DatasetRow.Usable;
import dev.unmask.sft.recipe.TrainingSample;
import dev.unmask.text.ChatMessage;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Counts while a dataset is read. One thread. */
final class FactsSoFar {

  private static final int FIRST_REJECTIONS = 5;
  private static final int QUESTIONS = 4;

  /** Questions to choose from; beyond that every second is dropped, then every fourth kept. */
  private static final int CANDIDATES = 1024;

  /** Rows after which a dataset without any that can be used is given up. */
  private static final long PATIENCE = 10_000;

  private final Map<Reason, Long> reasons = new EnumMap<>(Reason.class);
  private final List<String> first = new ArrayList<>();
  private List<String> questions = new ArrayList<>();
  private long stride = 1;
  private long used;
  private long rejected;
  private long shortened;
  private long samples;
  private long tokens;
  private long answerTokens;

  void rejected(Rejected row) {
    rejected++;
    reasons.merge(row.reason(), 1L, Long::sum);
    String told = row.file() + ":" + row.line() + ": " + row.sentence();
    if (first.size() < FIRST_REJECTIONS) {
      first.add(told);
    } else if (row.reason() == Reason.FILE_DAMAGED) {
      first.set(FIRST_REJECTIONS - 1, told);
    }
  }

  void used(Usable row, boolean cut) {
    String question = used % stride == 0 ? question(row) : null;
    if (question != null) {
      ask(question);
    }
    used++;
    shortened += cut ? 1 : 0;
  }

  private void ask(String question) {
    questions.add(question);
    if (questions.size() > CANDIDATES) {
      List<String> half = new ArrayList<>();
      for (int i = 0; i < questions.size(); i += 2) {
        half.add(questions.get(i));
      }
      questions = half;
      stride *= 2;
    }
  }

  void sample(TrainingSample sample) {
    samples++;
    tokens += sample.length();
    answerTokens += sample.answerLength();
  }

  boolean isHopeless() {
    return used == 0 && rejected >= PATIENCE;
  }

  DatasetFacts facts(DatasetSource source, @Nullable DatasetFormat format, long bytes) {
    Map<String, Long> byName = new TreeMap<>();
    reasons.forEach((reason, n) -> byName.put(reason.name(), n));
    return new DatasetFacts(
        source.name(),
        source.uri(),
        format == null ? null : format.title(),
        used,
        rejected,
        shortened,
        byName,
        first,
        samples,
        tokens,
        answerTokens,
        bytes,
        spread(questions),
        isHopeless());
  }

  private static @Nullable String question(Usable row) {
    List<ChatMessage> messages =
        switch (row) {
          case Dialogue dialogue -> dialogue.messages();
          case Preference preference -> preference.prompt();
          case DatasetRow.Text text -> List.of();
        };
    return messages.stream()
        .filter(m -> m.role().equals(Turns.USER))
        .map(ChatMessage::content)
        .findFirst()
        .orElse(null);
  }

  private static List<String> spread(List<String> all) {
    List<String> distinct = all.stream().distinct().toList();
    List<String> some = new ArrayList<>();
    int count = Math.min(QUESTIONS, distinct.size());
    for (int i = 0; i < count; i++) {
      some.add(distinct.get((int) ((long) i * distinct.size() / count)));
    }
    return some;
  }
}
