import assert from "node:assert/strict";
import { test } from "node:test";
import { absorb, clock, empty, heat, SILENT_MS } from "../../../streamlab/live/held.mjs";

const counts = (more = {}) => ({ reads: 0, lines: 0, events: 0, bytes: 0, gaps: 0, known: 0, chars: 0, ...more });
const state = (number, since, more = {}) => ({
  number, since, sent_ms: 0, state: "streaming", ended: "", elapsed_ms: 100, median_gap_ms: null,
  text: [], lines: [], reads: [], counts: counts(), ...more,
});
const text = (held) => held.text.map((piece) => piece[1]).join("");

test("differences continue a whole state", () => {
  const held = empty();
  absorb(held, state(1, 0, { text: [["content", "one ", 0, 0]], reads: [[0, 10, 1, null]], counts: counts({ chars: 4 }) }), 0);
  absorb(held, state(2, 1, { text: [["content", "two", 1, 0]], reads: [[0, 10, 2, null], [1, 30, 1, 20]], counts: counts({ chars: 7 }) }), 5);
  assert.equal(text(held), "one two");
  assert.deepEqual(held.reads.map(({ n, events, gap }) => [n, events, gap]), [[0, 2, null], [1, 1, 20]]);
});

test("a missed message is noticed, and nothing of the next one is taken", () => {
  const held = empty();
  absorb(held, state(1, 0), 0);
  assert.equal(absorb(held, state(3, 2, { text: [["content", "x", 0, 0]] }), 5), false);
  assert.equal(text(held), "");
  assert.equal(held.number, 1);
});

test("a message that comes twice counts once", () => {
  const held = empty(), delta = state(2, 1, { text: [["content", "x", 0, 0]], counts: counts({ chars: 1 }) });
  absorb(held, state(1, 0), 0);
  absorb(held, delta, 1);
  absorb(held, delta, 2);
  assert.equal(text(held), "x");
});

test("a whole state adds only what is new, by code point", () => {
  const held = empty();
  absorb(held, state(1, 0, { text: [["content", "😀a", 0, 0]], counts: counts({ chars: 2 }) }), 0);
  absorb(held, state(2, 0, { text: [["content", "😀a😀b", 0, 0]], counts: counts({ chars: 4 }) }), 1);
  assert.equal(text(held), "😀a😀b");
});

test("what was missed beyond the kept text begins anew", () => {
  const held = empty();
  absorb(held, state(1, 0, { text: [["content", "old", 0, 0]], counts: counts({ chars: 3 }) }), 0);
  absorb(held, state(9, 0, { text: [["content", "new", 8, 0]], reads: [[8, 90, 1, 10]], counts: counts({ chars: 900 }) }), 1);
  assert.equal(text(held), "new");
  assert.equal(held.torn, true);
});

test("after a hole in the reads only those behind it are kept", () => {
  const held = empty();
  absorb(held, state(1, 0, { reads: [[0, 10, 1, null], [1, 20, 1, 10]] }), 0);
  absorb(held, state(2, 0, { reads: [[7, 80, 1, 10], [8, 90, 1, 10]] }), 1);
  assert.deepEqual(held.reads.map(({ n }) => n), [7, 8]);
});

test("a beat of the heart ends a silence of the kernel, and brings no text again", () => {
  const held = empty();
  absorb(held, state(1, 0, { text: [["content", "x", 0, 0]], counts: counts({ chars: 1 }) }), 0);
  assert.equal(clock(held, SILENT_MS + 1, null).silent_ms, SILENT_MS + 1);
  absorb(held, state(1, 1, { elapsed_ms: 1700, text: [] }), SILENT_MS + 2);
  assert.equal(clock(held, SILENT_MS + 3, null).silent_ms, 0);
  assert.equal(clock(held, SILENT_MS + 3, null).said, 1700);
  assert.equal(text(held), "x");
});

test("the clock stands when the kernel is gone, and at the end", () => {
  const held = empty();
  absorb(held, state(1, 0, { elapsed_ms: 880 }), 1000);
  assert.deepEqual(clock(held, 9000, "kernel restarted"), { said: 880, t: 880, open: false, silent_ms: 0 });
  absorb(held, state(2, 0, { state: "stopped", elapsed_ms: 900 }), 9000);
  assert.equal(clock(held, 20000, null).t, 900);
});

test("the scale of the gaps follows the median only by a fifth or more", () => {
  const held = empty(), scales = [];
  [20, 22, 23, 24.1, 22].forEach((median_gap_ms, n) => { absorb(held, state(n + 1, 0, { median_gap_ms }), n); scales.push(held.scale); });
  assert.deepEqual(scales, [20, 20, 20, 24.1, 24.1]);
});

test("the heat is that of known waits only", () => {
  const row = (gap, lo = null) => ({ gap, lo });
  assert.deepEqual([10, 12.5, 13, 20, 21, 40, 41].map((gap) => heat(row(gap), 10)), [0, 0, 1, 1, 2, 2, 3]);
  assert.equal(heat(row(null, 5), 10), null);
  assert.equal(heat(row(null), 10), 0);
});

test("what is held stays small in a long stream", () => {
  const held = empty();
  for (let n = 0; n < 20000; n += 50)
    absorb(held, state(n + 1, n ? n - 49 : 0, {
      reads: Array.from({ length: 50 }, (_, i) => [n + i, n + i, 1, 1]),
      text: [["content", "x".repeat(100), n, 0]], counts: counts({ chars: 2 * n + 100 }),
    }), n);
  assert.ok(held.reads.length <= 6500);
  assert.ok(text(held).length <= 8000);
  assert.equal(held.reads.at(-1).n, 19999);
});
