// Elements without markup in strings: text from a model or a user is only ever set as text.

/** An element. Attributes: `class`, `on` + event as listeners, `null` and `false` left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children.flat());
  return node;
}

/** Puts `children` where the old ones were. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

let fields = 0;

/** A labelled control. */
export function field(label, control, hint) {
  const id = control.id || `field-${++fields}`;
  control.id = id;
  const parts = [el('label', { for: id }, label), control];
  if (hint) {
    control.setAttribute('aria-describedby', `${id}-hint`);
    parts.push(el('span', { class: 'hint', id: `${id}-hint` }, hint));
  }
  return el('div', { class: 'field' }, parts);
}

/** Tells a screen reader. */
export function announce(text) {
  document.getElementById('said').textContent = text;
}

export function number(value, digits = 1) {
  return Number.isFinite(value)
    ? value.toLocaleString('en', { maximumFractionDigits: digits })
    : '–';
}

export function count(value, word) {
  return `${value} ${word}${Number(value) === 1 ? '' : 's'}`;
}

export function duration(milliseconds) {
  if (!Number.isFinite(milliseconds)) return '–';
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 90) return `${number(seconds)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
}

/** The beginning of a digest, the whole of it on hover. */
export function digest(value) {
  if (!value) return el('span', {}, '–');
  return el('code', { title: value }, value.replace(/^sha256:/, '').slice(0, 12));
}

export function when(unixSeconds) {
  return unixSeconds ? new Date(Number(unixSeconds) * 1000).toLocaleString() : '–';
}
