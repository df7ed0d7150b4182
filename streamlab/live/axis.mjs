// Times and numbers: how they are written, and where they stand on the axis.

const WINDOWS_S = [1.2, 1.6, 2.2, 3, 4, 5.5, 7.5, 10, 12, 16, 22, 30];
const STEPS_MS = [50, 100, 200, 500, 1000, 2000, 5000, 10000];
export const FLOOR_MS = 0.1; // of the logarithmic scale: a floor that never jumps

export const ms = (value) =>
  value == null ? "–" : value >= 999.95 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
export const short = (value) =>
  value >= 999.5 ? `${(value / 1000).toFixed(2)} s` : value >= 99.95 ? `${value.toFixed(0)} ms` : `${value.toFixed(1)} ms`;
export const whole = (value) => value.toLocaleString("en-US");
export const counted = (n, thing) => `${whole(n)} ${thing}${n === 1 ? "" : "s"}`;

// The window that shows a moment; it only grows, and from 30 s on it scrolls.
export function windowOf(now_ms, before = null) {
  const span = WINDOWS_S.map((s) => s * 1000).find((w) => w >= (before?.span ?? 0) && now_ms <= 0.92 * w);
  return span ? { begin: 0, span } : { begin: Math.max(now_ms - 0.92 * 30000, 0), span: 30000 };
}

export function ticks({ begin, span }, width) {
  const step = STEPS_MS.find((each) => (each / span) * width >= 80) ?? 10000, out = [];
  const digits = step < 100 ? 2 : step < 1000 ? 1 : span < 5000 ? 1 : 0;
  for (let at = Math.ceil(begin / step) * step; at <= begin + span + 1e-6; at += step)
    out.push([at, at ? `${(at / 1000).toFixed(digits)} s` : "0"]);
  return out;
}

// The height of a gap in a lane `high` px high, and whether it was clipped.
export function stem(gap, top, high, log) {
  const share = log ? Math.log10(Math.max(gap, FLOOR_MS) / FLOOR_MS) / Math.log10(Math.max(top, 1) / FLOOR_MS) : gap / top;
  return { height: Math.min(share, 1) * high, clipped: share > 1 };
}

// The top of the scale of gaps: four medians, or the decade above the longest gap.
export const topOf = (median, longest, log) =>
  log ? 10 ** Math.ceil(Math.log10(Math.max(longest ?? 0, 100))) : 4 * (median ?? 25);

// A text of at most `count` characters, without its middle.
export function middle(text, count) {
  const all = [...text];
  if (all.length <= count) return text;
  if (count < 5) return "";
  const half = Math.floor((count - 1) / 2);
  return `${all.slice(0, count - 1 - half).join("")}…${all.slice(all.length - half).join("")}`;
}
