// Gaps anywhere in a text, filled from both sides.
import { el, fill, field, announce, count, duration, digest } from './dom.js';
import { post } from './api.js';
import { confidenceKey } from './canvas.js';
import { Settings } from './settings.js';

const GAP = /\[\[(\d+)\]\]/g;
const EXAMPLES = [
  'The capital of France[[1]] Paris.',
  'The capital of Italy[[1]] Rome.',
  'The sky[[1]] blue.',
];

export class Infill {
  constructor(root) {
    this.settings = new Settings();
    this.settings.length.closest('.field').hidden = true;
    this.text = el('textarea', { rows: 6, spellcheck: 'true' });
    this.text.value = EXAMPLES[0];
    this.size = el('input', { type: 'number', min: 1, max: 256, value: 1 });
    this.result = el('div', { class: 'infilled', 'aria-live': 'polite' });
    const mask = el('button', { type: 'button', onclick: () => this.mask() }, 'Mask the selection');
    this.go = el('button', { type: 'submit', class: 'primary' }, 'Fill the gaps');
    const form = el('form', { onsubmit: (e) => { e.preventDefault(); this.run(); } },
      field('Text', this.text, 'Select words and mask them, or type [[3]] for a gap of three tokens. A token brings the space before it.'),
      el('div', { class: 'row' }, mask, field('Tokens of a new gap', this.size), this.go),
      el('p', { class: 'ideas' }, EXAMPLES.map((t) => el('button', { type: 'button', class: 'idea', onclick: () => { this.text.value = t; this.run(); } }, t))),
      this.result);
    const aside = el('aside', { class: 'panel', 'aria-label': 'Settings' }, this.settings.node, confidenceKey());
    fill(root, el('div', { class: 'columns' }, el('div', { class: 'wide' }, form), aside));
  }

  async shown() {
    try {
      await this.settings.refresh();
    } catch (e) {
      this.fail(e);
    }
  }

  use(model) {
    this.settings.refresh().then(() => this.settings.choose(model), (e) => this.fail(e));
  }

  /**
   * Puts a gap where the selection is, as long as what was there. A token brings the space before it,
   * so that space becomes a part of the gap; the one behind belongs to the next word.
   */
  async mask() {
    let { selectionStart: from, selectionEnd: to } = this.text;
    const { value } = this.text;
    while (to > from && value[to - 1] === ' ') to--;
    if (value[from] !== ' ' && value[from - 1] === ' ') from--;
    const chosen = value.slice(from, to);
    const tokens = chosen.trim() ? await this.tokens(chosen) : Number(this.size.value) || 1;
    if (this.text.value !== value) return;
    this.text.setRangeText(`[[${tokens}]]`, from, to, 'end');
    this.text.focus();
    announce(`A gap of ${count(tokens, 'token')}`);
  }

  /** How many tokens a piece of text is; about four characters are one where nobody says. */
  async tokens(text) {
    try {
      return (await post('/tokenize', { model: this.settings.model.value, text })).count;
    } catch {
      return Math.max(1, Math.round(text.trim().length / 4));
    }
  }

  async run() {
    const text = this.text.value;
    if (!text.match(GAP)) {
      fill(this.result, el('p', { class: 'notice', role: 'alert' }, 'There is no gap yet: select some words and mask them.'));
      return;
    }
    this.go.disabled = true;
    fill(this.result, el('p', { class: 'text waiting' }, parts(text).map((p) => (p.gap ? el('span', { class: 'slot masked wide-gap' }, ' '.repeat(p.gap)) : p.text))));
    try {
      const { model, temperature, seed, diffusion } = this.settings.request();
      const { gen_length: ignored, steps: alsoIgnored, ...rest } = diffusion;
      const answer = await post('/v1/infill', { model, text, temperature, seed, diffusion: rest });
      this.show(text, answer);
    } catch (e) {
      this.fail(e);
    } finally {
      this.go.disabled = false;
    }
  }

  show(text, answer) {
    const gaps = answer.gaps || [];
    let next = 0;
    const line = parts(text).map((p) => {
      if (!p.gap) return p.text;
      return el('mark', { class: 'fill' }, gaps[next++]?.text ?? '');
    });
    const details = answer.unmask || {};
    fill(this.result,
      el('p', { class: 'text' }, gaps.length ? line : answer.text ?? ''),
      el('p', { class: 'facts' }, `${count(details.denoising_steps ?? 0, 'step')} · ${duration(details.timing?.inference_ms)} · weights `, digest(details.model_digest)));
    announce(answer.text ?? '');
  }

  fail(e) {
    fill(this.result, el('p', { class: 'notice', role: 'alert' }, e.message));
  }
}

/** The text between gaps, and the gaps. */
function parts(text) {
  const all = [];
  let end = 0;
  for (const match of text.matchAll(GAP)) {
    if (match.index > end) all.push({ text: text.slice(end, match.index) });
    all.push({ gap: Number(match[1]) });
    end = match.index + match[0].length;
  }
  if (end < text.length) all.push({ text: text.slice(end) });
  return all;
}
