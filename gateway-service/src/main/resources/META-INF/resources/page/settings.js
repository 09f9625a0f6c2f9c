// The controls of generation that chat and infill share.
import { el, field, fill } from './dom.js';
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
    this.model = el('select', { 'aria-label': 'Model' });
    this.dial = el('input', { type: 'range', min: 0, max: DIAL.length - 1, step: 1, value: 3, oninput: () => this.turned() });
    this.dialName = el('output', { class: 'hint' });
    this.length = el('select', {}, [32, 64, 128, 256].map((n) => el('option', { value: n, selected: n === 64 }, `${n} slots`)));
    this.temperature = el('input', { type: 'number', min: 0, max: 4, step: 0.1, value: 0 });
    this.seed = el('input', { type: 'number', min: 0, step: 1, placeholder: 'new each time' });
    this.dialField = field('Speed or quality', this.dial);
    this.dialField.append(this.dialName);
    this.node = el('form', { class: 'settings', onsubmit: (e) => e.preventDefault() },
      field('Model', this.model),
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
    const chosen = this.model.value;
    const all = await models();
    fill(this.model, all.map((m) => el('option', { value: m.id }, m.id)));
    if (all.some((m) => m.id === chosen)) this.model.value = chosen;
    return all;
  }

  choose(id) {
    this.model.value = id;
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
