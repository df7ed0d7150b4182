import assert from "node:assert/strict";
import { test } from "node:test";
import { empty } from "../../../streamlab/live/held.mjs";
import { middle, ms, stem, ticks, topOf, windowOf } from "../../../streamlab/live/axis.mjs";
import { lanesAt, marksOf, sentence, summary, waitClass } from "../../../streamlab/live/marks.mjs";

const LANES = lanesAt(20, false, 1);
const scaleOf = (median, span = 1000) => {
  const scale = { begin: 0, span, left: 60, right: 760, median, top: topOf(median, null, false), log: false };
  return { ...scale, x: (t) => 60 + (700 * t) / span };
};
const row = (n, t, gap, more = {}) => ({ n, t, events: 1, gap, lo: null, segments: -1, ...more });
const held = (rows, text = []) => ({ ...empty(), reads: rows, text });
const at = (t, open = true, silent_ms = 0) => ({ t, said: t, open, silent_ms });
const marks = (rows, clock, { median = 20, text = [], span = 1000 } = {}) => marksOf(held(rows, text), LANES, scaleOf(median, span), clock);

test("a read is a tick, its events a tower", () => {
  const { ticks: found } = marks([row(0, 100, null), row(1, 120, 20, { events: 4 })], at(130));
  assert.deepEqual(found.map(({ n, events }) => [n, events]), [[0, 1], [1, 4]]);
  assert.equal(found[0].x, 130);
});

test("no mark stands in an interval whose times are not known", () => {
  const rows = [row(0, 100, null), row(1, 120, 20), row(2, 800, null, { lo: 125, events: 34 }), row(3, 820, 20)];
  const made = marks(rows, at(830));
  assert.deepEqual(made.bars.map(({ title, gap }) => [title, gap]), [["34 events in one merged read", "gap not known: 5.0 ms to 680 ms"]]);
  assert.deepEqual(made.boxes.map(({ kind }) => kind), ["first"]); // not a stall
  assert.deepEqual(made.stems.map(({ n }) => n), [1, 3]);
  assert.equal(made.ticks.find(({ n }) => n === 2).events, 0); // words, never dots
});

test("a silence over four medians is a box, clear of both ticks", () => {
  const made = marks([row(0, 0, null), row(1, 20, 20), row(2, 320, 300), row(3, 399, 79)], at(400));
  const [box] = made.boxes;
  assert.equal(made.boxes.length, 1);
  assert.deepEqual([box.title, box.sub, box.open], ["300 ms", "nothing came", false]);
  assert.deepEqual([box.x0, box.x1], [60 + 14 + 4, 60 + 224 - 4]);
});

test("a growing silence ends at now, and is none while the kernel is silent", () => {
  const rows = [row(0, 0, null), row(1, 20, 20)];
  assert.deepEqual(marks(rows, at(90)).boxes, []);
  const [box] = marks(rows, at(125)).boxes;
  assert.deepEqual([box.title, box.open, box.x1], ["105 ms", true, 60 + 0.7 * 125]);
  assert.deepEqual(marks(rows, at(2125, true, 2000)).boxes, []);
  assert.deepEqual(marks(rows, at(125, false)).boxes, []);
  const late = { ...at(1300), said: 200 }; // the kernel's last word is old: what came since is not known
  assert.deepEqual(marks(rows, late).boxes.map(({ title, x1 }) => [title, x1]), [["180 ms", 60 + 0.7 * 200]]);
});

test("a stream without a gap has no median, also beside one that has", () => {
  const alone = { ...held([row(0, 100, null)]), now: { median_gap_ms: null, state: "done" } };
  assert.equal(marksOf(alone, LANES, scaleOf(20), at(200, false)).median, null);
});

test("the time to the first read is no stall", () => {
  const [box] = marks([row(0, 331, null)], at(340)).boxes;
  assert.deepEqual([box.kind, box.sub], ["first", "to the first read"]);
  const [growing] = marks([], at(340)).boxes;
  assert.deepEqual([growing.kind, growing.open, growing.sub], ["first", true, "no read yet"]);
});

test("gaps stand on a floor at 0 and are clipped at four medians", () => {
  assert.deepEqual(stem(40, 80, 72, false), { height: 36, clipped: false });
  assert.deepEqual(stem(300, 80, 72, false), { height: 72, clipped: true });
  assert.equal(stem(0.1, 1000, 72, true).height, 0);
  assert.equal(stem(10, 1000, 72, true).height, 36);
  assert.equal(topOf(20, 9e9, false), 80);
  assert.equal(topOf(20, 300, true), 1000);
});

test("the window only grows, and scrolls from 30 s on", () => {
  let window = null;
  const spans = [0, 1100, 1105, 1500, 500, 27000, 40000, 41000].map((t) => (window = windowOf(t, window)));
  assert.deepEqual(spans.map(({ span }) => span), [1200, 1200, 1600, 2200, 2200, 30000, 30000, 30000]);
  assert.deepEqual(spans.map(({ begin }) => begin), [0, 0, 0, 0, 0, 0, 12400, 13400]);
});

test("the labels of the axis never touch", () => {
  for (const span of [1200, 3000, 10000, 30000]) {
    const found = ticks({ begin: 0, span }, 640);
    assert.ok(found.length >= 3 && found.length <= 9, String(span));
    assert.equal(found[0][1], "0");
  }
});

test("reads that share a pixel are one mark, with the tallest tower and the longest gap", () => {
  const rows = Array.from({ length: 2000 }, (_, n) => row(n, n * 5, n ? 5 : null, { events: n === 1000 ? 7 : 1 }));
  const made = marks(rows, at(10000), { median: 5, span: 10000 });
  assert.ok(made.ticks.length <= 1410);
  assert.ok(made.ticks.some(({ events }) => events === 7));
  assert.equal(made.dense, true);
});

test("text flows on from its time, and begins anew after a silence", () => {
  const rows = [row(0, 100, null), row(1, 120, 20), row(2, 520, 400)];
  const text = [["content", "one", 0, 0], ["content", " two", 1, 0], ["content", " three", 2, 0]];
  const [runs] = marks(rows, at(530), { text }).runs;
  assert.deepEqual(runs.map(({ text: said, tick }) => [said, tick]), [["one two", 130], ["three", 424]]);
});

test("a run that meets the next one ends in an ellipsis, and the last one stays inside", () => {
  const rows = [row(0, 100, null), row(1, 200, 100), row(2, 990, 790)];
  const text = [["content", "abcdefghijklmnopqrstuvwxyz", 0, 0], ["content", "next", 1, 0], ["content", "at the end", 2, 0]];
  const [runs] = marks(rows, at(995), { text }).runs;
  assert.match(runs[0].text, /^abc.*…$/);
  assert.ok(runs.at(-1).x + 10 * 7.25 <= 760 && runs.at(-1).tick > 740);
});

test("text that is faster than the axis shows its end, inside the plot", () => {
  const rows = Array.from({ length: 40 }, (_, n) => row(n, 100 + 20 * n, n ? 20 : null));
  const [runs] = marks(rows, at(900), { text: rows.map(({ n }) => ["content", `word${n},`, n, 0]) }).runs;
  assert.equal(runs.length, 1);
  assert.match(runs[0].text, /^….*word39,$/);
  assert.ok(runs[0].x >= 60 && runs[0].x + [...runs[0].text].length * 7.25 <= 761);
});

test("the text of a merged read stands within its interval", () => {
  const rows = [row(0, 100, null), row(1, 500, null, { lo: 110, events: 9 })];
  const [runs] = marks(rows, at(510), { text: [["content", "a".repeat(200), 1, 0]] }).runs;
  assert.ok(runs[0].x >= 60 + 77 && runs[0].x + [...runs[0].text].length * 7.25 <= 60 + 350);
  assert.equal(runs[0].tick, null);
});

test("each choice has its own lane", () => {
  const lanes = lanesAt(20, false, 2), text = [["content", "a", 0, 0], ["content", "b", 0, 1]];
  const { runs } = marksOf(held([row(0, 100, null)], text), lanes, scaleOf(20), at(110));
  assert.deepEqual(runs.map(([run]) => run.text), ["a", "b"]);
  assert.equal(lanes.gaps - LANES.gaps, 24);
});

test("a read is told in a sentence that is true", () => {
  assert.equal(sentence(null, row(27, 1995.2, 23.6, { events: 4 })).join(""),
    "read 27 at 1995.2 ms, 23.6 ms after read 26: 4 events, one arrival. No gap between them was observed.");
  assert.equal(sentence(null, row(3, 900, null, { lo: 100, events: 34, segments: 34 })).join(""),
    "read 3 came at some time from 100.0 to 900.0 ms: 34 events. 34 segments queued while this program was busy, so no gap is known.");
  assert.equal(sentence(null, row(0, 10, null, { events: 0 })).join(""), "read 0 at 10.0 ms: no event ended in it.");
});

test("known is said as soon as one gap is not", () => {
  const now = { counts: { reads: 4, gaps: 3, known: 3 }, median_gap_ms: 22.64, longest_gap_ms: 300.4, longest_gap_read: 3 };
  assert.equal(summary({ now }), "4 reads: the median gap between pieces is 22.6 ms, the longest 300.4 ms before read 3.");
  now.counts.known = 2;
  assert.match(summary({ now }), /the median known gap between pieces/);
  now.counts.known = 0;
  assert.match(summary({ now }), /no gap between pieces of the answer is known/);
});

test("a piece that came in a merged read has no heat", () => {
  assert.equal(waitClass(row(1, 9, 50), 10), "sl-heat3");
  assert.equal(waitClass(row(1, 9, null, { lo: 1 }), 10), "sl-merged");
  assert.equal(waitClass(undefined, 10), "");
});

test("numbers are written as a person writes them", () => {
  assert.deepEqual([null, 0, 358.27, 999.94, 999.96, 1860].map(ms), ["–", "0.0 ms", "358.3 ms", "999.9 ms", "1.00 s", "1.86 s"]);
  assert.deepEqual([middle("abcdef", 6), middle("abcdefgh", 5), middle("abcdefgh", 4)], ["abcdef", "ab…gh", ""]);
});
