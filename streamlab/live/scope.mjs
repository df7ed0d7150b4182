// The scope in the browser.  The kernel sends numbered states; everything that moves between
// two of them (the clock, a growing silence, the waiting click) is drawn from here.
//
// Streamed text is untrusted: it goes in as text nodes, never as HTML.
import { MAX_CHARS, absorb, clock, empty, running } from "./held.mjs";
import { counted, ms, short, topOf, whole, windowOf } from "./axis.mjs";
import { lanesAt, marksOf, sentence, summary, waitClass } from "./marks.mjs";
import { coloursOf, drawAxis, drawNow, drawSilence, drawStream, penOn } from "./draw.mjs";

const SAID = { reasoning: "reasoning", tool_call: "tool call", refusal: "refusal" };
const GLYPHS = { data: "●", event: "◆", id: "#", retry: "↻", comment: ":", blank: "↵", other: "?", json: "●", tail: "…" };
const FACTS = [["ttft", "first text (TTFT)"], ["elapsed", "since the request"], ["reads", "reads"],
               ["lines", "lines"], ["events", "events"], ["median", "median gap"]];
const COLUMNS = [["ttft", "first text (TTFT)"], ["reads", "reads"], ["events", "events"], ["median", "median gap"], ["longest", "longest gap"]];
const HOW = { sync: "record, in a thread", async: "arecord, on its own loop" };
const PING_MS = 2000, ALOUD_MS = 5000;

function make(tag, name, parent, attributes = {}, text = "") {
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  parent?.append(node);
  return node;
}
const say = (node, text) => { if (node.textContent !== text) node.textContent = text; };

function build(el, stoppable, several) {
  const root = make("section", several > 1 ? "sl-scope sl-several" : "sl-scope", el, { style: `--sl-n: ${several}`, role: "group", "aria-label": "live stream", "data-state": "waiting", "data-lm-suppress-shortcuts": "true" });
  const head = make("div", "sl-head", root), view = { root, several, facts: [], texts: new Map(), rows: new Map() };
  view.state = make("span", "sl-state", head, { role: "status" });
  view.title = make("span", "sl-title", head);
  const scales = make("span", "sl-scales", head, { role: "group", "aria-label": "scale of the gaps" });
  make("span", "", scales, {}, "gaps");
  view.linear = make("button", "", scales, { type: "button", "aria-pressed": "true" }, "linear");
  view.log = make("button", "", scales, { type: "button", "aria-pressed": "false" }, "log");
  view.hold = make("button", "sl-hold", head, { type: "button", "aria-pressed": "false", "aria-keyshortcuts": "Space" });
  view.stop = stoppable ? make("button", "sl-stop", head, { type: "button" }, ["Stop", "Stop both"][several - 1] ?? "Stop all") : null;
  view.aloud = make("div", "sl-aloud", root, { "aria-live": "polite" });
  if (several > 1) buildTable(view, several);
  else view.facts.push(Object.fromEntries(FACTS.map(([key, label]) => [key, fact(view.grid ??= make("div", "sl-facts", root), key, label)])));
  view.plot = make("div", "sl-plot", root, { tabindex: "0", role: "group", "aria-label": "reads in time: the left and right arrow keys go from read to read" });
  view.canvas = make("canvas", "sl-canvas", view.plot, { role: "img", "aria-label": "no read yet" });
  view.readout = make("p", "sl-readout", root);
  view.note = make("p", "sl-note", root, { role: "status" });
  const legend = make("div", "sl-legend", root);
  make("span", "", legend, {}, "wait before a piece:");
  for (const [name, text] of [["", "about 1 median"], ["sl-heat1", "to 2"], ["sl-heat2", "to 4"], ["sl-heat3", "▾ more"], ["sl-same", "same read as before"], ["sl-merged", "wait not known"]])
    make("span", "", make("span", "sl-key", legend), { class: `sl-patch ${name}` }).after(text);
  view.text = make("div", "sl-text", root, { role: "region", "aria-label": "text so far", "aria-live": "off", tabindex: "0", dir: "auto" });
  view.follow = true; // until the reader scrolls back
  view.text.addEventListener("scroll", () => {
    const { scrollHeight, scrollTop, clientHeight } = view.text;
    if (clientHeight) view.follow = scrollHeight - scrollTop - clientHeight < 30;
  });
  if (several > 1) return view;
  const table = make("table", "sl-lines", make("div", "sl-table", root), { "aria-label": "latest lines", "aria-live": "off" });
  const row = make("tr", "", make("thead", "", table));
  for (const name of ["line", "ms", "read", "", "", "what arrived (⋯ is the rest, much the same in every line)"]) make(name ? "th" : "td", "", row, name ? { scope: "col" } : {}, name);
  view.lines = make("tbody", "", table);
  return view;
}

function fact(parent, key, label) {
  const cell = make("div", "sl-fact", parent);
  const name = make("div", "sl-name", cell, {}, label);
  return { name, value: make("div", "sl-value", cell, { "data-fact": key, "aria-label": label }) };
}

function buildTable(view, several) {
  const table = make("table", "sl-streams", view.root), head = make("tr", "", make("thead", "", table));
  make("th", "", head, { scope: "col" }, "stream");
  const names = COLUMNS.map(([, label]) => make("th", "", head, { scope: "col" }, label)), body = make("tbody", "", table);
  for (let n = 0; n < several; n++) {
    const row = make("tr", "", body), name = make("th", "", row, { scope: "row", "data-stream": n });
    view.facts.push({ stream: { value: name }, ...Object.fromEntries(COLUMNS.map(([key], i) =>
      [key, { name: names[i], value: make("td", "sl-value", row, { "data-fact": key }) }])) });
  }
}

// One paragraph for each choice of each stream: pieces carry the wait before them.
function paragraph(view, stream, choice, name) {
  const key = `${stream}/${choice}`;
  if (!view.texts.has(key)) {
    const node = make("p", "sl-choice", view.text, { style: `order: ${stream}` });
    if (name || choice) make("b", "", node, {}, `${[name, choice ? `choice ${choice + 1}` : ""].filter(Boolean).join(", ")}: `);
    view.texts.set(key, { node, kind: "", read: -1 });
  }
  return view.texts.get(key);
}

function showText(view, held, stream) {
  if (held.torn) for (const [key, each] of view.texts) if (key.startsWith(`${stream}/`)) { each.node.remove(); view.texts.delete(key); }
  const first = held.reads[0]?.n ?? 0;
  for (const [kind, text, read, choice] of held.news) {
    const into = paragraph(view, stream, choice, held.now.name), row = held.reads[read - first];
    const same = read === into.read && row?.lo == null, wait = same ? "sl-same" : waitClass(row, held.scale);
    const about = { "data-kind": kind, "data-read": `${stream}/${read}` };
    if (into.kind !== kind && kind !== "content" && kind !== "data") about["data-said"] = `[${SAID[kind] ?? kind}] `;
    if (wait === "sl-heat3") about["data-wait"] = `▾${short(row.gap)}`;
    make("span", `sl-run ${wait}`, into.node, about, text);
    Object.assign(into, { kind, read });
  }
  held.news = [];
  held.torn = false;
  for (const { node } of view.texts.values())
    for (let over = node.textContent.length - MAX_CHARS; over > 0 && node.firstChild; ) {
      over -= node.firstChild.textContent.length;
      node.firstChild.remove();
    }
  if (view.follow) for (const { node } of [...view.texts.values(), { node: view.text }]) node.scrollTop = node.scrollHeight;
}

function showLines(view, held) {
  const rows = held.lines.map(([number, t, read, kind, , pieces, note], i) => {
    const row = make("tr", "", null, { "data-read": `0/${read}`, "data-kind": kind });
    const above = held.lines[i - 1]?.[2] === read, below = held.lines[i + 1]?.[2] === read; // one arrival
    make("td", "", row, {}, String(number));
    make("td", "", row, {}, above ? "" : t.toFixed(1));
    make("td", "", row, {}, above ? "" : String(read));
    make("td", "sl-bracket", row, { "aria-hidden": "true" }, above ? (below ? "│" : "└") : below ? "┌" : "");
    make("td", "sl-glyph", row, {}, GLYPHS[kind]);
    const cell = make("td", "sl-line", row);
    for (const [what, text] of pieces) make("span", `sl-${what}`, cell, {}, text);
    if (note) make("span", "sl-remark", cell, {}, (pieces.length ? "   " : "") + note);
    return row;
  });
  view.lines.replaceChildren(...rows);
}

function showFacts(view, held, n) {
  const { counts, ttft_ms, median_gap_ms, longest_gap_ms, name, mode } = held.now, facts = view.facts[n];
  const known = counts.known < counts.gaps ? "known gap" : "gap";
  const values = { ttft: ms(ttft_ms), median: ms(median_gap_ms), longest: ms(longest_gap_ms) };
  for (const [key, { value }] of Object.entries(facts)) if (key !== "elapsed" && key !== "stream") say(value, values[key] ?? whole(counts[key]));
  say(facts.median.name, `median ${known}`);
  if (facts.longest) say(facts.longest.name, `longest ${known}`);
  if (facts.stream && !facts.stream.value.firstChild) {
    make("span", `sl-mark sl-mark${n % 2}`, facts.stream.value, { "aria-hidden": "true" }, "▼○■◆"[n % 4]);
    facts.stream.value.append(` ${name} `);
    make("small", "", facts.stream.value, {}, HOW[mode] ?? "");
  }
}

function isDark() {
  const body = document.body;
  if (body.dataset.jpThemeLight) return body.dataset.jpThemeLight === "false";
  if (/vscode-(dark|high-contrast)\b/.test(body.className)) return true;
  if (/vscode-light/.test(body.className)) return false;
  if (document.documentElement.getAttribute("theme")) return document.documentElement.getAttribute("theme") === "dark";
  return window.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
}

// The state in one word, and the sentence beside it.
function stateOf(streams, view, gone, silent, heldAt) {
  const open = streams.filter(running), first = streams[0].now, reads = streams.map((held) => held.now.counts);
  const last = Math.max(...streams.map((held) => held.now.elapsed_ms ?? 0));
  if (gone && open.length)
    return [gone, `The clock stands. The last state was at ${(last / 1000).toFixed(2)} s: ${counted(reads.reduce((n, c) => n + c.reads, 0), "read")}, ${counted(reads.reduce((n, c) => n + c.events, 0), "event")}.`];
  const many = streams.length > 1 && `${["two", "three", "four"][streams.length - 2] ?? streams.length} requests, one clock`;
  const what = [first.label.replace(many ? ` ${first.name}` : "", ""), many, first.dialect === "auto" ? "" : first.dialect, many ? "" : first.mode];
  const about = what.filter(Boolean).join(" · ");
  if (heldAt != null) return ["held", `held at ${(heldAt / 1000).toFixed(2)} s; the recording goes on`];
  if (silent) return ["waiting for the kernel", about];
  if (open.length) return [open.some((held) => held.now.state === "streaming") ? "streaming" : "waiting", about];
  const worst = streams.find((held) => held.now.state === "failed") ?? streams.find((held) => held.now.state === "stopped") ?? streams[0];
  return [worst.now.state, `${streams.length > 1 ? "" : `${first.label} · `}${worst.now.ended}. Kept in ${streams.length > 1 ? ".recordings" : "sl.last"}.`];
}

function render({ model, el }) {
  const still = window.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  const self = { log: false, chosen: null, heldAt: null, queue: [], clicked: null, asked: -Infinity, answered: null, drawn: 0, aloud: -Infinity, over: false, window: null };
  let view = null, streams = [], frame = 0;

  const gone = () => self.cut || el.closest(".jupyter-widgets-disconnected") ? "kernel restarted" : self.answered && performance.now() - self.answered > 1500 && streams[0].received < self.answered ? "stream lost" : null;
  const open = () => streams.some((held) => held.now && running(held));

  function place() {
    const several = streams.length > 1, lanes = [];
    let top = 20;
    for (const held of streams) {
      const choices = Math.min(Math.max(1, ...held.text.map((piece) => piece[3] + 1)), 4);
      lanes.push(lanesAt(top, several, choices));
      top = lanes.at(-1).floor + 12;
    }
    return { lanes, floor: top - 8, height: top + 18 };
  }

  function animate() {
    if (!view || !streams.every((held) => held.now)) return;
    const now = performance.now(), lost = gone(), { lanes, floor, height } = place();
    view.root.classList.toggle("sl-dark", isDark());
    view.canvas.style.height = `${height}px`;
    const width = view.canvas.clientWidth;
    const clocks = streams.map((held) => self.heldAt == null ? clock(held, now, lost) : { ...clock(held, held.received, lost), t: running(held) ? self.heldAt : held.now.elapsed_ms ?? 0 });
    const silent_ms = Math.max(...clocks.map((each) => each.silent_ms)), t = Math.max(...clocks.map((each) => each.t));
    tell(clocks, lost, silent_ms, t, now);
    if (!width) return;
    const pen = penOn(view.canvas, height), colours = coloursOf(view.root);
    self.window = windowOf(t, self.window);
    const median = Math.max(0, ...streams.map((held) => held.scale ?? 0)) || null, left = 60, right = width - 4;
    const longest = Math.max(...streams.map((held) => held.now.longest_gap_ms ?? 0));
    const scale = { ...self.window, left, right, median, log: self.log, top: topOf(median, longest, self.log) };
    scale.x = (at) => left + ((right - left) * (at - scale.begin)) / scale.span;
    self.scale = { ...scale, lanes };
    drawAxis(pen, scale, 14, floor, colours);
    if (silent_ms) drawSilence(pen, scale.x(Math.max(clocks[0].said, scale.begin)), scale.x(t), 14, floor, silent_ms, colours);
    streams.forEach((held, n) => {
      const row = self.chosen?.stream === n ? rowOf(n, self.chosen.read) : null;
      drawStream(pen, marksOf(held, lanes[n], scale, clocks[n]), lanes[n], scale, colours, row && scale.x(row.t), streams.length > 1 ? held.now.name : "");
    });
    if (open() && !lost && self.heldAt == null) drawNow(pen, scale.x(t), 14, floor, "now", colours);
    else if (!lost) drawNow(pen, scale.x(t), 14, floor, self.heldAt != null ? "held" : streams.some((held) => held.now.state === "stopped") ? "Stop" : "end", colours);
  }

  // Everything that is said in words: a reader of the screen hears a state once, then every 5 s.
  function tell(clocks, lost, silent_ms, t, now) {
    const [state, about] = stateOf(streams, view, lost, silent_ms, self.heldAt);
    view.root.dataset.state = lost && open() ? "gone" : silent_ms ? "silent" : state;
    say(view.state, state);
    say(view.title, about);
    view.title.title = about;
    const elapsed = view.facts[0].elapsed;
    if (elapsed) {
      const asOf = silent_ms || (lost && open()) ? "as of" : open() ? "since the request" : "in all";
      say(elapsed.name, asOf);
      say(elapsed.value, clocks[0].said == null ? "–" : ms(silent_ms ? clocks[0].said : t));
    }
    view.root.classList.toggle("sl-stale", !!silent_ms || (!!lost && open()));
    const chosen = self.chosen && rowOf(self.chosen.stream, self.chosen.read);
    const parts = lost && open() ? ["", about] : silent_ms ? ["", "The counters stand at the last state. The stream may go on: the kernel runs other code and cannot say. Stop takes effect when it answers."]
      : chosen ? sentence(streams[self.chosen.stream], chosen) : ["", streams.map((held) => summary(held, streams.length > 1)).join("\n")];
    if (view.readout.textContent !== parts.join("")) {
      view.readout.replaceChildren();
      parts.forEach((part, i) => make(i % 2 ? "span" : "b", "", view.readout, {}, part));
      view.canvas.setAttribute("aria-label", parts.join(""));
    }
    if (now - self.aloud > ALOUD_MS && open() && !lost) {
      if (self.aloud > 0) say(view.aloud, `${state}, ${(t / 1000).toFixed(0)} s: ${streams.map((held) => `${counted(held.now.counts.reads, "read")}, ${counted(held.now.counts.events, "event")}`).join("; ")}`);
      self.aloud = now;
    }
    note();
    if (view.stop && (!open() || lost)) {
      view.stop.disabled = true;
      if (lost && open()) say(view.stop, "Stop: nothing runs");
    }
    if (silent_ms > PING_MS && now - self.asked > PING_MS && !lost) ping();
  }

  // A kernel that was started anew answers that it is idle, and sends no state.
  function ping() {
    self.asked = performance.now();
    const idle = (message) => { if (message?.content?.execution_state === "idle") self.answered ??= performance.now(); };
    tellKernel({ do: "resync" }, { iopub: { status: idle } });
  }

  // The comm of a kernel that is gone cannot be sent to.
  function tellKernel(message, callbacks) {
    try { model.send(message, callbacks); } catch { self.cut = true; }
  }

  function note() {
    if (!self.clicked || !streams[0].now) return;
    const heard = streams[0].now.stop_waited_ms, waits = performance.now() - self.clicked;
    say(view.note, heard != null ? `Stop: the click waited ${ms(heard)}`
      : waits < 300 ? "Stopping…"
      : `Stop: the click has waited ${(waits / 1000).toFixed(1)} s for the kernel, which is busy. ■ Interrupt stops at once.`);
  }

  const rowOf = (stream, read) => streams[stream]?.reads[read - streams[stream].reads[0]?.n];

  function choose(stream, read) {
    if (self.chosen?.stream === stream && self.chosen?.read === read) return;
    self.chosen = read == null ? null : { stream, read };
    mark();
    animate();
  }

  function mark() {
    const key = self.chosen && `${self.chosen.stream}/${self.chosen.read}`;
    for (const node of view.root.querySelectorAll(".sl-chosen")) node.classList.remove("sl-chosen");
    if (key) for (const node of view.root.querySelectorAll(`[data-read="${key}"]`)) node.classList.add("sl-chosen");
  }

  function pointed(event) {
    const near = event.target.closest?.("[data-read]");
    if (near) return choose(...near.dataset.read.split("/").map(Number));
    if (event.target !== view.canvas || !self.scale) return;
    const { left, right, begin, span, lanes } = self.scale;
    const stream = Math.max(lanes.findLastIndex((each) => event.offsetY >= each.top - 6), 0);
    const t = begin + ((event.offsetX - left) / (right - left)) * span;
    const best = streams[stream].reads.reduce((found, row) => {
      const far = row.lo != null && t >= row.lo && t <= row.t ? 0 : Math.abs(row.t - t);
      return !found || far < found.far ? { far, row } : found;
    }, null);
    choose(stream, best && (best.far / span) * (right - left) < 12 ? best.row.n : null);
  }

  function pressed(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey || (event.key === " " && event.target.closest("button"))) return;
    if (event.key === " ") hold();
    else if (event.key === "Escape") choose(null, null);
    else if (step) {
      const { stream = 0, read } = self.chosen ?? {}, reads = streams[stream]?.reads ?? [];
      if (!reads.length) return;
      const at = read == null ? (step > 0 ? 0 : reads.length - 1) : read - reads[0].n + step;
      choose(stream, reads[Math.min(Math.max(at, 0), reads.length - 1)].n);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // Space holds the display: the messages wait, and the kernel does not replace the view.
  function hold() {
    const on = self.heldAt == null;
    self.heldAt = on ? Math.max(...streams.map((held) => clock(held, performance.now(), gone()).t)) : null;
    view.hold.setAttribute("aria-pressed", String(on));
    view.hold.firstChild.textContent = on ? "Go on " : "Hold ";
    tellKernel({ do: "hold", on });
    if (!on) for (const message of self.queue.splice(0)) take(message);
    animate();
  }

  function start(several) {
    view = build(el, model.get("stoppable"), several);
    streams = Array.from({ length: several }, empty);
    view.hold.append("Hold ", make("kbd", "", null, {}, "Space"));
    view.hold.addEventListener("click", hold);
    for (const button of [view.linear, view.log]) button.addEventListener("click", () => {
      self.log = button === view.log;
      view.linear.setAttribute("aria-pressed", String(!self.log));
      view.log.setAttribute("aria-pressed", String(self.log));
      animate();
    });
    view.stop?.addEventListener("click", () => {
      self.clicked = performance.now();
      view.stop.disabled = true;
      say(view.stop, "Stopping…");
      tellKernel({ do: "stop", clicked_ms: self.clicked - streams[0].offset });
      note();
    });
    view.root.addEventListener("pointermove", pointed);
    view.root.addEventListener("pointerleave", () => choose(null, null));
    view.root.addEventListener("keydown", pressed);
    const style = (node, name) => getComputedStyle(node).getPropertyValue(name);
    if (style(document.documentElement, "--jp-layout-color1") || style(document.body, "--jp-layout-color1") || style(document.documentElement, "--vscode-editor-background")) view.root.classList.add("sl-themed");
    sized.observe(view.root);
  }

  function take(message) {
    if (!message?.streams?.length) return;
    if (!view) start(message.streams.length);
    if (self.heldAt != null) { // what a whole state repeats need not wait
      if (message.streams.every((each) => each.since === 0)) self.queue.length = 0;
      self.queue.push(message);
      return;
    }
    self.answered = null;
    const now = performance.now();
    if (!message.streams.every((state, n) => absorb(streams[n], state, now))) {
      if (now - self.asked > 500) { self.asked = now; tellKernel({ do: "resync" }); }
      return;
    }
    streams.forEach((held, n) => {
      if (held.news.length || held.torn) showText(view, held, n);
      showFacts(view, held, n);
    });
    if (view.lines && message.streams[0].lines.length) showLines(view, streams[0]);
    view.root.setAttribute("aria-label", `live stream ${streams[0].now.label}`);
    if (self.chosen) mark();
    note();
    if (!open() || now - self.drawn > (still ? 500 : 33)) { animate(); self.drawn = now; }
  }

  const onState = () => take(model.get("state"));
  const sized = new ResizeObserver(() => { // what replaces the scope will be as high
    const height_px = Math.round(view.root.getBoundingClientRect().height);
    if (height_px && height_px !== self.height_px) tellKernel({ do: "height", height_px: (self.height_px = height_px) });
    animate();
  });
  const loop = (now) => {
    if (self.over) return;
    if (view && (open() || self.heldAt != null) && now - self.drawn >= (still ? 500 : 33)) { animate(); self.drawn = now; }
    frame = requestAnimationFrame(loop);
  };
  model.on("change:state", onState);
  model.on("msg:custom", take);
  onState();
  if (!view) start(1);
  animate();
  tellKernel({ do: "appear" }); // the trait may be a second old
  frame = requestAnimationFrame(loop);
  return () => {
    self.over = true;
    cancelAnimationFrame(frame);
    sized.disconnect();
    model.off("change:state", onState);
    model.off("msg:custom", take);
  };
}

export default { render };
