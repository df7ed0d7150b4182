// The parser in slow motion.  Our decoder in Python has computed all states; this module looks
// them up by the number of bytes consumed, and draws them.  It parses nothing.
//
// Streamed text is untrusted: it goes in as text nodes, never as HTML.

const CONTROL = { 0: "NUL", 9: "TAB", 10: "LF", 13: "CR", 27: "ESC", 127: "DEL" };
const LAYERS = ["framing", "bytes", "lines", "registers", "events", "text"];
const UNITS = { byte: "← →", line: "L", event: "E", read: "R" }, SPEEDS = [0.1, 0.3, 1, 3, 10];
const FRACTIONS = { 2: "½", 3: "⅓", 4: "¼" }, WORDS = ["no", "one", "two", "three", "four"];
const NEAR = 56, MS_PER_BYTE = 125, TICKS = 150;

const ms = (value) => (value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`);
const hex = (byte) => byte.toString(16).toUpperCase().padStart(2, "0");
const printed = (byte) => CONTROL[byte] ?? (byte < 32 || byte > 126 ? hex(byte) : String.fromCharCode(byte));

function make(tag, name, parent, text, attributes = {}) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  if (text != null) node.textContent = text;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

// How many of the sorted numbers are at most `value`.
export function upTo(sorted, value) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1; else high = middle;
  }
  return low;
}

export async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

// The states as tables.  Positions count shown bytes; offsets count the body, without framing.
export function indexed(data) {
  const bytes = Uint8Array.from(data.bytes, (c) => c.charCodeAt(0)), size = bytes.length;
  const isFraming = new Uint8Array(size), at = [], offsets = new Int32Array(size + 1), part = new Map();
  for (const [start, length] of data.frames) isFraming.fill(1, start, start + length);
  for (let p = 0; p < size; p++) {
    if (!isFraming[p]) at.push(p);
    offsets[p + 1] = at.length;
  }
  const { kind, name, colon, value, end } = data.lines, starts = [0], released = [];
  kind.forEach((_, i) => {
    const stop = starts[i] + name[i] + colon[i] + value[i];
    released.push(end[i] ? stop + 1 : Infinity); // the first byte of its end releases a line
    starts.push(stop + end[i]);
  });
  for (const [start, length, text] of data.chars)
    for (let i = 0; i < length; i++) part.set(start + i, { start, length, text, i });
  const after = (offset) => (offset > 0 && offset <= at.length ? at[offset - 1] + 1 : size);
  const event = data.events.map(([line]) => after(released[line]));
  const stops = { line: kind.map((_, i) => after(starts[i + 1])), event, read: data.reads.map(([end]) => end) };
  const rows = data.registers.map(([line]) => line), lost = !!data.registers.at(-1)?.[1] || released.at(-1) === Infinity;
  return { ...data, bytes, size, isFraming, at, offsets, starts, released, part, stops, rows, lost };
}

// What holds after `p` bytes.
export function stateAt(s, p) {
  const body = s.offsets[p], line = upTo(s.released, body), event = upTo(s.stops.event, p);
  const [, data = "", type = "", id = "", retry = null] = s.registers[upTo(s.rows, line) - 1] ?? [];
  const open = Math.min(s.starts[line] ?? body, body);
  return { p, body, line, event, open, registers: { data, event: type, id, retry }, rule: ruleAt(s, p, body) };
}

function ruleAt(s, p, body) {
  if (!p) return "start";
  if (p === s.size && s.lost) return "end";
  if (s.isFraming[p - 1]) return "chunk";
  const part = s.part.get(body - 1), within = upTo(s.starts, body - 1) - 1;
  if (part?.text === "BOM") return "bom";
  if (part && part.i < part.length - 1) return "utf8";
  if (part?.text.includes("\ufffd")) return "invalid";
  const { kind, name, colon, value } = s.lines, from = body - 1 - s.starts[within], rule = s.kinds[kind[within]];
  const stop = name[within] + colon[within] + value[within];
  if (from > stop) return "crlf";
  if (s.framing !== "sse") return rule === "json" && from === stop ? "json" : s.framing === "ndjson" ? "injson" : "text";
  if (from === stop) return rule !== "blank" ? rule : s.stops.event[upTo(s.stops.event, p) - 1] === p ? "dispatch" : "empty";
  if (!name[within] || from > name[within] + colon[within] - 1) return "value";
  return from < name[within] ? "name" : from === name[within] ? "colon" : "space";
}

// Body bytes as text; of a character that is not complete, a fraction.
function write(parent, s, from, to, body) {
  const cut = to - from > 110 ? from + 40 : Infinity;
  for (let o = from; o < to; o++) {
    if (o === cut) { parent.append(" ⋯ "); o = to - 60; }
    const part = s.part.get(o);
    if (!part) parent.append(printed(s.bytes[s.at[o]]));
    else if (part.start + part.length > body) make("span", "sl-half", parent, `${FRACTIONS[part.length] ?? "?"} ${hex(s.bytes[s.at[o]])}`);
    else if (!part.i && part.text !== "BOM") parent.append(part.text);
  }
  parent.normalize();
}

function drawTile(parent, s, st, q) {
  const byte = s.bytes[q], offset = s.offsets[q], part = s.isFraming[q] ? null : s.part.get(offset), line = upTo(s.starts, offset) - 1;
  const isHalf = part && part.start < st.body && part.start + part.length > st.body;
  const isName = !s.isFraming[q] && s.lines.kind[line] < 4 && offset - s.starts[line] < s.lines.name[line];
  const text = !part ? (byte === 32 ? "␣" : printed(byte)) : part.text === "BOM" || part.start + part.length <= st.body ? part.text : FRACTIONS[part.length] ?? "?";
  const names = [["sl-frame", s.isFraming[q]], ["sl-todo", q >= st.p], ["sl-now", q === st.p - 1], ["sl-part", isHalf], ["sl-fieldname", isName]];
  const tile = make("span", ["sl-byte", ...names.filter(([, on]) => on).map(([name]) => name)].join(" "), parent);
  make("b", text.length > 1 ? "sl-word" : "", tile, text);
  make("i", "", tile, hex(byte));
  return tile;
}

function drawReads(box, s, st) {
  const ends = s.stops.read, here = Math.min(upTo(ends, st.p - 1), ends.length - 1), tiles = new Map();
  box.replaceChildren();
  for (let r = Math.max(here - 1, 0); r <= Math.min(here + 1, ends.length - 1); r++) {
    const start = r ? ends[r - 1] : 0, end = ends[r], [, t, lo] = s.reads[r], framed = s.isFraming.slice(start, end).reduce((a, b) => a + b, 0);
    const when = t == null ? "" : lo != null ? `merged: it came between ${ms(lo)} and ${ms(t)} · ` : `${ms(t)} · `;
    const head = make("div", "sl-readname", box), size = `${end - start} ${end - start === 1 ? "byte" : "bytes"}`;
    make("strong", "", head, `read ${r}`);
    head.append(` ${when}${size}${framed ? `, ${framed} of them framing` : ""}${start >= st.p ? " · to come" : ""}`);
    const row = make("div", "sl-tiles", box), long = end - start > 2 * NEAR;
    const middle = Math.min(Math.max(st.p, start), end), [from, to] = long ? [Math.max(start, middle - NEAR), Math.min(end, middle + NEAR / 2)] : [start, end];
    if (from > start) make("span", "sl-more", row, `⋯ ${from - start} before`);
    for (let q = from; q < to; q++) tiles.set(q, drawTile(row, s, st, q));
    if (to < end) make("span", "sl-more", row, `⋯ ${end - to} more`);
  }
  const now = tiles.get(st.p - 1);
  if (now) box.scrollTop += now.getBoundingClientRect().bottom - box.getBoundingClientRect().bottom + 60;
  drawLink(box, s, st, tiles);
}

// What belongs together and came apart: the bytes of a character, or CR and LF.
function drawLink(box, s, st, tiles) {
  const part = s.part.get(st.body - 1), isPair = st.rule === "crlf";
  const first = isPair ? st.body - 2 : part?.start, n = isPair ? 2 : part?.length ?? 0;
  const places = Array.from({ length: n }, (_, i) => s.at[first + i]), ends = places.map((q) => upTo(s.stops.read, q));
  const reads = new Set(ends).size, chunks = places.filter((q, i) => i && q > places[i - 1] + 1).length + 1;
  if (s.isFraming[st.p - 1] || !n || (st.rule !== "utf8" && reads + chunks === 2)) return;
  const said = `${isPair ? "one end of a line: CR and LF" : `one character: ${WORDS[n]} bytes`}${reads > 1 ? `, in ${WORDS[reads]} reads` : ""}${chunks > 1 ? `${reads > 1 ? " and" : ", in"} ${WORDS[chunks]} chunks` : ""}`;
  const [one, two] = [tiles.get(places[0]), tiles.get(places.at(-1))];
  for (const q of places) tiles.get(q)?.classList.add("sl-part");
  make("div", "sl-said", box, said);
  if (!one || !two) return;
  const frame = box.getBoundingClientRect(), [a, b] = [one, two].map((tile) => tile.getBoundingClientRect());
  const x = (rect) => rect.left + rect.width / 2 - frame.left, y = (rect) => rect.bottom - frame.top + box.scrollTop, low = Math.max(y(a), y(b)) + 7;
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS(svg.namespaceURI, "path");
  svg.setAttribute("class", "sl-link"); svg.setAttribute("height", box.scrollHeight); svg.append(path);
  path.setAttribute("d", `M${x(a)} ${y(a)}V${low}H${x(b)}V${y(b)}`);
  box.append(svg);
}

function drawLines(box, s, st) {
  make("p", "sl-title", box, "lines").append(make("small", "", null, " ended by CR, LF or CR LF"));
  for (let i = Math.max(0, st.line - 3); i <= st.line; i++) {
    const isOpen = i === st.line, from = s.starts[i], to = isOpen ? st.body : s.released[i] - 1, name = s.lines.name[i];
    if (from == null || (isOpen && st.open >= st.body)) continue;
    const row = make("div", "sl-line", box), field = s.lines.kind[i] < 4 ? Math.min(to, from + name) : from;
    make("span", "sl-number", row, i);
    write(make("span", "sl-field", row), s, from, field, st.body);
    write(row, s, field, to, st.body);
    make("span", "sl-dim", row, isOpen ? "  no end of line yet" : " ↵");
  }
}

function drawBits(box, s, st) {
  const part = st.rule === "utf8" && s.part.get(st.body - 1);
  if (!part) return;
  make("p", "sl-title", box, "the character").append(make("small", "", null, " UTF-8, bit by bit"));
  for (let i = 0; i < part.length; i++) {
    const has = i <= part.i, byte = s.bytes[s.at[part.start + i]], fixed = i ? 2 : part.length + 1, bits = byte.toString(2).padStart(8, "0");
    const row = make("div", "sl-line", box);
    make("span", "sl-number", row, has ? hex(byte) : "??");
    make("span", "sl-dim", row, has ? bits.slice(0, fixed) : "10");
    make("span", "sl-bits", row, has ? bits.slice(fixed) : "······");
    make("span", "sl-dim", row, has ? `  ${8 - fixed} bits of it` : "  to come: 6 bits");
  }
}

function drawRegisters(box, s, st, before) {
  make("p", "sl-title", box, "registers").append(make("small", "", null, " what the decoder remembers"));
  const table = make("table", "", box), names = s.framing === "sse" ? ["data", "event", "id", ...(s.registers.at(-1)?.[4] == null ? [] : ["retry"])] : [];
  const changed = names.filter((name) => st.registers[name] !== before.registers[name]);
  for (const name of [...names, "unfinished line"]) {
    const isNow = name === "unfinished line" ? !changed.length && st.open !== st.body : changed.includes(name), row = make("tr", isNow ? "sl-changed" : "", table);
    make("th", "", row, name, { scope: "row" });
    const cell = make("td", "", row);
    if (name === "unfinished line") write(cell, s, st.open, st.body, st.body);
    else cell.textContent = String(st.registers[name] ?? "").replaceAll("\n", "↵");
  }
}

function drawEvents(box, s, st) {
  make("p", "sl-title", box, "events").append(make("small", "", null, ` ${st.event} dispatched`));
  const list = make("div", "sl-events", box), short = (text) => (text.length > 64 ? `…${text.slice(-64)}` : text);
  for (let i = Math.max(0, st.event - 3); i < st.event; i++) {
    const [, type, data] = s.events[i], [, t, lo] = s.reads[upTo(s.stops.read, s.stops.event[i] - 1)] ?? [], row = make("div", "sl-line", list);
    make("span", "sl-number sl-field", row, i);
    row.append(`${type} "${short(data).replaceAll("\n", "↵")}"`);
    make("span", "sl-dim", row, t == null ? "" : lo != null ? ` between ${ms(lo)} and ${ms(t)}` : ` at ${ms(t)}`);
  }
  if (st.registers.data || st.registers.event) make("div", "sl-line sl-dim", list, `${st.event}  ${st.registers.event || "message"} waits for a blank line`);
  else if (!st.event) make("div", "sl-line sl-dim", list, "none yet");
}

function draw(view, s, st, before) {
  const rule = s.rules[st.rule], fill = (text) => text.replace("{line}", upTo(s.starts, st.body - 1) - 1).replace("{event}", st.event - 1);
  const isOpen = st.open < st.body, waits = st.registers.data || st.registers.event;
  view.root.dataset.rule = st.rule;
  view.now.textContent = `${rule.glyph} ${fill(rule.title)}`;
  view.where.textContent = `byte ${st.p.toLocaleString("en-US")} of ${s.size.toLocaleString("en-US")} · line ${st.line}${isOpen ? ", unfinished" : ""} · event ${st.event}${waits ? ", not dispatched" : ""}`;
  drawReads(view.reads, s, st);
  for (const box of [view.lines, view.registers, view.events, view.text]) box.replaceChildren();
  drawLines(view.lines, s, st); drawBits(view.lines, s, st); drawRegisters(view.registers, s, st, before); drawEvents(view.events, s, st);
  make("p", "sl-title", view.text, "text").append(make("small", "", null, " what a reader has of it so far"));
  make("div", "sl-answer", view.text, s.texts.filter(([line]) => line < st.line).map(([, text]) => text).join("").slice(-240).trimEnd());
  view.quote.textContent = rule.quote && `“${rule.quote}”`;
  view.source.textContent = `${rule.where}. ${rule.ours}`;
  view.scrub.value = st.p;
  view.scrub.setAttribute("aria-valuetext", `${view.now.textContent}, ${view.where.textContent}`);
}

function build(el) {
  const root = make("section", "sl-player", el, null, { role: "group", "aria-label": "parser in slow motion", tabindex: "0", "data-lm-suppress-shortcuts": "true" });
  const head = make("div", "sl-head", root), view = { root, buttons: {} };
  view.now = make("strong", "sl-state", head);
  view.where = make("span", "sl-dim", head);
  view.notices = make("ul", "sl-notices", root, null, { "aria-label": "what to notice" });
  view.edit = make("div", "sl-edit", root);
  view.layers = make("div", "sl-layers", root, null, { role: "group", "aria-label": "layers" });
  view.reads = make("div", "sl-reads", root, null, { "data-layer": "bytes", tabindex: "0", role: "region", "aria-label": "bytes" });
  const grid = make("div", "sl-grid", root);
  for (const name of ["lines", "registers", "text", "events"]) view[name] = make("div", "", grid, null, { "data-layer": name });
  const rule = make("blockquote", "", root);
  view.quote = make("p", "", rule);
  view.source = make("p", "sl-dim", rule);
  view.controls = make("div", "sl-controls", root);
  view.marks = make("div", "sl-marks", root, null, { "aria-hidden": "true" });
  view.scrub = make("input", "", root, null, { type: "range", min: 0, "aria-label": "position in bytes" });
  return view;
}

function drawMarks(view, s) {
  view.marks.replaceChildren();
  const mark = (p, name, text) => { make("span", name, view.marks, text).style.left = `${(100 * p) / Math.max(s.size, 1)}%`; };
  const few = (stops) => stops.length <= TICKS;
  if (few(s.reads)) s.reads.forEach((_, r) => mark(r ? s.stops.read[r - 1] : 0, "sl-readmark", s.reads.length < 7 ? `read ${r}` : ""));
  if (few(s.events)) s.stops.event.forEach((p) => mark(p, "sl-eventmark", "●"));
  view.notices.replaceChildren();
  for (const [line, said] of s.notices) {
    const to = line < 0 ? s.size : s.stops.line[line], item = make("button", "", make("li", "", view.notices), `${line < 0 ? "" : `line ${line}: `}${said}`, { type: "button" });
    item.addEventListener("click", () => view.go(to));
  }
  if (s.more) make("li", "", view.notices, `${s.more.toLocaleString("en-US")} more bytes are in the recording.`);
}

// The time of a position, and the position at a time: a read is parsed until the next one comes.
export function timeline(s) {
  const times = s.reads.map(([, t]) => t), last = times.length - 1;
  if (!times.length || times[0] == null) return { time: (p) => p * MS_PER_BYTE, position: (t) => t / MS_PER_BYTE };
  const long = (r) => Math.max(r < last ? times[r + 1] - times[r] : 100, 0.001), from = (r) => (r ? s.stops.read[r - 1] : 0);
  return {
    time(p) { const r = Math.min(upTo(s.stops.read, p), last); return times[r] + (long(r) * (p - from(r))) / Math.max(s.stops.read[r] - from(r), 1); },
    position(t) { const r = Math.max(upTo(times, t) - 1, 0); return from(r) + (s.stops.read[r] - from(r)) * Math.min(Math.max((t - times[r]) / long(r), 0), 1); },
  };
}

// Puts a player into `el`; returns what its owner needs: `load` other states, `leave`.
export function mount(el, hear) {
  const view = build(el), hidden = new Set();
  let s, st, clock, playing = 0, speed = 0.1, frame = 0;
  const go = view.go = (p) => {
    const to = Math.min(Math.max(Math.round(p), 0), s.size), before = to && stateAt(s, to - 1);
    st = stateAt(s, to);
    draw(view, s, st, before || st);
  };
  const step = (unit, back) => {
    stop();
    const stops = s.stops[unit];
    const next = () => unit === "byte" ? st.p + (back ? -1 : 1) : back ? stops[upTo(stops, st.p - 1) - 1] ?? 0 : stops[upTo(stops, st.p)] ?? s.size;
    do go(next()); while (unit === "byte" && hidden.has("framing") && st.p > 0 && st.p < s.size && s.isFraming[st.p - 1]);
  };
  const label = () => { view.play.textContent = playing ? "❚❚ Space" : "▶ Space"; view.play.setAttribute("aria-label", playing ? "pause" : "play"); };
  const stop = () => { playing = 0; cancelAnimationFrame(frame); label(); };
  const play = () => {
    if (playing) return stop();
    if (st.p >= s.size) go(0);
    playing = 1;
    let t = clock.time(st.p), seen = performance.now();
    const loop = (now) => {
      t += (now - seen) * speed; seen = now;
      const p = Math.floor(clock.position(t));
      if (p > st.p) go(p);
      if (st.p >= s.size) return stop();
      frame = requestAnimationFrame(loop);
    };
    label(); frame = requestAnimationFrame(loop);
  };
  const button = (parent, text, said, press) => { const b = make("button", "", parent, text, { type: "button", "aria-label": said }); b.addEventListener("click", press); return b; };
  view.play = button(view.controls, "", "", play); view.play.classList.add("sl-play");
  for (const [unit, keys] of Object.entries(UNITS)) {
    const group = make("span", "sl-unit", view.controls);
    button(group, "◂", `previous ${unit}`, () => step(unit, true));
    make("span", "", group, unit).append(make("kbd", "", null, ` ${keys}`));
    button(group, "▸", `next ${unit}`, () => step(unit, false));
  }
  const speeds = make("span", "sl-unit sl-speeds", view.controls);
  const choose = (value) => { speed = value; for (const b of speeds.children) b.setAttribute("aria-pressed", b.textContent === `${value} ×`); };
  for (const value of SPEEDS) button(speeds, `${value} ×`, `${value} times the pace of the recording`, () => choose(value));
  choose(speed);
  for (const layer of LAYERS) {
    const toggle = button(view.layers, `✓ ${layer}`, `layer ${layer}`, () => {
      if (!hidden.delete(layer)) hidden.add(layer);
      toggle.setAttribute("aria-pressed", !hidden.has(layer)); toggle.textContent = `${hidden.has(layer) ? "–" : "✓"} ${layer}`;
      view.root.classList.toggle(`sl-no-${layer}`); go(st.p);
    });
    toggle.setAttribute("aria-pressed", true);
  }
  view.legend = make("span", "sl-dim", view.layers);
  view.scrub.addEventListener("input", () => { stop(); go(Number(view.scrub.value)); });
  view.root.addEventListener("keydown", (event) => {
    const isText = event.target.tagName === "TEXTAREA", key = event.key.toLowerCase(), unit = { l: "line", e: "event", r: "read" }[key];
    event.stopPropagation();
    if (isText || event.ctrlKey || event.metaKey || event.altKey || !s) return;
    if (unit) step(unit, event.shiftKey);
    else if (key === "arrowleft" || key === "arrowright") step("byte", key === "arrowleft");
    else if (key === " " && event.target.tagName !== "BUTTON") play();
    else return;
    event.preventDefault();
  });
  const load = async (packed) => {
    stop();
    const wasAtEnd = !st || st.p >= s.size, p = st?.p ?? 0, had = !!st;
    s = indexed(await unpacked(packed)); clock = timeline(s);
    view.scrub.max = s.size; view.legend.textContent = `${s.frames.length ? "dashed: framing · " : ""}faded: still to come`;
    drawMarks(view, s);
    go(had && !wasAtEnd ? p : had ? s.size : 0);
  };
  label();
  return { view, load, leave: stop };
}

function render({ model, el }) {
  const { view, load, leave } = mount(el), reload = () => load(model.get("packed"));
  if (model.get("editable")) {
    const label = make("label", "", view.edit, "the bytes, to change: text, or reads as Python writes them, [b'data: caf\\xc3', b'\\xa9\\n\\n']"), note = make("div", "sl-said", view.edit, "", { role: "status" });
    const box = make("textarea", "", label, model.get("typed"), { rows: 3, spellcheck: "false" });
    let waiting = 0;
    box.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => { note.textContent = "waiting for the kernel"; model.send({ do: "type", text: box.value }); }, 250);
    });
    model.on("msg:custom", (message) => { note.textContent = message.said ?? ""; });
  }
  model.on("change:packed", reload);
  reload();
  return () => { leave(); model.off("change:packed", reload); };
}

export default { render };
