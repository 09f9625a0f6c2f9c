// Fine-tuning jobs: start one, follow it, look at what it changed.
import { el, fill, field, count, number, duration, digest, when, announce } from './dom.js';
import { get, post, upload, models } from './api.js';
import { lineChart } from './chart.js';
import { CanvasStory } from './story.js';
import { CanvasView } from './canvas.js';

const ENDED = new Set(['succeeded', 'failed', 'cancelled']);
const REFRESH = 1500;

export class Tuning {
  constructor(root) {
    this.list = el('div', { class: 'list' });
    this.detail = el('div', { class: 'wide' });
    this.file = el('input', { type: 'file', accept: '.jsonl,.json,.txt,.gz', required: true });
    this.model = el('select', {});
    this.method = el('select', {},
      el('option', { value: 'full' }, 'all weights'),
      el('option', { value: 'lora' }, 'LoRA adapters'),
      el('option', { value: 'prompt_tuning' }, 'soft prompt'));
    this.activate = el('input', { type: 'checkbox' });
    this.suffix = el('input', { type: 'text', placeholder: 'optional', maxlength: 40 });
    this.steps = el('input', { type: 'number', min: 0, placeholder: 'by the data' });
    this.start = el('button', { type: 'submit', class: 'primary' }, 'Start training');
    this.said = el('p', { class: 'hint', role: 'status' });
    const form = el('form', { class: 'settings', onsubmit: (e) => { e.preventDefault(); this.create(); } },
      el('h2', {}, 'New job'),
      field('Dataset', this.file, 'JSONL of dialogues: {"messages": [{"role": "user", …}, {"role": "assistant", …}]}'),
      field('Base', this.model), field('Method', this.method), field('Name suffix', this.suffix),
      field('At most steps', this.steps),
      el('label', { class: 'check' }, this.activate, ' Let it answer for the base when it is good'),
      this.start, this.said);
    fill(root, el('div', { class: 'columns' },
      el('aside', { class: 'panel' }, form, el('h2', {}, 'Jobs'), this.list), this.detail));
    this.root = root;
  }

  async shown() {
    try {
      const all = await models();
      fill(this.model, all.filter((m) => !m.id.startsWith('ft:') && !m.id.includes('@sha256:')).map((m) => el('option', { value: m.id }, m.id)));
    } catch (e) {
      this.said.textContent = e.message;
    }
    this.refresh();
  }

  hidden() {
    clearTimeout(this.timer);
  }

  async create() {
    this.start.disabled = true;
    this.said.textContent = 'Uploading …';
    try {
      const file = await upload(this.file.files[0]);
      const request = {
        model: this.model.value,
        training_file: file.id,
        unmask: { method: { [this.method.value]: {} }, auto_activate: this.activate.checked },
      };
      if (this.suffix.value.trim()) request.suffix = this.suffix.value.trim();
      if (Number(this.steps.value) > 0) request.unmask.hyperparameters = { max_steps: Number(this.steps.value) };
      const job = await post('/v1/fine_tuning/jobs', request);
      this.said.textContent = `Job ${job.id} is ${job.status}.`;
      this.selected = job.id;
      this.refresh();
    } catch (e) {
      this.said.textContent = e.message;
    } finally {
      this.start.disabled = false;
    }
  }

  async refresh() {
    clearTimeout(this.timer);
    try {
      const jobs = (await get('/v1/fine_tuning/jobs?limit=50')).data;
      if (!this.selected && jobs.length) this.selected = jobs[0].id;
      fill(this.list, jobs.length ? jobs.map((job) => this.item(job)) : el('p', { class: 'empty' }, 'No job yet.'));
      const job = jobs.find((j) => j.id === this.selected);
      if (job) await this.show(job);
    } catch (e) {
      fill(this.detail, el('p', { class: 'notice', role: 'alert' }, e.message));
    }
    if (!this.root.hidden) this.timer = setTimeout(() => this.refresh(), REFRESH);
  }

  item(job) {
    const p = job.unmask?.progress || {};
    const share = Number(p.total_steps) ? Number(p.step || 0) / Number(p.total_steps) : job.status === 'succeeded' ? 1 : 0;
    return el('button', {
      type: 'button', class: `item${job.id === this.selected ? ' chosen' : ''}`, 'aria-current': job.id === this.selected ? 'true' : null,
      onclick: () => { this.selected = job.id; this.drawn = null; this.refresh(); },
    }, el('span', { class: 'item-name' }, job.fine_tuned_model || job.id), el('span', { class: `state ${job.status}` }, job.status.replace('_', ' ')),
    el('progress', { max: 1, value: share, 'aria-label': 'Progress' }));
  }

  async show(job) {
    const events = await this.events(job.id);
    const key = `${job.id} ${job.status} ${events.length} ${job.unmask?.progress?.step}`;
    if (key === this.drawn) return;
    this.drawn = key;
    const p = job.unmask?.progress || {};
    const command = (name) => async () => {
      try {
        await post(`/v1/fine_tuning/jobs/${encodeURIComponent(job.id)}/${name}`);
        announce(`${name} asked`);
      } catch (e) {
        announce(e.message);
      }
      this.drawn = null;
      this.refresh();
    };
    const buttons = el('div', { class: 'row' },
      job.status === 'running' || job.status === 'queued' || job.status === 'validating_files' ? el('button', { type: 'button', onclick: command('pause') }, 'Pause') : null,
      job.status === 'paused' ? el('button', { type: 'button', class: 'primary', onclick: command('resume') }, 'Resume') : null,
      ENDED.has(job.status) ? null : el('button', { type: 'button', onclick: command('cancel') }, 'Cancel'));
    fill(this.detail,
      el('h2', {}, job.fine_tuned_model || job.id),
      buttons,
      job.error ? el('p', { class: 'notice', role: 'alert' }, job.error.message) : null,
      el('dl', { class: 'facts-list' },
        fact('State', job.status.replace('_', ' ')),
        fact('Base', job.model),
        fact('Result', digest(job.unmask?.result_digest)),
        fact('Step', p.total_steps ? `${p.step ?? 0} of ${p.total_steps}` : '–'),
        fact('Speed', p.tokens_per_second ? `${number(Number(p.tokens_per_second), 0)} tokens/s` : '–'),
        fact('Left', ENDED.has(job.status) ? '–' : duration(1000 * Number(p.seconds_left))),
        fact('Rows', `${job.unmask?.rows_used ?? 0} used, ${job.unmask?.rows_rejected ?? 0} rejected`),
        fact('Started', when(job.created_at))),
      el('h3', {}, 'Loss'),
      this.curves(events),
      this.probes(events),
      el('details', {}, el('summary', {}, count(events.length, 'event')),
        el('ol', { class: 'events' }, events.slice(-200).map((e) => el('li', {}, el('time', {}, new Date(e.created_at * 1000).toLocaleTimeString()), ' ', e.message)))));
  }

  /** All events, oldest first; only new ones are fetched. */
  async events(id) {
    if (this.kept?.id !== id) this.kept = { id, events: [], seen: new Set() };
    const fresh = [];
    let after = '';
    for (;;) {
      const page = await get(`/v1/fine_tuning/jobs/${encodeURIComponent(id)}/events?limit=100${after}`);
      const unknown = page.data.filter((e) => !this.kept.seen.has(e.id));
      fresh.push(...unknown);
      if (!page.has_more || unknown.length < page.data.length) break;
      after = `&after=${encodeURIComponent(page.data[page.data.length - 1].id)}`;
    }
    for (const event of fresh.reverse()) {
      this.kept.seen.add(event.id);
      this.kept.events.push(event);
    }
    return this.kept.events;
  }

  curves(events) {
    const loss = [];
    const entropy = [];
    const bound = [];
    for (const { data } of events) {
      if (data?.progress) {
        const step = Number(data.progress.step || 0);
        if (step > 0) {
          loss.push([step, Number(data.progress.loss)]);
          entropy.push([step, Number(data.progress.cross_entropy)]);
        }
      }
      if (data?.evaluation) bound.push([Number(data.evaluation.step || 0), Number(data.evaluation.bound_per_answer_token)]);
    }
    const ok = (points) => points.filter((p) => Number.isFinite(p[1]));
    return lineChart([
      { name: 'objective, smoothed', kind: 'one', points: ok(loss) },
      { name: 'cross-entropy of masked tokens', kind: 'two', points: ok(entropy) },
      { name: 'bound on held-out answers, nats a token', kind: 'three', points: ok(bound) },
    ], { title: 'Loss by training step', x: 'step' });
  }

  probes(events) {
    const before = events.findLast?.((e) => e.data?.probes && !e.data.probes.after)?.data.probes;
    const after = events.findLast?.((e) => e.data?.probes?.after)?.data.probes;
    if (!before && !after) return null;
    const answers = (after || before).answers || [];
    return el('div', {}, el('h3', {}, 'Before and after'), answers.map((a, i) => {
      const old = before?.answers?.[i];
      return el('div', { class: 'probe' }, el('p', { class: 'question' }, a.prompt),
        el('div', { class: 'pair' }, told('before', old), told('after', after ? a : null)));
    }));
  }
}

function told(name, answer) {
  if (!answer) return el('div', {}, el('h4', {}, name), el('p', { class: 'empty' }, 'not yet'));
  const trace = answer.trace || [];
  return el('div', {}, el('h4', {}, name), el('p', { class: 'text' }, answer.answer || '(nothing)'),
    trace.length ? el('details', {}, el('summary', {}, 'how it was filled'), new CanvasView(CanvasStory.ofTrace(trace)).node) : null);
}

function fact(name, value) {
  return [el('dt', {}, name), el('dd', {}, value)];
}
