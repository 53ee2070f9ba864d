// Moving charts of the last two minutes, in SVG.
import { h, svg, num } from './dom.js';
import { t } from './words.js';

const SPAN = 120;
const HEIGHT = 150;
const PAD = { left: 44, right: 8, top: 8, bottom: 20 };

/** A round number not below `n`. */
function ceiling(n) {
  if (n <= 1) return 1;
  const unit = 10 ** Math.floor(Math.log10(n));
  return [1, 2, 2.5, 5, 10].map((k) => k * unit).find((k) => k >= n) ?? 10 * unit;
}

/** The line where there is something: a stacked series of nothing would lie on the line of the one below it. */
function above(run) {
  let d = '';
  for (let i = 1; i < run.length; i++) {
    const [[ax, ay, a0], [bx, by, b0]] = [run[i - 1], run[i]];
    if (ay === a0 && by === b0) continue;
    d += d.endsWith(`L${ax.toFixed(1)} ${ay.toFixed(1)}`) ? '' : `M${ax.toFixed(1)} ${ay.toFixed(1)}`;
    d += `L${bx.toFixed(1)} ${by.toFixed(1)}`;
  }
  return d;
}

/**
 * A chart that is drawn anew with `draw(points, series)`.
 * `points`: [{ at: seconds, … }], oldest first. `series`: [{ name, kind: class, of: (point) => number | null }].
 */
export function chart(title, { stacked = false, digits = 0, unit = '', empty = t('no_refusals'), wide = false } = {}) {
  const legend = h('ul', { class: 'legend' });
  const plot = svg('svg', { class: 'plot', role: 'img', height: HEIGHT });
  const root = h('figure', { class: wide ? 'chart wide' : 'chart' }, h('figcaption', {}, title, ' ', h('small', {}, t('last_2m'))), plot, legend);
  let pointed = null;
  let last = [[], []];
  plot.addEventListener('pointermove', (e) => {
    pointed = e.clientX - plot.getBoundingClientRect().left;
    draw(...last);
  });
  plot.addEventListener('pointerleave', () => {
    pointed = null;
    draw(...last);
  });

  function draw(points, series) {
    last = [points, series];
    const width = Math.max(plot.clientWidth || root.clientWidth, 240);
    const inner = { w: width - PAD.left - PAD.right, h: HEIGHT - PAD.top - PAD.bottom };
    const newest = points.at(-1)?.at ?? 0;
    const x = (p) => PAD.left + inner.w * (1 - (newest - p.at) / SPAN);
    const heights = points.map((p) => {
      const values = series.map((s) => s.of(p) ?? 0);
      return stacked ? values.reduce((a, b) => a + b, 0) : Math.max(0, ...values);
    });
    const top = ceiling(Math.max(0, ...heights));
    const y = (value) => PAD.top + inner.h * (1 - value / top);

    const shapes = [0, 0.5, 1].flatMap((part) => [
      svg('line', { class: 'grid', x1: PAD.left, x2: width - PAD.right, y1: y(part * top), y2: y(part * top) }),
      svg('text', { class: 'tick', x: PAD.left - 6, y: y(part * top) + 4, 'text-anchor': 'end' }, num(part * top, top < 30 ? 1 : 0)),
    ]);
    for (const [ago, anchor] of [[SPAN, 'start'], [SPAN / 2, 'middle'], [0, 'end']]) {
      shapes.push(svg('text', { class: 'tick', x: PAD.left + inner.w * (1 - ago / SPAN), y: HEIGHT - 4, 'text-anchor': anchor },
        ago ? `−${ago}s` : t('now')));
    }

    const below = points.map(() => 0);
    const strokes = [];
    for (const s of series) {
      let run = [];
      const runs = [run];
      points.forEach((p, i) => {
        const value = s.of(p);
        if (value === null || value === undefined) {
          if (run.length) runs.push((run = []));
          return;
        }
        const base = stacked ? below[i] : 0;
        run.push([x(p), y(base + value), y(base)]);
        if (stacked) below[i] += value;
      });
      for (const r of runs.filter((some) => some.length)) {
        const line = r.map(([px, py], i) => `${i ? 'L' : 'M'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');
        const floor = r.toReversed().map(([px, , pb]) => `L${px.toFixed(1)} ${pb.toFixed(1)}`).join('');
        if (stacked || series.length === 1) shapes.push(svg('path', { class: `area ${s.kind}`, d: `${line}${floor}Z` }));
        const drawn = stacked ? above(r) : line;
        if (drawn) strokes.push(svg('path', { class: `stroke ${s.kind}`, d: drawn }));
      }
    }
    shapes.push(...strokes.reverse()); // the first, which is the most, is on top of the others

    let shown = points.at(-1);
    if (pointed !== null && points.length) {
      shown = points.reduce((a, b) => (Math.abs(x(b) - pointed) < Math.abs(x(a) - pointed) ? b : a));
      shapes.push(svg('line', { class: 'cross', x1: x(shown), x2: x(shown), y1: PAD.top, y2: PAD.top + inner.h }));
    }
    const value = (s, p) => {
      const v = p ? s.of(p) : null;
      return v === null || v === undefined ? '–' : `${num(v, digits)}${unit}`;
    };
    plot.setAttribute('viewBox', `0 0 ${width} ${HEIGHT}`);
    plot.setAttribute('aria-label', `${title}: ${series.map((s) => `${s.name} ${value(s, points.at(-1))}`).join(', ') || empty}`);
    plot.replaceChildren(...shapes);
    legend.replaceChildren(...(series.length ? series : [{ name: empty, kind: 'none', of: () => null }]).map((s) =>
      h('li', {}, h('span', { class: `dot ${s.kind}`, 'aria-hidden': 'true' }), `${s.name} `, s.kind !== 'none' && h('b', {}, value(s, shown)))));
  }
  return { root, draw };
}
