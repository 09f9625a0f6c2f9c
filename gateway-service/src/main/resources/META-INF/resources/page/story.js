// What happened on one canvas: every step that was seen, so that any of them can be shown again.

/** One slot as it stands after some step. `step` counts from 0; null while it is masked. */
function masked() {
  return { text: null, confidence: 0, step: null };
}

export class CanvasStory {
  constructor() {
    this.length = 0;
    this.block = 0;
    this.digest = '';
    this.seed = null;
    this.promptTokens = 0;
    /** @type {{block: number, commits: {slot: number, text: string, confidence: number}[]}[]} */
    this.steps = [];
    this.given = new Map();
  }

  /** Takes a `canvas` event. Numbers that are 0 may be left out of it. */
  take(frame) {
    if (frame.started) {
      this.length = Number(frame.started.canvas_length || 0);
      this.block = Number(frame.started.block_length || this.length);
      this.digest = frame.started.model_digest || '';
      this.seed = frame.started.seed ?? null;
      this.promptTokens = Number(frame.started.prompt_tokens || 0);
    } else if (frame.restarted) {
      // A second attempt took another path.
      this.steps = [];
    } else if (frame.step) {
      this.add(frame.step.block, frame.step.commits || []);
    }
  }

  add(block, commits) {
    const step = {
      block: Number(block || 0),
      commits: commits.map((c) => ({
        slot: Number(c.slot || 0),
        text: c.text ?? '',
        confidence: Number(c.confidence ?? 0),
      })),
    };
    for (const c of step.commits) this.length = Math.max(this.length, c.slot + 1);
    this.steps.push(step);
  }

  /** The slots after `count` steps. */
  after(count) {
    const slots = Array.from({ length: this.length }, masked);
    for (const [slot, text] of this.given) {
      if (slot < slots.length) slots[slot] = { text, confidence: 1, step: -1 };
    }
    for (let i = 0; i < Math.min(count, this.steps.length); i++) {
      for (const c of this.steps[i].commits) {
        slots[c.slot] = { text: c.text, confidence: c.confidence, step: i };
      }
    }
    return slots;
  }

  committed(count) {
    return this.steps.slice(0, count).reduce((sum, s) => sum + s.commits.length, 0);
  }

  /** A story told by a list of steps with slots and tokens, as fine-tuning events have it. */
  static ofTrace(trace) {
    const story = new CanvasStory();
    for (const step of trace || []) {
      const tokens = step.tokens || [];
      story.add(0, (step.slots || []).map((slot, i) => ({ slot, text: tokens[i] ?? '', confidence: 1 })));
    }
    story.block = story.length;
    return story;
  }
}

/** Tokens that are not text: the end of an answer or of a turn. */
export function isControl(text) {
  return /^<[|｜].*[|｜]>$/.test(text) || /^<\/?s>$/.test(text);
}
