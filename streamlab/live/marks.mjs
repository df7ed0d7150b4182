// Where everything stands: the marks of one stream, in px, from what the browser holds.
// Solid is measured, hatched is not known: no mark stands inside an interval of unknown times.
import { heat, running } from "./held.mjs";
import { counted, middle, ms, short, stem, whole } from "./axis.mjs";

const CHAR = 7.25, CLEAR = 4; // px: a character of the text lane; between a box and a tick
const HEARD_MS = 1000;
const lettersIn = (text) => [...text].length;

// The lanes of one stream, from `top` down.
export function lanesAt(top, several, choices) {
  const events = top + (several ? 22 : 0), reads = events + 44, text = reads + 19;
  const line = text + 24 * choices + 8, gaps = line + 11;
  return { top, events, reads, text, line, gaps, choices, floor: gaps + (several ? 44 : 72) };
}

export function marksOf(held, lanes, scale, clock) {
  const { x, left, right, begin, median, top, log } = scale;
  const out = { ticks: [], bars: [], boxes: [], stems: [], runs: [], median: held.now ? held.now.median_gap_ms : median };
  const shown = held.reads.filter((row) => row.t >= begin);
  if (held.reads.length && shown.length && held.reads[0].n > 0 && held.reads[0] === shown[0])
    out.earlier = { x0: left, x1: x(shown[0].lo ?? shown[0].t) - CLEAR, title: `${whole(shown[0].n)} earlier reads` };
  let last = null;
  for (const row of shown) {
    const at = x(row.t), before = held.reads[row.n - held.reads[0].n - 1];
    if (row.lo != null) out.bars.push(bar(row, before, x, left, at));
    else if (row.n === 0 && row.t > 0) out.boxes.push(box(x(0), at, row.t, "first", false));
    else if (row.gap != null && median && row.gap > 4 * median && before)
      out.boxes.push(box(Math.max(x(before.t), left), at, row.gap, "stall", false));
    // Reads that share a pixel are one mark: the tallest tower and the longest gap of them.
    if (last && Math.round(last.x * 2) === Math.round(at * 2)) {
      last.events = Math.max(last.events, row.lo == null ? row.events : 0);
      last.gap = Math.max(last.gap ?? 0, row.gap ?? 0) || null;
    } else out.ticks.push((last = { x: at, n: row.n, events: row.lo == null ? row.events : 0, gap: row.gap, lo: row.lo }));
  }
  const apart = out.ticks.slice(1).map((tick, i) => tick.x - out.ticks[i].x).sort((a, b) => a - b);
  out.dense = apart[apart.length >> 1] < 5;
  out.ticks.forEach((tick) => {
    if (tick.gap != null) out.stems.push({ x: tick.x, n: tick.n, gap: tick.gap, ...stem(tick.gap, top, lanes.floor - lanes.gaps, log) });
  });
  // Two heartbeats missed: since the last state it is not known whether something came.
  const heard = clock.t - clock.said > HEARD_MS ? clock.said : clock.t;
  const final = held.reads.at(-1), open = heard - (final?.t ?? 0);
  if (clock.open && !clock.silent_ms && open > (final ? 4 * (median ?? 100) : 0))
    out.boxes.push(box(Math.max(x(final?.t ?? 0), left), x(heard) + CLEAR, open, final ? "stall" : "first", true));
  for (let choice = 0; choice < lanes.choices; choice++) out.runs.push(runsOf(held, shown, choice, x, right, median));
  return out;
}

function box(from, to, wait, kind, open) {
  return { x0: from + (kind === "stall" ? CLEAR : 0), x1: to - CLEAR, kind, open, title: short(wait),
           sub: kind === "first" ? (open ? "no read yet" : "to the first read") : "nothing came" };
}

function bar(row, before, x, left, at) {
  const span = row.t - row.lo;
  return { x0: Math.max(x(row.lo), left), x1: at, n: row.n, less: [counted(row.events, "event"), whole(row.events)],
           title: `${counted(row.events, "event")} in one merged read`,
           sub: `in these ${short(span)}; when is not known`,
           gap: `gap not known: ${before ? short(Math.max(row.lo - before.t, 0)).replace(/^0\.0 ms/, "0") : "0"} to ${short(row.t - (before?.t ?? row.lo))}` };
}

// The text lane: a run starts at its true time and flows on; a new run starts at a word that
// has room, and after each silence.
function runsOf(held, shown, choice, x, right, median) {
  const runs = [], rows = new Map(shown.map((row) => [row.n, row]));
  for (const [kind, text, read, of] of held.text) {
    const row = rows.get(read);
    if (of !== choice || !row || (kind !== "content" && kind !== "data")) continue;
    const said = text.replace(/\s+/g, " "), last = runs.at(-1), at = x(row.t);
    if (row.lo != null) {
      if (last?.merged === read) last.text += said;
      else runs.push({ x: x(row.lo), end: at, merged: read, text: said, tick: null });
      continue;
    }
    const silence = row.gap != null && median && row.gap > 4 * median;
    const ahead = last ? last.x + lettersIn(last.text) * CHAR - at : 0; // of its time
    const word = /^\s/.test(said) || /\s$/.test(last?.text ?? "");
    // Text that runs far ahead of its time is cut, so that the lane stays one of time.
    if (!last || last.merged != null || silence || ahead < -40 || (word && (ahead <= -6 || (ahead > 60 && at - last.x > 90))))
      runs.push({ x: at, text: said.replace(/^ /, ""), tick: at, reads: [] });
    else last.text += said;
  }
  const last = runs.at(-1); // stays inside the plot; its tick does not move
  if (last && last.merged == null) {
    last.x = Math.min(last.x, right - Math.min(lettersIn(last.text) * CHAR, 90));
    const fits = Math.floor((right - last.x) / CHAR + 0.01), letters = [...last.text];
    if (letters.length > fits) last.text = `…${letters.slice(1 - fits).join("")}`;
  }
  runs.forEach((run, i) => {
    const next = runs[i + 1]?.x ?? Infinity, wide = lettersIn(run.text) * CHAR;
    if (run.merged != null) {
      run.text = middle(run.text, Math.floor((run.end - run.x - 8) / CHAR));
      run.x += Math.max((run.end - run.x - lettersIn(run.text) * CHAR) / 2, 4);
    } else if (run.x + wide > next - 3) {
      const fits = Math.floor((next - 3 - run.x) / CHAR) - 1;
      run.text = fits > 0 ? [...run.text].slice(0, fits).join("") + "…" : "";
    }
  });
  return runs;
}

// What the readout says of a read.
export function sentence(held, row) {
  const events = counted(row.events, "event"), name = [`read ${row.n}`];
  if (row.lo != null) {
    const queued = row.segments > 0 ? `${counted(row.segments, "segment")} queued` : "Its bytes queued";
    return [...name, ` came at some time from ${row.lo.toFixed(1)} to ${row.t.toFixed(1)} ms: `, `${events}.`,
            ` ${queued} while this program was busy, so no gap is known.`];
  }
  const gap = row.gap == null ? "" : `, ${ms(row.gap)} after read ${row.n - 1}`;
  const many = row.events > 1 ? `${events}, one arrival.` : row.events ? "1 event." : "no event ended in it.";
  return [...name, ` at ${row.t.toFixed(1)} ms${gap}: `, many, row.events > 1 ? " No gap between them was observed." : ""];
}

// What the readout says of the whole stream, or of one of several.
export function summary(held, several = false) {
  if (several) return `${held.now.name}: ${held.now.state === "failed" ? `✕ ${middle(held.now.ended, 100)}.` : summary(held)}`;
  const { counts, median_gap_ms, longest_gap_ms, longest_gap_read } = held.now;
  if (!counts.gaps) return counts.reads ? `${counted(counts.reads, "read")}, and no gap between pieces of the answer yet.` : running(held) ? "Waiting for the first read." : "No read arrived.";
  const known = counts.known < counts.gaps ? "known " : "";
  if (!counts.known) return `${counted(counts.reads, "read")}: no gap between pieces of the answer is known.`;
  return `${counted(counts.reads, "read")}: the median ${known}gap between pieces is ${ms(median_gap_ms)}, the longest ${ms(longest_gap_ms)} before read ${longest_gap_read}.`;
}

export const waitClass = (row, median) => {
  const step = row ? heat(row, median) : 0;
  return step == null ? "sl-merged" : step ? `sl-heat${step}` : "";
};
