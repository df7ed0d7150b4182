// Marks to pixels: a canvas, in the colours of the style sheet.
import { ms, short, ticks, whole } from "./axis.mjs";

const SANS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";
const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace";

export function penOn(canvas, height) {
  const ratio = window.devicePixelRatio || 1, width = canvas.clientWidth;
  const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  return pen;
}

export function coloursOf(root) {
  const style = getComputedStyle(root);
  const names = ["fg", "dim", "line", "bg", "soft", "data", "late", "late-ground", "hatch"];
  return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--sl-${name}`).trim()]));
}

export function write(pen, text, x, y, colour, { align = "left", bold = false, size = 12, mono = false, ground = null } = {}) {
  pen.font = `${bold ? "600 " : ""}${size}px ${mono ? MONO : SANS}`;
  pen.textAlign = align;
  pen.textBaseline = "middle";
  if (ground) {
    pen.strokeStyle = ground;
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.strokeText(text, x, y);
  }
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

function wide(pen, text, bold, size) {
  pen.font = `${bold ? "600 " : ""}${size}px ${SANS}`;
  return pen.measureText(text).width;
}

export function line(pen, x0, y0, x1, y1, colour, width = 1, dash = []) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dash);
  pen.beginPath(); pen.moveTo(x0, y0); pen.lineTo(x1, y1); pen.stroke();
  pen.setLineDash([]);
}

// Slanted lines in a rectangle: "/" for merged reads, "\" for a silent kernel.
export function hatch(pen, x0, y0, x1, y1, step, rising, colour, width) {
  if (x1 <= x0) return;
  const high = y1 - y0;
  pen.save();
  pen.beginPath(); pen.rect(x0, y0, x1 - x0, high); pen.clip();
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.beginPath();
  for (let at = Math.floor((x0 - high) / step) * step; at < x1 + high; at += step) {
    pen.moveTo(at, rising ? y1 : y0);
    pen.lineTo(at + high, rising ? y0 : y1);
  }
  pen.stroke();
  pen.restore();
}

// Words stand only if they fit; then the number alone; then nothing.
function words(pen, { x0, x1, title, sub, less = [] }, y, colour, dim, ground = null) {
  const middle = (x0 + x1) / 2, room = x1 - x0 - 3;
  const alone = [title, ...less].find((text) => wide(pen, text, true, 13) <= room);
  if (alone === title && wide(pen, sub, false, 12) <= room) {
    write(pen, title, middle, y - 8, colour, { align: "center", bold: true, size: 13, ground });
    write(pen, sub, middle, y + 9, dim, { align: "center", ground });
  } else if (alone)
    write(pen, alone, middle, y, colour, { align: "center", bold: true, size: 13, ground });
}

export function drawAxis(pen, scale, top, floor, colours) {
  const { left, right, x } = scale;
  for (const [at, label] of ticks(scale, right - left)) {
    const here = Math.round(x(at)) + 0.5;
    if (here < left || here > right + 1) continue;
    line(pen, here, top, here, floor, colours.line);
    line(pen, here, floor, here, floor + 5, colours.dim);
    write(pen, label, Math.min(here, right - 12), floor + 14, colours.dim, { align: at ? "center" : "left" });
  }
  line(pen, left, floor + 0.5, right, floor + 0.5, colours.dim);
}

export function drawStream(pen, marks, lanes, scale, colours, chosen, name) {
  const { left, right } = scale, { events, reads, gaps, floor } = lanes, low = reads + 15;
  for (const each of marks.boxes) drawBox(pen, each, events, low, colours);
  if (marks.earlier) words(pen, { ...marks.earlier, sub: "are in the recording" }, events + 22, colours.dim, colours.dim, colours.bg);
  for (const each of marks.bars) {
    const band = colours.data + "44";
    hatch(pen, each.x0, events, each.x1, reads, 11, true, band, 1);
    hatch(pen, each.x0, lanes.text, each.x1, lanes.text + 24 * lanes.choices, 11, true, band, 1);
    hatch(pen, each.x0, gaps, each.x1, floor, 11, true, band, 1);
    hatch(pen, each.x0, reads, each.x1, low, 7, true, colours.data, 1.4);
    pen.strokeStyle = colours.data;
    pen.lineWidth = 1.5;
    pen.strokeRect(each.x0, reads + 0.5, Math.max(each.x1 - each.x0, 2), 14);
    words(pen, each, reads - 21, colours.fg, colours.fg, colours.bg);
    if (wide(pen, each.gap, false, 12) <= each.x1 - each.x0 - 8)
      write(pen, each.gap, (each.x0 + each.x1) / 2, (gaps + floor) / 2, colours.fg, { align: "center", ground: colours.bg });
  }
  for (const tick of marks.ticks) drawTick(pen, tick, reads, marks.dense, colours);
  marks.runs.forEach((runs, choice) => runs.forEach((run) => drawRun(pen, run, lanes.text + 24 * choice, colours)));
  line(pen, left - 60, lanes.line + 0.5, right, lanes.line + 0.5, colours.line);
  drawGaps(pen, marks, lanes, scale, colours);
  if (chosen) {
    pen.strokeStyle = colours.data;
    pen.fillStyle = colours.data + "1c";
    pen.lineWidth = 1.3;
    for (const [y0, y1] of [[reads - 36, low + 2], [gaps - 5, floor + 3]]) {
      pen.beginPath(); pen.roundRect(chosen - 4, y0, 8, y1 - y0, 4); pen.fill(); pen.stroke();
    }
  }
  if (name) write(pen, name, left - 60, lanes.top + 10, colours.fg, { size: 14 });
  const lane = (text, y) => write(pen, text, left - 9, y, colours.fg, { align: "right", bold: true });
  lane("events", reads - 12);
  lane("reads", reads + 8);
  for (let n = 0; n < lanes.choices; n++) lane(n ? `text ${n + 1}` : "text", lanes.text + 24 * n + 12);
}

function drawBox(pen, each, top, low, colours) {
  if (each.x1 - each.x0 < 4) return;
  const late = each.kind === "stall";
  pen.fillStyle = late ? colours["late-ground"] : colours.soft;
  pen.fillRect(each.x0, top, each.x1 - each.x0, low - top);
  if (late) { // a growing box has no right edge: it ends at now
    pen.strokeStyle = colours.late;
    pen.lineWidth = 1.3;
    pen.beginPath();
    if (each.open) { pen.moveTo(each.x1, top); pen.lineTo(each.x0, top); pen.lineTo(each.x0, low); pen.lineTo(each.x1, low); }
    else pen.roundRect(each.x0, top, each.x1 - each.x0, low - top, 2);
    pen.stroke();
  }
  words(pen, each, top + 26, late ? colours.late : colours.fg, late ? colours.fg : colours.dim);
}

function drawTick(pen, tick, reads, dense, colours) {
  line(pen, tick.x, reads, tick.x, reads + 15, colours.data, dense ? 1.3 : 1.8);
  pen.fillStyle = colours.data;
  const radius = dense ? 1.5 : 2.35, step = dense ? 3.9 : 5.2;
  for (let n = 0; n < Math.min(tick.events, 8); n++) {
    pen.beginPath(); pen.arc(tick.x, reads - 5 - n * step, radius, 0, 7); pen.fill();
  }
  if (tick.events > 8 && !dense)
    write(pen, whole(tick.events), tick.x, reads - 8 - 8 * step, colours.data, { align: "center", bold: true, size: 11 });
}

function drawRun(pen, run, y, colours) {
  if (run.tick != null) line(pen, run.tick, y - 3, run.tick, y + 2, colours.data, 1.5);
  write(pen, run.text, run.x, y + 12, colours.fg, { mono: true, ground: colours.bg });
}

function drawGaps(pen, { stems, median }, { gaps, floor }, { left, right, top, log }, colours) {
  line(pen, left, gaps + 0.5, right, gaps + 0.5, colours.line);
  const tall = floor - gaps > 60, name = { align: "right", bold: true };
  if (median) {
    const at = log ? null : floor - (median / top) * (floor - gaps);
    if (at != null) line(pen, left, at, right, at, colours.dim, 1, [2, 3]);
    if (tall) {
      write(pen, ms(top).replace(/\.\d ms/, " ms"), left - 9, gaps + 6, colours.dim, { align: "right" });
      write(pen, log ? "0.1 ms" : short(median), left - 9, log ? floor - 6 : at, colours.dim, { align: "right" });
      write(pen, log ? "logarithmic" : "4 medians", left + 6, gaps + 9, colours.dim, { ground: colours.bg });
      if (!log) write(pen, "median", left + 6, at - 8, colours.dim, { ground: colours.bg });
    } else {
      write(pen, log ? `0.1 ms to ${ms(top)}` : `4 medians: ${ms(top)}`, left + 6, gaps + 9, colours.dim, { ground: colours.bg });
      if (!log) write(pen, `median ${ms(median)}`, left + 6, at - 8, colours.dim, { ground: colours.bg });
    }
  }
  write(pen, "gaps", left - 9, tall ? gaps + 28 : (gaps + floor) / 2, colours.fg, name);
  let taken = left + (median ? 72 : 0); // a number never stands on another one, or on a stem
  const others = stems.filter(({ height }) => height > floor - gaps - 14);
  for (const each of stems) {
    if (!each.clipped) { line(pen, each.x, floor, each.x, floor - each.height, colours.data, 2); continue; }
    line(pen, each.x, floor, each.x, gaps + 6, colours.late, 2.4);
    pen.fillStyle = colours.late;
    pen.beginPath(); pen.moveTo(each.x, gaps); pen.lineTo(each.x - 5, gaps + 8); pen.lineTo(each.x + 5, gaps + 8); pen.fill();
    const label = ms(each.gap).replace(/\.\d ms/, " ms"), room = wide(pen, label, true, 12) + 10;
    const free = (from, to) => !others.some(({ x }) => x > from - 6 && x < to + 6 && x !== each.x);
    if (each.x - room > taken && free(each.x - room, each.x)) { write(pen, label, each.x - 8, gaps + 6, colours.late, { align: "right", bold: true, ground: colours.bg }); taken = each.x; }
    else if (each.x > taken + 8 && each.x + room < right && free(each.x, each.x + room)) { write(pen, label, each.x + 8, gaps + 6, colours.late, { bold: true, ground: colours.bg }); taken = each.x + room; }
  }
}

// What the kernel did not tell: from its last state to now, over all lanes.
export function drawSilence(pen, from, to, top, floor, silent_ms, colours) {
  hatch(pen, from, top, to, floor, 11, false, colours.hatch, 1);
  line(pen, from, top, from, floor, colours.fg, 1.5);
  const title = `no word from the kernel for ${(silent_ms / 1000).toFixed(1)} s`;
  words(pen, { x0: from, x1: to, title, sub: "what arrived meanwhile is not known yet", less: [`${(silent_ms / 1000).toFixed(1)} s`] },
        top + 40, colours.fg, colours.fg, colours.bg);
}

export function drawNow(pen, at, top, floor, said, colours) {
  const dashed = said === "now", right = pen.canvas.clientWidth - 34;
  line(pen, at, top - 8, at, floor, colours.fg, dashed ? 1.2 : 1.6, dashed ? [4, 3] : []);
  write(pen, said, at > right ? at - 5 : at + 5, top - 6, colours.fg, { bold: true, align: at > right ? "right" : "left", ground: colours.bg });
}
