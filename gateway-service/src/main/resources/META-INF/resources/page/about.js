// What a masked-diffusion language model does, shown on a canvas that needs no cluster.
import { el, fill } from './dom.js';
import { CanvasStory } from './story.js';
import { CanvasView, confidenceKey } from './canvas.js';

const SENTENCE = ['A', ' masked', ' model', ' sees', ' the', ' whole', ' canvas', ',', ' and', ' fills', ' the', ' slots', ' that', ' it', ' is', ' sure', ' of', ' first', '.'];
/** Slots of each step, and how sure a model might be of them. Drawn by hand: an illustration. */
const STEPS = [[[18, 0.99], [0, 0.93]], [[7, 0.95], [8, 0.91]], [[4, 0.9], [10, 0.88]], [[3, 0.86], [14, 0.84]], [[13, 0.9], [15, 0.82]],
  [[16, 0.97], [12, 0.8]], [[2, 0.78], [9, 0.74]], [[11, 0.83], [5, 0.7]], [[6, 0.72], [17, 0.69]], [[1, 0.64]]];

export class About {
  constructor(root) {
    const story = new CanvasStory();
    for (const step of STEPS) story.add(0, step.map(([slot, confidence]) => ({ slot, confidence, text: SENTENCE[slot] })));
    story.block = story.length;
    this.view = new CanvasView(story);
    fill(root, el('article', { class: 'prose' },
      el('h2', {}, 'How a masked-diffusion language model writes'),
      el('p', {}, 'Most language models write from left to right: each word is chosen once, knowing only what stands before it. LLaDA starts from a canvas of masked slots. In each step the network looks at the whole canvas, in both directions, and guesses every masked slot at once; the guesses that it is most sure of are kept, the others are masked again.'),
      this.view.node, confidenceKey(),
      el('p', { class: 'hint' }, 'An illustration with made-up confidences; the Chat view shows real ones. Drag the slider, or press Replay.'),
      el('dl', {},
        el('dt', {}, 'Canvas and slot'), el('dd', {}, 'the row that is filled, and one place in it for a token.'),
        el('dt', {}, 'Step'), el('dd', {}, 'one look of the network at the canvas. Fewer steps are faster; more are more careful.'),
        el('dt', {}, 'Block'), el('dd', {}, 'a stretch of the canvas that is finished before the next begins. A thin line parts them.'),
        el('dt', {}, 'Confidence'), el('dd', {}, 'the probability that the network gave a token when it was kept. It is the colour of the slot.'),
        el('dt', {}, 'Infilling'), el('dd', {}, 'because the model sees both sides, a gap in the middle is no harder than the end.')),
      el('p', {}, 'The method: Nie et al., “Large Language Diffusion Models”, arXiv 2502.09992.')));
  }

  shown() {
    if (this.view.shown >= this.view.story.steps.length) this.view.toggle();
  }

  hidden() {
    this.view.stop();
  }
}
