// A dialogue, with the canvas of each answer.
import { el, fill, announce, count, number, duration, digest } from './dom.js';
import { stream, ApiError } from './api.js';
import { CanvasStory } from './story.js';
import { CanvasView, confidenceKey } from './canvas.js';
import { Settings } from './settings.js';

const IDEAS = ['Hello!', 'What is the capital of France?', 'What colour is the sky?', 'Who are you?', 'Tell me about otters.'];

export class Chat {
  constructor(root) {
    this.settings = new Settings();
    this.turns = [];
    this.log = el('div', { class: 'log', role: 'log', 'aria-label': 'Dialogue' });
    this.input = el('textarea', {
      rows: 2, placeholder: 'Say something', 'aria-label': 'Your message',
      onkeydown: (e) => {
        if (e.key === 'Enter' && !e.shiftKey && !e.isComposing) {
          e.preventDefault();
          this.send();
        }
      },
    });
    this.sendButton = el('button', { type: 'submit', class: 'primary' }, 'Send');
    this.stopButton = el('button', { type: 'button', hidden: true, onclick: () => this.abort?.abort() }, 'Stop');
    this.clear = el('button', { type: 'button', class: 'quiet', onclick: () => this.reset() }, 'New dialogue');
    const composer = el('form', { class: 'composer', onsubmit: (e) => { e.preventDefault(); this.send(); } },
      this.input, el('div', { class: 'composer-buttons' }, this.sendButton, this.stopButton, this.clear));
    const aside = el('aside', { class: 'panel', 'aria-label': 'Settings' }, this.settings.node, confidenceKey());
    fill(root, el('div', { class: 'columns' }, el('div', { class: 'wide' }, this.log, composer), aside));
    this.reset();
  }

  async shown() {
    try {
      await this.settings.refresh();
    } catch (e) {
      this.notice(e.message);
    }
    // Not at the first look: whoever comes by keyboard begins at the top, and a phone shows the page.
    if (this.looked) this.input.focus();
    this.looked = true;
  }

  use(model) {
    this.settings.refresh().then(() => this.settings.choose(model), (e) => this.notice(e.message));
  }

  reset() {
    this.abort?.abort();
    this.turns = [];
    this.welcome();
  }

  welcome() {
    fill(this.log, el('div', { class: 'welcome' },
      el('h2', {}, 'A model that does not write from left to right'),
      el('p', {}, 'It starts from a canvas of masked slots and fills them in, the ones it is sure of first. Ask it something and watch.'),
      el('p', { class: 'ideas' }, IDEAS.map((idea) => el('button', { type: 'button', class: 'idea', onclick: () => { this.input.value = idea; this.send(); } }, idea)))));
  }

  notice(text) {
    this.log.append(el('p', { class: 'notice', role: 'alert' }, text));
    this.log.scrollTop = this.log.scrollHeight;
  }

  send() {
    const content = this.input.value.trim();
    if (!content || this.abort) return;
    this.input.value = '';
    if (this.turns.length === 0) fill(this.log);
    this.say(content);
    this.answer();
  }

  say(content) {
    const turn = { role: 'user', content };
    const node = el('div', { class: 'turn user' }, el('p', { class: 'text' }, content),
      el('button', { type: 'button', class: 'quiet small', onclick: () => this.edit(turn) }, 'Edit'));
    turn.node = node;
    this.turns.push(turn);
    this.log.append(node);
  }

  /** Takes a turn and all after it back into the input. */
  edit(turn) {
    if (this.abort) return;
    const index = this.turns.indexOf(turn);
    if (index < 0) return;
    for (const gone of this.turns.splice(index)) gone.node.remove();
    if (this.turns.length === 0) this.welcome();
    this.input.value = turn.content;
    this.input.focus();
  }

  /** Another answer to the same question, with a new seed. */
  again(turn) {
    if (this.abort) return;
    const index = this.turns.indexOf(turn);
    for (const gone of this.turns.splice(index)) gone.node.remove();
    this.answer();
  }

  async answer() {
    const asked = this.settings.request();
    const story = new CanvasStory();
    const view = new CanvasView(story, { live: true });
    const text = el('p', { class: 'text' });
    const facts = el('p', { class: 'facts' });
    const node = el('div', { class: 'turn model', 'aria-busy': 'true' }, view.node, text, facts);
    const turn = { role: 'assistant', content: '', node };
    this.log.append(node);
    node.scrollIntoView({ block: 'nearest' });
    this.busy(true);
    const started = performance.now();
    let details = null;
    let reason = null;
    try {
      await stream('/v1/chat/completions', {
        ...asked,
        messages: this.turns.map(({ role, content }) => ({ role, content })),
        stream: true,
        stream_options: { include_usage: true },
        diffusion: { ...asked.diffusion, stream: 'step' },
      }, (name, data) => {
        if (name === 'canvas') {
          story.take(data);
          view.grew();
          return;
        }
        const choice = data.choices?.[0];
        if (choice?.delta?.content) turn.content += choice.delta.content;
        if (choice?.finish_reason) reason = choice.finish_reason;
        if (data.unmask) details = data.unmask;
        if (data.usage) turn.usage = data.usage;
      }, this.abort.signal);
      turn.seconds = performance.now() - started;
      this.turns.push(turn);
      await view.finish();
      text.textContent = turn.content || '(an empty answer)';
      this.tell(facts, turn, details, reason, story);
      announce(turn.content || 'The answer is empty.');
    } catch (e) {
      view.stop();
      if (e.name === 'AbortError') {
        node.remove();
        this.notice('Stopped.');
      } else {
        if (story.steps.length === 0) node.remove();
        const wait = e instanceof ApiError && e.retryAfter ? ` Try again in ${e.retryAfter} s.` : '';
        this.notice(e.message + wait);
      }
    } finally {
      node.removeAttribute('aria-busy');
      this.busy(false);
      node.scrollIntoView({ block: 'nearest' });
    }
  }

  tell(facts, turn, details, reason, story) {
    const timing = details?.timing || {};
    fill(facts,
      `${count(turn.usage?.completion_tokens ?? story.length, 'token')} in ${count(details?.denoising_steps ?? story.steps.length, 'step')} · `,
      `${duration(timing.inference_ms ?? turn.seconds)} · `,
      'weights ', digest(details?.model_digest), ` · seed ${details?.seed ?? '–'}`,
      reason === 'length' ? ' · cut: the canvas was full' : '',
      el('button', { type: 'button', class: 'quiet small', onclick: () => this.again(turn) }, 'Again'),
      el('button', { type: 'button', class: 'quiet small', onclick: () => navigator.clipboard?.writeText(turn.content) }, 'Copy'));
    if (timing.inference_ms && turn.usage?.completion_tokens) {
      facts.title = `${number((1000 * turn.usage.completion_tokens) / timing.inference_ms)} tokens a second; queue ${duration(timing.queue_ms)}`;
    }
  }

  busy(on) {
    this.abort = on ? new AbortController() : null;
    this.sendButton.hidden = on;
    this.stopButton.hidden = !on;
    if (!on) this.input.focus({ preventScroll: true });
  }
}
