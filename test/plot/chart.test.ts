import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Chart, chartSvg } from '../../src/plot/chart.ts';

const CHART: Chart = {
  title: 'ns per packet <by> connections & load',
  subtitle: 'seed 1, "quiet" machine',
  x: { title: 'connections', scale: 'log' },
  y: { title: 'time', unit: 'ns/packet', scale: 'linear', min: 0 },
  series: [
    {
      name: 'established',
      isMarked: true,
      points: [64_512, 258_048, 1_032_192, 4_128_768].map((x, i) => ({
        x,
        y: 50 + 20 * i,
        low: 45,
        high: 140,
      })),
    },
    { name: 'new', shape: 'steps', points: [64_512, 258_048, 4_128_768].map((x, i) => ({ x, y: 200 - i })) },
  ],
};

/** Tags are closed in the order in which they were opened; attributes are quoted; nothing is left unescaped. */
function checkXml(text: string): string[] {
  const open: string[] = [];
  const names: string[] = [];
  const rest = text.replaceAll(
    /<(\/?)([A-Za-z]+)((?: [\w:-]+="[^"<>]*")*)(\/?)>/g,
    (_all, close, name, _a, empty) => {
      if (close === '/') assert.equal(open.pop(), name);
      else if (empty === '') open.push(name);
      if (close === '') names.push(name);
      return '';
    },
  );
  assert.deepEqual(open, []);
  assert.doesNotMatch(rest, /[<>]|&(?!amp;|lt;|gt;|quot;)/);
  return names;
}

const pathsOf = (svg: string, className: string): string[] =>
  [...svg.matchAll(new RegExp(`<path class="${className}"[^>]* d="([^"]*)"`, 'g'))].map(([, d]) => d);
const xsOf = (path: string): number[] => [...path.matchAll(/[ML](-?[\d.]+) /g)].map(([, x]) => Number(x));

describe('chartSvg', () => {
  it('gives the same bytes for the same chart, well formed, with nothing of its own in it', () => {
    const svg = chartSvg(CHART);
    assert.equal(svg, chartSvg(structuredClone(CHART)));
    const names = checkXml(svg);
    assert.ok(names.includes('svg') && names.includes('style'));
    assert.doesNotMatch(svg, /<script|href|url\((?!#plot)|NaN|Infinity|undefined/);
    assert.ok(svg.includes('ns per packet &lt;by&gt; connections &amp; load'));
  });

  it('says in words what it shows', () => {
    const svg = chartSvg(CHART);
    assert.match(
      svg,
      /<desc id="desc">[^<]*time \(ns\/packet\) against connections; established, new\.<\/desc>/,
    );
    assert.match(svg, />time \(ns\/packet\)<\/text>/);
    assert.match(svg, /seed 1, &quot;quiet&quot; machine/);
  });

  it('puts values of equal ratio at equal distances on a logarithmic axis', () => {
    const [line] = pathsOf(chartSvg(CHART), 'line line0');
    const xs = xsOf(line);
    assert.equal(xs.length, 4);
    const gaps = xs.slice(1).map((x, i) => x - xs[i]);
    for (const gap of gaps) assert.ok(Math.abs(gap - gaps[0]) < 0.03, String(gaps));
  });

  it('draws a band from low to high around a line', () => {
    const svg = chartSvg(CHART);
    const [band] = pathsOf(svg, 'band band0');
    assert.equal(xsOf(band).length, 8);
    assert.deepEqual(pathsOf(svg, 'band band1'), []);
    // What the band reaches is within the axis.
    assert.match(svg, />200<\/text>/);
  });

  it('leaves a gap where an axis has no place for a value, and marks a point that stands alone', () => {
    const points = [1, 2, 0, 5, Number.NaN, 7, 8].map((y, i) => ({ x: i + 1, y }));
    const svg = chartSvg({
      title: 't',
      x: { title: 'x', scale: 'linear' },
      y: { title: 'y', scale: 'log' },
      series: [{ name: 's', points }],
    });
    const [line] = pathsOf(svg, 'line line0');
    assert.equal(line.match(/M/g)?.length, 3);
    assert.equal(line.match(/L/g)?.length, 2);
    assert.equal(pathsOf(svg, 'mark0').length, 1);
    assert.doesNotMatch(svg, /NaN/);
  });

  it('has a legend for two series or more, and tells the seventh from the first without colours', () => {
    const many = Array.from({ length: 7 }, (_, i) => ({
      name: `s${i}`,
      points: [
        { x: 1, y: i + 1 },
        { x: 2, y: i },
      ],
    }));
    const svg = chartSvg({ ...CHART, series: many });
    for (const { name } of many) assert.ok(svg.includes(`>${name}</text>`));
    const dashes = [...svg.matchAll(/class="line line0"( stroke-dasharray="[^"]*")? d=/g)].map(
      ([, dash]) => dash,
    );
    assert.deepEqual(dashes, [undefined, ' stroke-dasharray="7 4"', undefined, ' stroke-dasharray="7 4"']);
    assert.ok(!chartSvg({ ...CHART, series: many.slice(0, 1) }).includes('>s0</text>'));
  });

  it('puts several charts below each other', () => {
    const svg = chartSvg([CHART, { ...CHART, title: 'the second' }], { width: 600, height: 300 });
    assert.match(svg, /viewBox="0 0 600 600"/);
    assert.ok(svg.includes('id="plot1"') && svg.includes('>the second</text>'));
    checkXml(svg);
  });

  it('draws a chart without any values, and one with a single value', () => {
    for (const scale of ['linear', 'log'] as const) {
      for (const points of [[], [{ x: 3, y: 0.25 }]]) {
        const axis = { title: 'a', scale };
        const svg = chartSvg({ title: 't', x: axis, y: axis, series: [{ name: 's', points }] });
        checkXml(svg);
        assert.doesNotMatch(svg, /NaN|Infinity/);
      }
    }
  });
});
