// What the cluster is doing now, from the gateway's metrics and the list of models.
import { el, fill, number, duration, digest, count } from './dom.js';
import { getText, models } from './api.js';
import { sparkline } from './chart.js';

const REFRESH = 2000;
/** Looks that lines show: two minutes. */
const LOOKS = 60;

export class Cluster {
  constructor(root) {
    this.tiles = el('div', { class: 'tiles' });
    this.workers = el('div', { class: 'workers' });
    this.queues = el('tbody');
    this.past = { waiting: [], running: [], tokens: [], answers: [] };
    this.said = el('p', { class: 'hint', role: 'status' });
    fill(root, el('h2', {}, 'Cluster'), this.said, this.tiles, el('h3', {}, 'Samplers'), this.workers,
      el('h3', {}, 'Queues in Kafka'),
      el('div', { class: 'scroll' }, el('table', {},
        el('thead', {}, el('tr', {}, ['Topic', 'Requests that have not ended'].map((t) => el('th', { scope: 'col' }, t)))), this.queues)));
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
      return before === undefined || now <= this.before.at ? NaN : (1000 * (value - before)) / (now - this.before.at);
    };
    const remember = (key, value) => {
      this.past[key] = [...this.past[key], value].slice(-LOOKS);
      return this.past[key];
    };
    const waiting = metrics.sum('unmask_num_requests_waiting');
    const running = metrics.sum('unmask_num_requests_running');
    const tiles = [
      ['Waiting', number(waiting, 0), 'requests without a sampler', remember('waiting', waiting)],
      ['Running', number(running, 0), 'requests on a canvas', remember('running', running)],
      ['Tokens a second', number(rate(tokens, 'tokens')), 'over the last two seconds', remember('tokens', rate(tokens, 'tokens'))],
      ['Answers a second', number(rate(answers, 'answers')), 'over the last two seconds', remember('answers', rate(answers, 'answers'))],
      ['Answers', number(answers, 0), 'since the gateway started'],
      ['Refused or failed', number(metrics.sum('unmask_request_failure_total') + metrics.sum('unmask_admission_rejections_total'), 0), 'since the gateway started'],
      ['Latency, mean', duration(1000 * metrics.mean('unmask_e2e_request_latency_seconds')), 'from call to answer'],
      ['Queue, mean', duration(1000 * metrics.mean('unmask_request_queue_time_seconds')), 'from call to first step'],
    ];
    this.before = { at: now, tokens, answers };
    fill(this.tiles, tiles.map(([name, value, hint, past]) => el('div', { class: 'tile' }, el('p', { class: 'value' }, value), el('p', { class: 'name' }, name), el('p', { class: 'hint' }, hint), past ? sparkline(past, name) : null)));
    const workers = new Map();
    for (const m of all) {
      for (const w of m.unmask?.live_workers || []) if (!workers.has(w)) workers.set(w, []);
      for (const w of m.unmask?.serving_workers || []) workers.set(w, [...(workers.get(w) || []), m]);
    }
    fill(this.workers, workers.size
      ? [...workers].map(([name, serves]) => el('div', { class: 'worker' },
        el('p', { class: 'name' }, name, el('span', { class: `state ${serves.length ? 'succeeded' : ''}` }, serves.length ? ` serves ${count(serves.length, 'model')}` : ' loads')),
        el('ul', {}, serves.map((m) => el('li', {}, m.id, ' ', digest(m.unmask?.digest))))))
      : el('p', { class: 'empty' }, 'No sampler is alive.'));
    const lags = metrics.labelled('unmask_kafka_consumer_lag', 'topic');
    fill(this.queues, lags.length
      ? lags.map(([topic, lag]) => el('tr', {}, el('th', { scope: 'row' }, topic), el('td', {}, Number.isFinite(lag) ? number(lag, 0) : 'not known')))
      : el('tr', {}, el('td', { colspan: 2, class: 'empty' }, 'Not measured yet.')));
  }
}

/** Prometheus's text format, as far as this page needs it. */
function parse(text) {
  const samples = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? ([-+\w.]+)/.exec(line);
    if (match) samples.push([match[1], Number(match[3]), match[2] || '']);
  }
  const sum = (name) => samples.filter((s) => s[0] === name && Number.isFinite(s[1])).reduce((a, s) => a + s[1], 0);
  const labelled = (name, label) => samples.filter((s) => s[0] === name)
    .map((s) => [new RegExp(`${label}="([^"]*)"`).exec(s[2])?.[1] ?? '', s[1]]).sort((a, b) => a[0].localeCompare(b[0]));
  return { sum, labelled, mean: (name) => (sum(`${name}_count`) ? sum(`${name}_sum`) / sum(`${name}_count`) : NaN) };
}
