// The scope in the browser.  The kernel sends numbered states; everything that moves
// between two of them (the clock, the open gap, the waiting click) is drawn from here.
//
// Streamed text is untrusted: it goes in as text nodes, never as HTML.

const MAX_CHARS = 8000, MAX_GAPS = 400, MAX_LINES = 10, WINDOW_MS = 6000;
const SAID = { reasoning: "reasoning", tool_call: "tool call", refusal: "refusal" };
const STATES = { waiting: "waiting", streaming: "streaming", done: "done", failed: "failed" };
const FACTS = [["ttft", "TTFT"], ["elapsed", "elapsed"], ["reads", "reads"],
               ["lines", "lines"], ["events", "events"], ["bytes", "bytes"]];

const ms = (value) =>
  value == null ? "–" : value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`;
const whole = (value) => value.toLocaleString("en-US");

function make(tag, name, parent, attributes = {}) {
  const node = document.createElement(tag);
  if (name) node.className = name;
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

function build(el, stoppable) {
  const root = make("section", "sl-scope", el, { role: "group", "aria-label": "live stream", "data-state": "waiting" });
  const head = make("div", "sl-head", root);
  const view = { root, facts: {} };
  view.state = make("span", "sl-state", head, { role: "status" });
  view.title = make("span", "sl-title", head);
  view.stop = stoppable ? make("button", "sl-stop", head, { type: "button" }) : null;
  if (view.stop) view.stop.textContent = "Stop";
  view.note = make("div", "sl-note", root, { role: "status" });
  const facts = make("div", "sl-facts", root);
  for (const [key, label] of FACTS) {
    const fact = make("div", "sl-fact", facts);
    make("div", "sl-name", fact).textContent = label;
    view.facts[key] = make("div", "sl-value", fact, { "data-fact": key, "aria-label": label });
  }
  view.gaps = make("canvas", "sl-gaps", root, { role: "img", "aria-label": "gaps between reads" });
  view.caption = make("p", "sl-caption", root);
  view.text = make("div", "sl-text", root,
    { role: "region", "aria-label": "text so far", "aria-live": "off", tabindex: "0", dir: "auto" });
  view.follow = true; // until the reader scrolls back
  view.text.addEventListener("scroll", () => {
    const { scrollHeight, scrollTop, clientHeight } = view.text;
    if (clientHeight) view.follow = scrollHeight - scrollTop - clientHeight < 40;
  });
  const table = make("table", "sl-lines", root, { "aria-label": "latest lines", "aria-live": "off" });
  const group = make("colgroup", "", table);
  for (let i = 0; i < 4; i++) make("col", "", group);
  const row = make("tr", "", make("thead", "", table));
  for (const name of ["line", "ms", "read", "what arrived"]) make("th", "", row, { scope: "col" }).textContent = name;
  view.lines = make("tbody", "", table);
  return view;
}

// The last `count` characters of some runs, counted as the kernel counts: by code point.
function lastChars(runs, count) {
  const out = [];
  for (let i = runs.length - 1; i >= 0 && count > 0; i--) {
    const characters = [...runs[i][1]];
    out.unshift([runs[i][0], characters.slice(-count).join("")]);
    count -= characters.length;
  }
  return { runs: out, short: Math.max(count, 0) };
}

// What in a whole state is new to a view that holds an earlier one.  A view that is up to
// date then only appends, so that a selection in its text survives.
function newIn(message, held) {
  const before = held.now?.counts ?? { chars: 0, lines: 0, gaps: 0 };
  const { runs, short } = lastChars(message.text, message.counts.chars - before.chars);
  const gaps = message.counts.gaps - before.gaps;
  return {
    text: runs,
    lines: message.lines.filter(([number]) => number >= before.lines),
    gaps: gaps > 0 ? message.gaps.slice(-gaps) : [],
    torn: short > 0 && before.chars > 0,
  };
}

// Take a message into what the browser holds.  Returns whether it could be applied.
function absorb(held, message) {
  const whole = message.since === 0;
  if (message.number < held.number || (!whole && message.number === held.number)) return true;
  if (!whole && message.since !== held.number) return false; // missed one
  const news = whole ? newIn(message, held) : message;
  if (news.torn) {
    held.text = [];
    held.torn = true;
  }
  held.text.push(...news.text);
  held.lines = held.lines.concat(news.lines).slice(-MAX_LINES);
  held.gaps = held.gaps.concat(news.gaps).slice(-MAX_GAPS);
  held.number = message.number;
  held.now = message;
  held.received = performance.now();
  held.offset = Math.min(held.offset, held.received - message.sent_ms); // kernel's clock, at best
  return true;
}

function showText(view, held) {
  const box = view.text;
  if (held.torn) box.replaceChildren();
  for (const [kind, text] of held.text) {
    let run = box.lastElementChild;
    if (!run || run.dataset.kind !== kind) {
      run = make("span", "sl-run", box, { "data-kind": kind, "data-said": SAID[kind] ?? kind });
      run.append("");
    }
    run.lastChild.appendData(text);
  }
  held.text = [];
  held.torn = false;
  let over = box.textContent.length - MAX_CHARS;
  while (over > 1000 && box.firstElementChild) {
    const data = box.firstElementChild.lastChild;
    const cut = Math.min(over, data.length);
    data.deleteData(0, cut);
    over -= cut;
    if (!data.length) box.firstElementChild.remove();
  }
  if (view.follow) box.scrollTop = box.scrollHeight;
}

function showLines(view, held) {
  const rows = held.lines.map(([number, t, read, text], i) => {
    const row = document.createElement("tr");
    const same = i > 0 && held.lines[i - 1][2] === read; // one arrival, not two
    make("td", "", row).textContent = number;
    make("td", same ? "sl-same" : "", row).textContent = same ? "same read" : t.toFixed(1);
    make("td", same ? "sl-same" : "", row).textContent = read;
    const cell = make("td", "", row);
    const [, field, rest] = /^((?:data|event|id|retry)?:)?(.*)$/s.exec(text);
    if (field) make("span", "sl-field", cell).textContent = field;
    cell.append(text ? rest : "(blank)");
    if (!text) cell.className = "sl-same";
    return row;
  });
  view.lines.replaceChildren(...rows);
}

function showFacts(view, held) {
  const { counts, state, ended, label, dialect, ttft_ms } = held.now;
  view.root.dataset.state = state;
  const said = STATES[state] ?? state;
  if (view.state.textContent !== said) view.state.textContent = said; // announced once
  view.title.textContent = [label, dialect === "auto" ? "" : dialect, ended].filter(Boolean).join(" · ");
  view.title.title = view.title.textContent;
  view.root.setAttribute("aria-label", `live stream ${label}`);
  view.facts.ttft.textContent = ms(ttft_ms);
  for (const key of ["reads", "lines", "events", "bytes"]) view.facts[key].textContent = whole(counts[key]);
}

const running = (held) => held.now && (held.now.state === "waiting" || held.now.state === "streaming");

function elapsed(held) {
  if (held.now.elapsed_ms == null) return null;
  return held.now.elapsed_ms + (running(held) ? performance.now() - held.received : 0);
}

// The time since the last read: a gap that is still open, so it is drawn hollow.
function openGap(held, t) {
  const last = held.gaps.at(-1)?.[0];
  return running(held) && last != null && t != null ? Math.max(t - last, 0) : 0;
}

function caption(held, open) {
  const { counts, median_gap_ms, longest_gap_ms, longest_gap_read } = held.now;
  if (!counts.gaps) return counts.reads ? "one read so far: no gap yet" : "waiting for the first read";
  const now = open > Math.max(3 * median_gap_ms, 100) ? ` · nothing for ${ms(open)}` : "";
  return `gaps between reads: median ${ms(median_gap_ms)} · longest ${ms(longest_gap_ms)} before read ${longest_gap_read}${now}`;
}

function drawGaps(view, held) {
  const canvas = view.gaps, ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  if (!width) return;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext("2d"), style = getComputedStyle(view.root);
  const colour = (name) => style.getPropertyValue(name).trim();
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  const t = elapsed(held) ?? 0, open = openGap(held, t);
  const left = 46, right = width - 6, top = 8, base = height - 16;
  const begin = Math.max(t - WINDOW_MS, 0), span = Math.max(Math.min(t, WINDOW_MS), 500);
  const shown = held.gaps.filter(([at]) => at >= begin);
  const longest = shown.reduce((best, gap) => (gap[1] > (best?.[1] ?? 0) ? gap : best), null);
  const high = Math.max(100, longest?.[1] ?? 0, open) * 1.3;
  const least = Math.max(Math.min(high / 50, ...shown.map(([, gap]) => gap)), 0.02);
  const low = 10 ** Math.floor(Math.log10(least / 1.5));
  const y = (gap) => base - (base - top) * Math.max(Math.log10(Math.max(gap, low) / low), 0) / Math.log10(high / low);
  const x = (at) => left + (right - left) * (at - begin) / span;
  pen.font = `10px ${style.fontFamily}`;
  pen.fillStyle = colour("--sl-dim");
  pen.strokeStyle = colour("--sl-line");
  pen.lineWidth = 1;
  pen.textAlign = "right";
  for (let decade = low; decade <= high; decade *= 10) {
    const at = Math.round(y(decade)) + 0.5;
    pen.beginPath(); pen.moveTo(left, at); pen.lineTo(right, at); pen.stroke();
    const name = decade >= 1000 ? `${decade / 1000} s` : `${Number(decade.toPrecision(1))} ms`;
    pen.fillText(name, left - 5, at + 3);
  }
  pen.textAlign = "left";
  pen.fillText(`${(begin / 1000).toFixed(1)} s`, left, height - 3);
  pen.textAlign = "right";
  pen.fillText(`${((begin + span) / 1000).toFixed(1)} s since the request was sent`, right, height - 3);
  const wide = Math.min(Math.max((right - left) / Math.max(shown.length, 1) * 0.5, 1), 3);
  pen.lineWidth = wide;
  for (const gap of shown) {
    pen.strokeStyle = pen.fillStyle = colour(gap === longest ? "--sl-mark" : "--sl-trace");
    pen.beginPath(); pen.moveTo(x(gap[0]), base); pen.lineTo(x(gap[0]), y(gap[1])); pen.stroke();
    pen.beginPath(); pen.arc(x(gap[0]), y(gap[1]), Math.max(wide * 0.8, 1.5), 0, 7); pen.fill();
  }
  if (longest) {
    pen.fillStyle = colour("--sl-mark");
    const over = x(longest[0]) > right - 90;
    pen.textAlign = over ? "right" : "left";
    pen.fillText(`◂ ${ms(longest[1])}`.slice(over ? 2 : 0) + (over ? " ▸" : ""), x(longest[0]) + (over ? -6 : 6), y(longest[1]) + 3);
  }
  if (open > 0) {
    pen.setLineDash([3, 3]);
    pen.strokeStyle = colour("--sl-mark");
    pen.lineWidth = 1.5;
    pen.beginPath(); pen.moveTo(x(t), base); pen.lineTo(x(t), y(open)); pen.stroke();
    pen.setLineDash([]);
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

function render({ model, el }) {
  const view = build(el, model.get("stoppable"));
  const held = { number: 0, lines: [], gaps: [], text: [], torn: false, now: null, received: 0, offset: Infinity };
  const still = window.matchMedia?.("(prefers-reduced-motion: reduce)").matches;
  let clicked = null, asked = -Infinity, frame = 0, drawn = 0, over = false;

  const note = () => {
    if (!clicked || !held.now) return;
    const heard = held.now.stop_waited_ms;
    const waits = performance.now() - clicked;
    view.note.textContent = heard != null ? `Stop: the click waited ${ms(heard)}`
      : waits < 300 ? "Stopping…"
      : `Stop: the click has waited ${(waits / 1000).toFixed(1)} s for the kernel, which is busy. ■ Interrupt stops at once.`;
  };
  const animate = () => {
    if (!held.now) return;
    view.root.classList.toggle("sl-dark", isDark());
    const t = elapsed(held), open = openGap(held, t);
    view.facts.elapsed.textContent = ms(t);
    view.caption.textContent = caption(held, open);
    view.gaps.setAttribute("aria-label", view.caption.textContent);
    note();
    drawGaps(view, held);
  };
  const loop = (now) => {
    if (over) return;
    if (running(held) && now - drawn >= (still ? 500 : 33)) { animate(); drawn = now; }
    frame = requestAnimationFrame(loop);
  };
  const take = (message) => {
    if (!message || message.number == null) return;
    if (!absorb(held, message)) {
      if (performance.now() - asked > 500) { asked = performance.now(); model.send({ do: "resync" }); }
      return;
    }
    showText(view, held);
    showLines(view, held);
    showFacts(view, held);
    if (!running(held) && view.stop) view.stop.disabled = true;
    if (!still || !running(held) || performance.now() - drawn > 500) { animate(); drawn = performance.now(); }
  };
  const onState = () => take(model.get("state"));
  view.stop?.addEventListener("click", () => {
    clicked = performance.now();
    view.stop.disabled = true;
    view.stop.textContent = "Stopping…";
    model.send({ do: "stop", clicked_ms: clicked - held.offset });
    note();
  });
  const themed = getComputedStyle(document.documentElement).getPropertyValue("--jp-layout-color1")
    || getComputedStyle(document.body).getPropertyValue("--jp-layout-color1")
    || getComputedStyle(document.documentElement).getPropertyValue("--vscode-editor-background");
  if (themed) view.root.classList.add("sl-themed");
  model.on("change:state", onState);
  model.on("msg:custom", take);
  onState();
  if (!held.now || running(held)) model.send({ do: "resync" }); // the trait may be a second old
  const sized = new ResizeObserver(animate);
  sized.observe(view.gaps);
  frame = requestAnimationFrame(loop);
  return () => {
    over = true;
    cancelAnimationFrame(frame);
    sized.disconnect();
    model.off("change:state", onState);
    model.off("msg:custom", take);
  };
}

export default { render };
