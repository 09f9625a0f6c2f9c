// What the cluster is doing now, from the gateway's metrics and the list of models.
import { el, fill, number, duration } from './dom.js';
import { getText, models } from './api.js';

const REFRESH = 2000;

export class Cluster {
  constructor(root) {
    this.tiles = el('div', { class: 'tiles' });
    this.workers = el('ul', { class: 'workers' });
    this.said = el('p', { class: 'hint', role: 'status' });
    fill(root, el('h2', {}, 'Cluster'), this.said, this.tiles, el('h3', {}, 'Samplers'), this.workers);
    this.root = root;
  }

  shown() {
    this.refresh();
  }

  hidden() {
    clearTimeout(this.timer);
  }

  async refresh() {
    clearTimeout(this.timer);
    try {
      const [text, all] = await Promise.all([getText('/q/metrics'), models()]);
      this.draw(parse(text), all);
      this.said.textContent = '';
    } catch (e) {
      this.said.textContent = e.message;
    }
    if (!this.root.hidden) this.timer = setTimeout(() => this.refresh(), REFRESH);
  }

  draw(metrics, all) {
    const now = performance.now();
    const tokens = metrics.sum('unmask_generation_tokens_total');
    const answers = metrics.sum('unmask_request_success_total');
    const rate = (value, key) => {
      const before = this.before?.[key];
      return before === undefined ? NaN : (1000 * (value - before)) / (now - this.before.at);
    };
    const tiles = [
      ['Waiting', number(metrics.sum('unmask_num_requests_waiting'), 0), 'requests without a sampler'],
      ['Running', number(metrics.sum('unmask_num_requests_running'), 0), 'requests on a canvas'],
      ['Tokens a second', number(rate(tokens, 'tokens')), 'over the last two seconds'],
      ['Answers a second', number(rate(answers, 'answers')), 'over the last two seconds'],
      ['Answers', number(answers, 0), 'since the gateway started'],
      ['Refused or failed', number(metrics.sum('unmask_request_failure_total') + metrics.sum('unmask_admission_rejections_total'), 0), 'since the gateway started'],
      ['Latency, mean', duration(1000 * metrics.mean('unmask_e2e_request_latency_seconds')), 'from call to answer'],
      ['Queue, mean', duration(1000 * metrics.mean('unmask_request_queue_time_seconds')), 'from call to first step'],
    ];
    this.before = { at: now, tokens, answers };
    fill(this.tiles, tiles.map(([name, value, hint]) => el('div', { class: 'tile' }, el('p', { class: 'value' }, value), el('p', { class: 'name' }, name), el('p', { class: 'hint' }, hint))));
    const workers = new Map();
    for (const m of all) {
      for (const w of m.unmask?.live_workers || []) if (!workers.has(w)) workers.set(w, []);
      for (const w of m.unmask?.serving_workers || []) workers.set(w, [...(workers.get(w) || []), m.id]);
    }
    fill(this.workers, workers.size ? [...workers].map(([name, serves]) => el('li', {}, el('strong', {}, name), ' serves ', serves.length ? serves.join(', ') : 'nothing yet')) : el('li', { class: 'empty' }, 'No sampler is alive.'));
  }
}

/** Prometheus's text format, as far as this page needs it. */
function parse(text) {
  const samples = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{.*\})? ([-+\w.]+)/.exec(line);
    if (match) samples.push([match[1], Number(match[2])]);
  }
  const sum = (name) => samples.filter((s) => s[0] === name && Number.isFinite(s[1])).reduce((a, s) => a + s[1], 0);
  return { sum, mean: (name) => (sum(`${name}_count`) ? sum(`${name}_sum`) / sum(`${name}_count`) : NaN) };
}
