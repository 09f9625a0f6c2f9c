// Line charts of a few series, drawn as SVG.
import { el, svg, number } from './dom.js';

const WIDTH = 640;
const HEIGHT = 240;
const LEFT = 52;
const RIGHT = 12;
const TOP = 12;
const BOTTOM = 34;

/**
 * @param {{name: string, kind: string, points: [number, number][]}[]} series `kind` picks the colour
 * @param {{title: string, x: string}} words the chart's name for a screen reader, the axis's name
 */
export function lineChart(series, words) {
  const shown = series.filter((s) => s.points.length > 0);
  if (shown.length === 0) return el('p', { class: 'empty' }, 'Nothing measured yet.');
  const xs = shown.flatMap((s) => s.points.map((p) => p[0]));
  const ys = shown.flatMap((s) => s.points.map((p) => p[1])).filter(Number.isFinite);
  const xMin = Math.min(...xs);
  const xMax = Math.max(...xs, xMin + 1);
  const low = Math.min(...ys);
  const high = Math.max(...ys);
  const pad = (high - low || 1) * 0.08;
  const yMin = Math.max(0, low - pad);
  const yMax = high + pad;
  const x = (v) => LEFT + ((v - xMin) / (xMax - xMin)) * (WIDTH - LEFT - RIGHT);
  const y = (v) => HEIGHT - BOTTOM - ((v - yMin) / (yMax - yMin)) * (HEIGHT - TOP - BOTTOM);
  const chart = svg('svg', {
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    class: 'chart',
    role: 'img',
    'aria-label': words.title + '. ' + shown.map(summary).join(' '),
  });
  for (let i = 0; i <= 4; i++) {
    const value = yMin + ((yMax - yMin) * i) / 4;
    chart.append(
      svg('line', { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: 'grid' }),
      svg('text', { x: LEFT - 6, y: y(value) + 4, class: 'tick end' }, number(value, 2)),
    );
  }
  for (const value of new Set([0, 1, 2, 3, 4].map((i) => Math.round(xMin + ((xMax - xMin) * i) / 4)))) {
    chart.append(svg('text', { x: x(value), y: HEIGHT - 16, class: 'tick middle' }, number(value, 0)));
  }
  chart.append(svg('text', { x: (LEFT + WIDTH) / 2, y: HEIGHT - 2, class: 'tick middle' }, words.x));
  for (const s of shown) {
    const line = s.points.map((p) => `${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`);
    if (line.length > 1) chart.append(svg('polyline', { points: line.join(' '), class: `line ${s.kind}` }));
    if (line.length < 40) {
      for (const p of s.points) {
        chart.append(
          svg('circle', { cx: x(p[0]), cy: y(p[1]), r: 3, class: `dot ${s.kind}` }, svg('title', {}, `${s.name}: ${number(p[1], 4)} at ${number(p[0], 0)}`)),
        );
      }
    }
  }
  const legend = el('p', { class: 'legend' }, shown.map((s) => el('span', { class: `key ${s.kind}` }, s.name)));
  return el('figure', { class: 'figure' }, chart, el('figcaption', {}, legend));
}

function summary(s) {
  const [first, last] = [s.points[0], s.points[s.points.length - 1]];
  return `${s.name}: ${number(first[1], 3)} at ${number(first[0], 0)}, ${number(last[1], 3)} at ${number(last[0], 0)}.`;
}

const SPARK_WIDTH = 120;
const SPARK_HEIGHT = 26;

/** A few recent values as a line without axes; the number beside it says what it is. */
export function sparkline(values, name) {
  const known = values.filter(Number.isFinite);
  const chart = svg('svg', { viewBox: `0 0 ${SPARK_WIDTH} ${SPARK_HEIGHT}`, class: 'spark', role: 'img', preserveAspectRatio: 'none',
    'aria-label': known.length ? `${name}, lately between ${number(Math.min(...known))} and ${number(Math.max(...known))}` : `${name}: nothing measured yet` });
  if (known.length > 1) {
    const high = Math.max(...known, 1e-9);
    const points = known.map((v, i) => `${((i / (known.length - 1)) * SPARK_WIDTH).toFixed(1)},${(SPARK_HEIGHT - 2 - (v / high) * (SPARK_HEIGHT - 4)).toFixed(1)}`);
    chart.append(svg('polyline', { points: points.join(' '), class: 'line one' }));
  }
  return chart;
}
