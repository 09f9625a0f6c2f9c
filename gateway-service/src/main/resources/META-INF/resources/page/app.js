// Views, theme, key and health.
import { apiKey, setApiKey, getText } from './api.js';
import { Chat } from './chat.js';
import { Infill } from './infill.js';
import { Tuning } from './tuning.js';
import { Models } from './models.js';
import { Cluster } from './cluster.js';
import { About } from './about.js';

const THEME = 'unmask.theme';
const HEALTH_EVERY = 10_000;

const panel = (name) => document.getElementById(name);
const tab = (name) => document.getElementById(`tab-${name}`);

const views = { chat: new Chat(panel('chat')), infill: new Infill(panel('infill')), tuning: new Tuning(panel('tuning')) };
views.models = new Models(panel('models'), (model) => {
  location.hash = 'chat';
  views.chat.use(model);
});
views.cluster = new Cluster(panel('cluster'));
views.about = new About(panel('about'));

const names = Object.keys(views);
let current = null;

function show() {
  const wanted = location.hash.slice(1);
  const name = names.includes(wanted) ? wanted : 'chat';
  if (name === current) return;
  if (current) views[current].hidden?.();
  current = name;
  for (const other of names) {
    panel(other).hidden = other !== name;
    tab(other).setAttribute('aria-selected', String(other === name));
    tab(other).tabIndex = other === name ? 0 : -1;
  }
  tab(name).scrollIntoView({ inline: 'nearest', block: 'nearest' });
  views[name].shown?.();
}

for (const name of names) {
  tab(name).addEventListener('click', () => { location.hash = name; });
  tab(name).addEventListener('keydown', (e) => {
    const move = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
    const index = e.key === 'Home' ? 0 : e.key === 'End' ? names.length - 1 : move ? (names.indexOf(name) + move + names.length) % names.length : -1;
    if (index < 0) return;
    e.preventDefault();
    location.hash = names[index];
    tab(names[index]).focus();
  });
}
addEventListener('hashchange', show);
// Not by the address, which says the view.
document.querySelector('.skip').addEventListener('click', (e) => {
  e.preventDefault();
  document.getElementById('main').focus();
});

function theme(value) {
  if (value) document.documentElement.dataset.theme = value;
}
theme(localStorage.getItem(THEME));
document.getElementById('theme').addEventListener('click', () => {
  const now = document.documentElement.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
  const next = now === 'dark' ? 'light' : 'dark';
  localStorage.setItem(THEME, next);
  theme(next);
});

document.getElementById('key').addEventListener('click', () => {
  const key = prompt('API key of this cluster, if it asks for one. It is kept for this tab only.', apiKey());
  if (key !== null) {
    setApiKey(key.trim());
    current = null;
    show();
  }
});

async function health() {
  const node = document.getElementById('health');
  try {
    await getText('/q/health/ready');
    node.textContent = 'ready';
    node.className = 'health up';
  } catch {
    node.textContent = 'not ready';
    node.className = 'health down';
  }
}
health();
setInterval(health, HEALTH_EVERY);
show();
