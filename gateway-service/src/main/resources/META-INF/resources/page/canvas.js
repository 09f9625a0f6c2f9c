// Draws a CanvasStory: slots that fill in, colours for confidence, a scrubber, and a map of which
// slot was filled when.
import { el, svg, fill, number } from './dom.js';
import { isControl } from './story.js';

const SLOWEST_CATCH_UP = 4000;

export class CanvasView {
  /** @param {import('./story.js').CanvasStory} story */
  constructor(story, { pace = 90, live = false } = {}) {
    this.story = story;
    this.pace = matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : pace;
    this.shown = live ? 0 : story.steps.length;
    this.live = live;
    this.timer = 0;
    this.slots = el('div', { class: 'slots', role: 'img' });
    this.slider = el('input', {
      type: 'range', min: 0, max: 0, value: 0, 'aria-label': 'Denoising step',
      oninput: () => this.show(Number(this.slider.value)),
    });
    this.play = el('button', { type: 'button', class: 'quiet', onclick: () => this.toggle() }, '▶ Replay');
    this.where = el('output', { class: 'where' });
    this.map = el('div', { class: 'map' });
    this.mapBox = el('details', { class: 'map-box', ontoggle: () => this.drawMap() },
      el('summary', {}, 'Order of filling'), this.map);
    this.controls = el('div', { class: 'scrubber' }, this.play, this.slider, this.where);
    this.node = el('div', { class: 'canvas' }, this.slots, this.controls, this.mapBox);
    this.drawn = [];
    this.draw();
  }

  /** The story has grown; shows the new steps at a pace that eyes can follow. */
  grew() {
    if (!this.live) return;
    if (this.pace === 0) {
      this.shown = this.story.steps.length;
      this.draw();
      return;
    }
    if (!this.timer) this.tick();
  }

  /** No more steps come. Resolves when the last one is shown. */
  finish() {
    this.ending = true;
    if (!this.timer) {
      this.live = false;
      this.draw();
      return Promise.resolve();
    }
    return new Promise((resolve) => { this.onShown = resolve; });
  }

  tick() {
    const behind = this.story.steps.length - this.shown;
    if (behind <= 0) {
      this.timer = 0;
      if (this.ending) {
        this.live = false;
        this.draw();
        this.onShown?.();
      }
      return;
    }
    // Long answers are not drawn longer than a few seconds behind.
    const stride = Math.max(1, Math.ceil((behind * this.pace) / SLOWEST_CATCH_UP));
    this.shown = Math.min(this.story.steps.length, this.shown + stride);
    this.draw();
    this.timer = setTimeout(() => this.tick(), this.pace);
  }

  toggle() {
    if (this.timer) {
      this.stop();
      this.draw();
      return;
    }
    if (this.shown >= this.story.steps.length) this.shown = 0;
    const total = this.story.steps.length;
    const wait = Math.min(220, Math.max(40, 5000 / Math.max(1, total)));
    const advance = () => {
      if (this.shown >= total) {
        this.stop();
        this.draw();
        return;
      }
      this.shown++;
      this.timer = setTimeout(advance, wait);
      this.draw();
    };
    this.timer = setTimeout(advance, wait);
    this.draw();
  }

  stop() {
    clearTimeout(this.timer);
    this.timer = 0;
  }

  show(step) {
    this.stop();
    this.shown = step;
    this.draw();
  }

  draw() {
    const total = this.story.steps.length;
    const slots = this.story.after(this.shown);
    const fresh = this.shown - 1;
    while (this.drawn.length < slots.length) {
      const node = el('span', { class: 'slot masked' }, ' ');
      this.drawn.push({ node, key: 'masked' });
      const index = this.drawn.length - 1;
      if (index > 0 && this.story.block > 0 && index % this.story.block === 0) {
        this.slots.append(el('span', { class: 'block-end', 'aria-hidden': 'true' }));
      }
      this.slots.append(node);
    }
    const whole = !this.live && total > 0 && this.shown === total;
    slots.forEach((slot, i) => this.drawSlot(this.drawn[i], slot, !whole && slot.step === fresh && fresh >= 0, whole));
    const committed = this.story.committed(this.shown);
    const spared = whole ? slots.length - committed - this.story.given.size : 0;
    this.slots.setAttribute(
      'aria-label',
      `Canvas of ${slots.length} slots, ${committed} filled after step ${this.shown} of ${total}: ` +
        slots.map((s) => (s.text === null ? (whole ? '' : '_') : isControl(s.text) ? '' : s.text)).join('') +
        (spared > 0 ? ` (${spared} slots behind the end were not needed)` : ''),
    );
    this.slider.max = total;
    this.slider.value = this.shown;
    this.slider.setAttribute('aria-valuetext', `step ${this.shown} of ${total}`);
    this.where.textContent = `step ${this.shown}/${total} · ${committed}/${slots.length} slots${spared > 0 ? `, ${spared} not needed` : ''}`;
    this.play.textContent = this.timer && !this.live ? '❚❚ Pause' : '▶ Replay';
    this.controls.classList.toggle('running', this.live);
    this.slider.disabled = this.live;
    this.play.disabled = this.live;
    if (this.mapBox.open) this.drawMap();
  }

  drawSlot(drawn, slot, fresh, whole) {
    const key = slot.text === null ? (whole ? 'spared' : 'masked') : `${slot.text}\u0000${slot.confidence}\u0000${fresh}`;
    if (drawn.key === key) return;
    drawn.key = key;
    const { node } = drawn;
    if (slot.text === null) {
      node.className = whole ? 'slot spared' : 'slot masked';
      node.textContent = ' ';
      if (whole) node.title = 'not needed: the answer had ended before it';
      else node.removeAttribute('title');
      node.style.removeProperty('--confidence');
      return;
    }
    const control = isControl(slot.text);
    node.className = `slot filled${fresh ? ' fresh' : ''}${control ? ' control' : ''}${slot.step === -1 ? ' given' : ''}`;
    node.textContent = control ? '∎' : slot.text.replace(/\n/g, '↵') || '·';
    node.style.setProperty('--confidence', slot.confidence.toFixed(3));
    node.title = slot.step === -1
      ? 'given'
      : `${control ? 'end of the answer' : JSON.stringify(slot.text)} · step ${slot.step + 1} · confidence ${number(slot.confidence * 100, 1)} %`;
  }

  drawMap() {
    if (!this.mapBox.open) return;
    const steps = this.story.steps;
    const width = Math.max(1, this.story.length);
    const height = Math.max(1, steps.length);
    const picture = svg('svg', {
      viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', class: 'map-picture', role: 'img',
      'aria-label': 'Each column is a slot of the canvas, each row a step; a mark is a slot that this step filled.',
    });
    steps.forEach((step, row) => {
      for (const c of step.commits) {
        const mark = svg('rect', { x: c.slot + 0.06, y: row + 0.06, width: 0.88, height: 0.88, class: row < this.shown ? 'mark' : 'mark later' },
          svg('title', {}, `slot ${c.slot + 1}, step ${row + 1}: ${c.text}`));
        mark.style.setProperty('--confidence', c.confidence.toFixed(3));
        picture.append(mark);
      }
    });
    picture.addEventListener('click', (e) => {
      const box = picture.getBoundingClientRect();
      this.show(Math.min(height, Math.floor(((e.clientY - box.top) / box.height) * height) + 1));
    });
    picture.style.setProperty('height', `${Math.min(320, Math.max(60, height * 9))}px`);
    fill(this.map, picture, el('p', { class: 'hint' }, 'Left to right: slots. Top to bottom: steps. A left-to-right model could only draw the diagonal.'));
  }
}

/** What the colours mean. */
export function confidenceKey() {
  const steps = [0.1, 0.3, 0.5, 0.7, 0.9, 1];
  return el('p', { class: 'confidence-key' }, 'unsure ', steps.map((c) => {
    const box = el('span', { class: 'slot filled', 'aria-hidden': 'true' }, ' ');
    box.style.setProperty('--confidence', c);
    return box;
  }), ' sure');
}
