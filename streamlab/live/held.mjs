// What the browser holds of one stream: the numbered states of the kernel, put together.
// Nothing here touches the page, so that plain units can test it.

export const MAX_CHARS = 8000, MAX_READS = 6000, MAX_LINES = 12;
export const SILENT_MS = 1500; // the kernel speaks at least twice a second

export const empty = () => ({
  number: 0, now: null, reads: [], text: [], news: [], lines: [], torn: false,
  received: 0, offset: Infinity, scale: null,
});

export const running = (held) => !held.now || held.now.state === "waiting" || held.now.state === "streaming";

// The last `count` characters of some pieces, counted as the kernel counts: by code point.
function lastChars(pieces, count) {
  const out = [];
  for (let i = pieces.length - 1; i >= 0 && count > 0; i--) {
    const characters = [...pieces[i][1]];
    out.unshift([pieces[i][0], characters.slice(-count).join(""), ...pieces[i].slice(2)]);
    count -= characters.length;
  }
  return { pieces: out, short: Math.max(count, 0) };
}

// What in a whole state is new to a view that holds an earlier one.  A view that is up to
// date then only appends, so that a selection in its text survives.
function newIn(message, held) {
  const before = held.now?.counts ?? { chars: 0, lines: 0 };
  const { pieces, short } = lastChars(message.text, message.counts.chars - before.chars);
  return {
    text: pieces,
    lines: message.lines.filter(([number]) => number >= before.lines),
    torn: short > 0 && before.chars > 0,
  };
}

function putReads(reads, rows) {
  for (const [n, t, events, gap, lo, segments] of rows) {
    const row = { n, t, events, gap: gap ?? null, lo: lo ?? null, segments: segments ?? -1 };
    const at = reads.length ? n - reads[0].n : 0;
    if (at > reads.length) reads.length = 0; // reads in between were missed
    if (at >= 0) reads[reads.length && at <= reads.length ? at : 0] = row;
  }
  if (reads.length > MAX_READS + 500) reads.splice(0, reads.length - MAX_READS);
}

// Take a message into what the browser holds.  Returns whether it could be applied.
export function absorb(held, message, received) {
  const whole = message.since === 0, beat = message.number === held.number && message.since === held.number;
  if (message.number < held.number || (!whole && !beat && message.number === held.number)) return true;
  if (!whole && message.since !== held.number) return false; // missed one
  const news = whole ? newIn(message, held) : message;
  if (news.torn) held.text = [];
  held.torn ||= !!news.torn;
  if (!beat || whole) {
    held.news.push(...news.text);
    held.text.push(...news.text);
    held.lines = held.lines.concat(news.lines).slice(-MAX_LINES);
  }
  putReads(held.reads, message.reads);
  let over = held.text.reduce((sum, piece) => sum + piece[1].length, 0) - MAX_CHARS;
  while (over > 0) over -= held.text.shift()[1].length;
  Object.assign(held, { number: message.number, now: message, received });
  held.offset = Math.min(held.offset, received - message.sent_ms); // kernel's clock, at best
  const median = message.median_gap_ms; // a scale that follows each gap would make stems dance
  if (median && Math.abs(median - (held.scale ?? 0)) > 0.2 * (held.scale ?? 0)) held.scale = median;
  return true;
}

// The clock of a stream: what the kernel said last, how long ago, and what time is now.
export function clock(held, now, gone) {
  const said = held.now?.elapsed_ms ?? null, since = now - held.received;
  const open = held.now && running(held);
  return {
    said, t: said == null ? 0 : open && !gone ? said + since : said,
    open: !!open && !gone, silent_ms: open && !gone && since > SILENT_MS ? since : 0,
  };
}

// Which step of heat the wait before a read has: 0 to 3; null if it is not known.
export function heat(row, median) {
  if (row.lo != null) return null;
  if (row.gap == null || !median) return 0;
  const ratio = row.gap / median;
  return ratio > 4 ? 3 : ratio > 2 ? 2 : ratio > 1.25 ? 1 : 0;
}
