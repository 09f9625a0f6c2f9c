// The controls of generation that chat and infill share.
import { el, field, fill, count, digest } from './dom.js';
import { models } from './api.js';

/** Stops of the dial, from fast to careful. */
const DIAL = [
  { name: 'Fastest', hint: 'every slot at confidence 0.7 at once, dual cache', diffusion: { confidence_threshold: 0.7, cache: 'dual' } },
  { name: 'Fast', hint: 'every slot at confidence 0.9 at once, dual cache', diffusion: { preset: 'fast' } },
  { name: 'Balanced', hint: 'every slot at confidence 0.9 at once, no cache', diffusion: { preset: 'balanced' } },
  { name: 'Careful', hint: 'two slots a step', diffusion: { share: 2 } },
  { name: 'Reference', hint: 'one slot a step, as in the paper', diffusion: { preset: 'quality' } },
];

export class Settings {
  constructor() {
    this.model = el('select', { onchange: () => this.picked() });
    this.weights = el('output', { class: 'hint weights' });
    this.all = [];
    this.dial = el('input', { type: 'range', min: 0, max: DIAL.length - 1, step: 1, value: 3, oninput: () => this.turned() });
    this.dialName = el('output', { class: 'hint' });
    this.length = el('select', {}, [32, 64, 128, 256].map((n) => el('option', { value: n, selected: n === 64 }, `${n} slots`)));
    this.temperature = el('input', { type: 'number', min: 0, max: 4, step: 0.1, value: 0 });
    this.seed = el('input', { type: 'number', min: 0, step: 1, placeholder: 'new each time' });
    this.dialField = field('Speed or quality', this.dial);
    this.dialField.append(this.dialName);
    const modelField = field('Model', this.model);
    modelField.append(this.weights);
    this.node = el('form', { class: 'settings', onsubmit: (e) => e.preventDefault() },
      modelField,
      this.dialField,
      field('Canvas', this.length),
      field('Temperature', this.temperature),
      field('Seed', this.seed));
    this.turned();
  }

  turned() {
    const stop = DIAL[Number(this.dial.value)];
    this.dialName.textContent = `${stop.name}: ${stop.hint}`;
    this.dial.setAttribute('aria-valuetext', stop.name);
  }

  /** Fills the list of models; keeps what was chosen. */
  async refresh() {
    const all = await models();
    // Read now: somebody may have chosen meanwhile.
    const chosen = this.model.value;
    this.all = all;
    fill(this.model, all.map((m) => el('option', { value: m.id }, m.id)));
    const first = all.find((m) => !m.id.startsWith('ft:'));
    if (all.some((m) => m.id === chosen)) this.model.value = chosen;
    else if (first) this.model.value = first.id;
    this.picked();
    return all;
  }

  choose(id) {
    this.model.value = id;
    this.picked();
  }

  /** Which weights the chosen name stands for now, and who serves them. */
  picked() {
    const v = this.all.find((m) => m.id === this.model.value)?.unmask;
    if (!v) {
      fill(this.weights);
      return;
    }
    const serving = (v.serving_workers || []).length;
    fill(this.weights, 'weights ', digest(v.digest), ` · ${v.kind || 'full'} · on ${count(serving, 'sampler')}`);
  }

  /** The request's part that these controls decide. */
  request() {
    const length = Number(this.length.value);
    const { share, ...diffusion } = DIAL[Number(this.dial.value)].diffusion;
    if (share) diffusion.steps = length / share;
    const request = { model: this.model.value, diffusion: { ...diffusion, gen_length: length } };
    if (Number(this.temperature.value) > 0) request.temperature = Number(this.temperature.value);
    if (this.seed.value !== '') request.seed = Number(this.seed.value);
    return request;
  }
}
