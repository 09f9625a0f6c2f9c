// Every published version, who serves it, and a way to talk to it.
import { el, fill, digest, when, number } from './dom.js';
import { models } from './api.js';

export class Models {
  /** @param {(model: string) => void} talk opens a dialogue with a model */
  constructor(root, talk) {
    this.talk = talk;
    this.body = el('tbody');
    this.said = el('p', { class: 'hint', role: 'status' });
    fill(root, el('h2', {}, 'Models'), this.said,
      el('div', { class: 'scroll' }, el('table', {},
        el('thead', {}, el('tr', {}, ['Name', 'Weights', 'Kind', 'Parameters', 'Published', 'Served by', ''].map((t) => el('th', { scope: 'col' }, t)))),
        this.body)));
  }

  async shown() {
    try {
      const all = await models();
      fill(this.body, all.map((m) => this.row(m)));
      this.said.textContent = all.length ? 'A name follows its alias; a digest stays.' : 'No model is published yet.';
    } catch (e) {
      this.said.textContent = e.message;
    }
  }

  row(m) {
    const v = m.unmask || {};
    const live = v.live_workers || [];
    const serving = v.serving_workers || [];
    const failures = v.failures || [];
    return el('tr', {},
      el('th', { scope: 'row' }, m.id, failures.length ? el('p', { class: 'notice small' }, failures.join('; ')) : null),
      el('td', {}, digest(v.digest)),
      el('td', {}, v.kind || '–'),
      el('td', {}, Number(v.parameters) ? `${number(Number(v.parameters) / 1e6)} M` : '–'),
      el('td', {}, when(m.created)),
      el('td', {}, el('span', { title: serving.join(', ') }, `${serving.length} of ${live.length}`)),
      el('td', {}, el('button', { type: 'button', class: 'quiet', onclick: () => this.talk(m.id) }, 'Talk to it')));
  }
}
