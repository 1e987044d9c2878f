"use strict";
(async () => {
const $ = id => document.getElementById(id), root = document.documentElement;
const query = new URLSearchParams(location.search), framed = parent !== window;
const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

// The numbers and texts: how long the texts are, the texts, and the columns, a plane of bytes after another.

function letters(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return bytes;
}

function addPlane(column, bytes, weight) {
  for (let i = 0; i < column.length; i++) column[i] += bytes[i] * weight;
}

async function unpacked() {
  const stream = new Blob([letters($("packed").textContent)]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const told = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  let at = 4 + length;
  for (const [name, [count, width]] of Object.entries(told.columns)) {
    const column = new Float64Array(count);
    for (let plane = 0; plane < width; plane++, at += count) addPlane(column, bytes.subarray(at, at + count), 256 ** plane);
    told.columns[name] = column;
  }
  return told;
}

let told;
try {
  told = await unpacked();
} catch (error) {
  $("broken").hidden = false;
  $("broken").textContent = "This browser cannot unpack the timeline (it needs DecompressionStream, which is in every browser since 2023).";
  root.dataset.ready = "broken";
  return;
}
$("packed").remove();

const signed = number => number % 2 ? -(number + 1) / 2 : number / 2;
const {columns, states, rows: allRows} = told;
const [RUNNING, READY, WAITING, IDLE, BLOCKED, DONE, FAILED, STOPPED, UNKNOWN] =
  ["running", "ready", "waiting", "idle", "blocked", "done", "failed", "stopped", "unknown"].map(name => states.findIndex(state => state[0] === name));
const isEnd = state => state === DONE || state === FAILED || state === STOPPED;
const count = columns.origin.length, hubs = new Set(told.hubs);
const times = new Float64Array(count), numbers = new Float64Array(count);
for (let i = 0, t = told.begins_ns, n = told.first; i < count; i++) {
  times[i] = t += signed(columns.t[i]);
  numbers[i] = n += signed(columns.number[i]) + 1;
}

// The steps are switches, of a long trace not all of them: number 1 is the first of the trace, and lies at place 1 of the
// axis of switches.
const placeOf = at => at < 0 ? told.first : numbers[at];
const timeOf = at => at < 0 ? told.spans.time[0] : times[at];
/** The last step up to a place of the axis of switches; -1 in front of the first. */
const stepAt = place => last(count, i => numbers[i] <= place);
/** How many steps a place is behind the beginning: between two of them it is on the way from one to the other. */
function lineOf(place) {
  const at = stepAt(place), from = placeOf(at);
  return at + Math.min(1, (place - from) / ((at + 1 < count ? numbers[at + 1] : from + 1) - from));
}

const gaps = (() => {
  let saved = 0;
  return told.gaps.map(([start, end, shown, length]) => {
    const gap = {start, end, shown, length, place: start - saved};
    saved += end - start - shown;
    return gap;
  });
})();

function last(known, holds) {
  let low = 0, high = known;
  while (low < high) {
    const middle = low + high >> 1;
    if (holds(middle)) low = middle + 1; else high = middle;
  }
  return low - 1;
}

function busy(t) {
  const number = last(gaps.length, i => gaps[i].start <= t);
  if (number < 0) return t;
  const {start, end, shown, place} = gaps[number];
  return t < end ? place + (t - start) * shown / (end - start) : place + shown + t - end;
}

function timeOfBusy(place) {
  const number = last(gaps.length, i => gaps[i].place <= place);
  if (number < 0) return place;
  const {start, end, shown, place: begins} = gaps[number], beyond = place - begins;
  return beyond < shown ? start + beyond * (end - start) / shown : end + beyond - shown;
}

const lanes = (() => {
  let at = 0;
  return told.lanes.map((length, number) => {
    const start = new Float64Array(length), place = new Float64Array(length), state = new Uint8Array(length);
    const first = at;
    for (let i = 0, segment = told.first, switched = -1; i < length; i++, at++) {
      segment += signed(columns.segment[at]);
      while (switched + 1 < count && numbers[switched + 1] <= segment) switched++;
      while (switched >= 0 && numbers[switched] > segment) switched--;
      start[i] = (switched < 0 ? told.begins_ns : times[switched]) + signed(columns.later[at]);
      place[i] = segment + columns.fraction[at] / told.fine;
      state[i] = columns.state[at];
    }
    return {
      start, place, state, length, hub: hubs.has(number),
      /** Of several slices that are drawn together the share in which it runs; below 0 of one by itself. */
      share: (i, axis) => ((axis === "switches" ? columns.ran_switches : columns.ran_ns)[first + i] - 1) / (told.fine - 1),
      labels: i => told.labels[columns.label[first + i]],
      along(axis) { return axis === "switches" ? place : axis === "time" ? start : this.busy ??= start.map(busy); },
    };
  });
})();
const spans = told.spans;
const ends = {time: Math.max(spans.time[1], told.until_ns), busy: busy(told.until_ns), switches: spans.switches[1]};
const begins = {time: told.first ? spans.time[0] : 0, busy: told.first ? spans.busy[0] : 0, switches: spans.switches[0]};
/** Number of the slice of a lane in which a place of an axis lies, -1 before the first. */
const sliceAt = (lane, axis, place) => { const along = lane.along(axis); return last(lane.length, i => along[i] <= place); };

function moment(ns, [digits, unit, unitNs] = told.moment) {
  return `${(ns / unitNs).toFixed(digits)} ${unit}`;
}

const marks = told.marks.map(([name, caption, at, t, place, source]) => ({name, caption, at, t, place, source}));

// What is shown of it. Where one is: behind switch `at`, and if `mark` is not -1, at that mark.

const show = {
  at: -1, mark: -1, axis: told.axis, view: told.view, selected: -1, from: 0, per: 1, top: 0, line: 0, lines: 5, present: false, size: 1, pace: 1, playing: 0,
  since: 0, dragged: false,
};
const homes = new Map(told.homes);
let rows = [], rowOfLane = new Map(), area = {width: 0, height: 0, left: 0, ruler: 0, row: 0}, ink = {}, looks = [], scale = 1, wanted = false;
const picture = $("picture"), g = picture.getContext("2d");

function arrange() {
  rows = allRows.filter(row => row.within === undefined || allRows[row.within].open);
  rowOfLane = new Map();
  rows.forEach((row, number) => rowOfLane.has(row.lane) || rowOfLane.set(row.lane, number));
  for (const row of allRows)
    if (row.within !== undefined && !rowOfLane.has(row.lane)) rowOfLane.set(row.lane, rows.indexOf(allRows[row.within]));
  show.selected = clamp(show.selected, -1, rows.length - 1);
  root.style.setProperty("--needs", `${Math.ceil((rows.length * 34 + 50) * scale)}px`);
}

function theme() {
  const style = getComputedStyle(root), names = [...states.map(state => state[0]), "label", "name", "thread", "dim", "ruler", "gap", "edge", "text", "page", "on-running", "selected", "tint", "mono", "sans"];
  for (const name of names) ink[name] = style.getPropertyValue(`--${name}`).trim();
  scale = parseFloat(style.fontSize) / 16 * (show.present ? 1.3 : 1);
  const mixed = colour => {
    const part = (hex, i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
    return `rgb(${[0, 1, 2].map(i => Math.round(part(ink.page, i) + ink.tint * (part(colour, i) - part(ink.page, i))))})`;
  };
  looks = states.map(([name], state) => {
    const colour = ink[name];
    if (state === WAITING) return mixed(colour);
    if (![READY, IDLE, UNKNOWN].includes(state)) return colour;
    const tile = document.createElement("canvas"), ratio = devicePixelRatio, size = Math.round(8 * ratio);
    tile.width = tile.height = size;
    const t = tile.getContext("2d");
    t.fillStyle = mixed(colour);
    t.fillRect(0, 0, size, size);
    t.fillStyle = t.strokeStyle = colour;
    if (state === IDLE) {
      t.fillRect(size * .15, size * .15, size * .25, size * .25);
      t.fillRect(size * .65, size * .65, size * .25, size * .25);
    } else {
      t.lineWidth = ratio * (state === READY ? 1.7 : 1);
      t.beginPath();
      for (const shift of [-size, 0, size]) {
        t.moveTo(shift - 1, size + 1); t.lineTo(shift + size + 1, -1);
        if (state === UNKNOWN) { t.moveTo(shift - 1, -1); t.lineTo(shift + size + 1, size + 1); }
      }
      t.stroke();
    }
    const pattern = g.createPattern(tile, "repeat");
    pattern.setTransform(new DOMMatrix().scale(1 / ratio));
    return pattern;
  });
}

/** The row that a track is in, undefined if it is in none. */
const rowOf = track => track < told.alive ? rowOfLane.get(track) : homes.has(track) ? rows.indexOf(allRows[homes.get(track)]) : undefined;

const font = (size, kind = "mono", bold = false) => { g.font = `${bold ? "600 " : ""}${(size * scale).toFixed(1)}px ${ink[kind]}`; };

function fitted(text, width, middle = false) {
  if (g.measureText(text).width <= width) return text;
  const all = [...text];
  const cut = kept => {
    const tail = middle ? Math.floor(kept / 3) : 0;
    return `${all.slice(0, kept - tail).join("")}…${tail ? all.slice(-tail).join("") : ""}`;
  };
  const kept = last(Math.min(all.length, 400), i => g.measureText(cut(i + 1)).width <= width) + 1;
  return kept > 0 ? cut(kept) : "";
}

function longest(labels, width, least) {
  const found = labels.find(label => g.measureText(label).width <= width);
  return found ?? (width >= least * scale ? fitted(labels[labels.length - 1], width) : "");
}

const xOf = place => area.left + (place - show.from) / show.per;
const placeAt = x => show.from + (x - area.left) * show.per;
const axisPlace = at => show.axis === "switches" ? placeOf(at) : show.axis === "time" ? timeOf(at) : busy(timeOf(at));
const markPlace = (mark, axis = show.axis) => axis === "switches" ? mark.place : axis === "time" ? mark.t : busy(mark.t);
const now = () => show.mark < 0 ? timeOf(show.at) : marks[show.mark].t;
const nowPlace = () => show.mark < 0 ? axisPlace(show.at) : markPlace(marks[show.mark]);
const width = () => Math.max(1, area.width - area.left - 24 * scale);
const rowTop = number => area.ruler + number * area.row - show.top;

function measure() {
  const ratio = devicePixelRatio;
  const before = area.left ? width() : 0;
  area.width = $("stage").clientWidth;
  area.height = $("stage").clientHeight;
  picture.width = Math.round(area.width * ratio);
  picture.height = Math.round(area.height * ratio);
  // Not a fraction of a pixel more: all would be blurred.
  picture.style.width = `${area.width}px`;
  picture.style.height = `${area.height}px`;
  const lines = stacked();
  // Who sits far away sees all rows rather than few large ones, as far as they can be read.
  if (show.present) scale = clamp(scale * area.height / (scale * (rows.length * 26 + 30 + lines * FLAG) + 4), Math.min(scale, .85), scale);
  font(14, "mono", true);
  const names = rows.slice(0, 200).map(row => g.measureText(row.name).width + (row.depth * 14 + 46) * scale);
  area.left = Math.round(clamp(Math.max(90 * scale, ...names), 0, area.width * (area.width < 600 ? .3 : .24)));
  area.flags = lines * FLAG * scale;
  area.ruler = area.flags + 30 * scale + (show.axis === "busy" ? 16 * scale : 0);
  const room = area.room = Math.max(26 * scale, area.height - area.ruler - 4);
  area.row = clamp(room / Math.max(1, rows.length), 26 * scale, (show.present ? 72 : 50) * scale);
  // Where there are more, none is cut.
  if (rows.length * area.row > room) area.row = room / Math.floor(room / area.row);
  show.top = clamp(show.top, 0, Math.max(0, rows.length * area.row - room));
  if (before) show.per *= before / width();
}

const wholePer = () => { const [start, end] = spans[show.axis]; return Math.max(end - start, 1e-6) / width(); };
const closest = () => show.axis === "switches" ? 1 / (400 * scale) : 1;

function fit() {
  [show.from] = spans[show.axis];
  show.per = wholePer();
  if (show.axis === "switches") show.per = Math.max(show.per, closest());
}

function within() {
  const low = Math.min(begins[show.axis], spans[show.axis][0]), high = Math.max(ends[show.axis], spans[show.axis][1]);
  show.per = clamp(show.per, closest(), Math.max(closest(), (high - low) / width(), wholePer()));
  show.from = clamp(show.from, low, Math.max(low, high - width() * show.per));
}

function zoom(factor, x) {
  const at = x ?? clamp(xOf(nowPlace()), area.left, area.left + width()), place = placeAt(at);
  show.per /= factor;
  within();
  show.from = place - (at - area.left) * show.per;
  within();
  redraw();
}

function pan(pixels) {
  show.from += pixels * show.per;
  within();
  redraw();
}

/** Pan as little as it takes for the playhead, and the row that runs, to be seen. */
function follow() {
  const x = xOf(nowPlace()), margin = Math.min(48 * scale, width() / 4);
  if (x < area.left + margin) show.from -= (area.left + margin - x) * show.per;
  if (x > area.left + width() - margin) show.from += (x - area.left - width() + margin) * show.per;
  within();
  const number = rowOf(columns.target[show.at]);
  if (number !== undefined) seen(number);
}

function seen(number) {
  show.top = clamp(show.top, (number + 1) * area.row - area.room, number * area.row);
  show.top = clamp(show.top, 0, Math.max(0, rows.length * area.row - area.room));
}

// Drawing.

function redraw() {
  if (wanted) return;
  wanted = true;
  requestAnimationFrame(() => { wanted = false; draw(); });
}

function draw() {
  const ratio = devicePixelRatio;
  g.setTransform(ratio, 0, 0, ratio, 0, 0);
  g.clearRect(0, 0, area.width, area.height);
  g.direction = "ltr";
  g.textBaseline = "middle";
  if (show.view === "sequence") drawSequence(); else drawTimeline();
}

function nice(least) {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, least)));
  return [1, 2, 5, 10].map(digit => digit * power).find(step => step >= least);
}

function ticks() {
  const low = show.from, high = Math.min(placeAt(area.left + width()), ends[show.axis]), found = [];
  const needs = label => (g.measureText(label).width + 26 * scale) * show.per;
  if (show.axis === "switches") {
    let step = nice(show.per);
    while (needs(`#${Math.round(high)}`) > step) step = nice(step * 1.5);
    for (let number = Math.max(1, Math.ceil(low / step)); number * step <= Math.min(high, told.switches); number++) found.push([number * step, `#${number * step}`]);
    return found;
  }
  const time = show.axis === "busy" ? timeOfBusy : place => place, place = show.axis === "busy" ? busy : t => t;
  const most = Math.max(Math.abs(time(low)), Math.abs(time(high)));
  const [, unit, unitNs] = told.units.find(([least]) => most >= least);
  const label = (t, step) => `${(t / unitNs).toFixed(Math.max(0, -Math.floor(Math.log10(step / unitNs) + 1e-9)))} ${unit}`;
  let step = nice(show.per);
  while (Math.max(needs(label(time(low), step)), needs(label(time(high), step))) > step) step = nice(step * 1.5);
  let free = -Infinity;
  for (let p = low; p <= high;) {
    const t = Math.ceil(time(p) / step) * step, at = place(t), inside = gaps.find(gap => show.axis === "busy" && gap.start <= t && t < gap.end);
    if (inside) { p = inside.place + inside.shown; continue; }
    if (at > high) break;
    if (xOf(at) >= free) { found.push([at, label(t, step)]); free = xOf(at) + needs(label(t, step)) / show.per; }
    p = Math.max(at, p) + Math.max(show.per, show.axis === "time" ? step / 2 : 0);
  }
  return found;
}

function drawTimeline() {
  const right = area.left + width(), bottom = Math.min(area.height, rowTop(rows.length));
  drawRuler(right, bottom);
  drawFlags();
  g.save();
  g.beginPath();
  g.rect(0, area.ruler - (show.top ? 0 : 4 * scale), area.width, area.height);
  g.clip();
  const visible = [Math.max(0, Math.floor(show.top / area.row)), Math.min(rows.length, Math.ceil((show.top + area.height) / area.row))];
  for (let number = visible[0]; number < visible[1]; number++) drawName(rows[number], number);
  g.save();
  g.beginPath();
  g.rect(area.left - 2, area.ruler - 4 * scale, area.width - area.left + 2, area.height);
  g.clip();
  drawPoles(bottom);
  drawConnectors();
  for (let number = visible[0]; number < visible[1]; number++) {
    const lane = lanes[rows[number].lane];
    if (lane) drawLane(lane, rowTop(number) + area.row / 2, Math.min(area.row * .68, (show.present ? 40 : 30) * scale));
  }
  drawPlayhead(bottom);
  g.restore();
  const more = Math.max(0, rows.length - Math.floor((show.top + area.room) / area.row + .01)), above = Math.round(show.top / area.row);
  g.restore();
  if (more + above <= 0) return;
  font(11, "sans");
  g.textAlign = "left";
  g.fillStyle = ink.dim;
  g.fillText([above && `${above} above`, more > 0 && `${more} below`].filter(Boolean).join(", "), 6 * scale, area.ruler - 16 * scale);
}

function drawRuler(right, bottom) {
  font(12);
  const y = area.ruler - 16 * scale;
  g.textAlign = "center";
  for (const [place, label] of ticks()) {
    const x = xOf(place);
    g.globalAlpha = .25;
    g.fillStyle = ink.dim;
    g.fillRect(x, y + 9 * scale, 1, bottom - y - 9 * scale);
    g.globalAlpha = 1;
    g.fillStyle = ink.ruler;
    g.fillText(label, clamp(x, area.left + g.measureText(label).width / 2 - 8 * scale, area.width - g.measureText(label).width / 2 - 2), y);
  }
  if (show.axis !== "busy") return;
  let free = -Infinity;
  for (const {place, shown, length} of gaps) {
    const left = Math.max(area.left, xOf(place)), end = Math.min(right, xOf(place + shown));
    if (end <= left) continue;
    g.globalAlpha = .13;
    g.fillStyle = ink.gap;
    g.fillRect(left, area.ruler - 4 * scale, end - left, bottom - area.ruler + 4 * scale);
    g.globalAlpha = 1;
    const label = `⋯ ${length}`, half = g.measureText(label).width / 2;
    if ((left + end) / 2 - half < free) continue;
    g.fillText(label, (left + end) / 2, y - 15 * scale);
    free = (left + end) / 2 + half + 4;
  }
}

// Marks: a flag with the name of each over the ruler, and a pole down to the rows, as in the picture (flags.py).

const FLAG = 21, FLAGGED = 3;

/** A flag for each of [x, mark], which are in order: to the right of its pole, and over those that it would cover. */
function flags(poles, right, lines) {
  const found = [], taken = Array(lines).fill(right);
  font(11.5, "mono", true);
  for (const [x, mark] of poles.reverse()) {
    let name = fitted(mark.name, 240 * scale), wide = g.measureText(name).width + 10 * scale, left = Math.min(x, right - wide);
    let line = taken.findIndex(free => left + wide <= free);
    if (line < 0) [line, left, wide, name] = [lines - 1, x, 9 * scale, ""];
    taken[line] = Math.min(taken[line], left - 4 * scale);
    found.push({x, left, wide, line, name, mark});
  }
  return found.reverse();
}

/** How many lines of flags there are where all is seen; when one zooms, the rows stay where they are. */
function stacked() {
  if (!marks.length) return 0;
  const left = area.left || 160 * scale, room = Math.max(1, area.width - left - 24 * scale), [start, end] = spans[show.axis];
  const poles = marks.map(mark => [left + (markPlace(mark) - start) / Math.max(end - start, 1e-6) * room, mark]);
  return 1 + Math.max(...flags(poles, area.width - 2, FLAGGED).map(flag => flag.line));
}

function drawFlags() {
  const poles = marks.map(mark => [xOf(markPlace(mark)), mark]).filter(([x]) => x >= area.left - 1 && x <= area.width);
  area.flagged = flags(poles, area.width - 2, Math.round(area.flags / FLAG / scale));
  for (const flag of area.flagged) {
    flag.top = area.flags - (flag.line + 1) * FLAG * scale + 2 * scale;
    g.fillStyle = flag.mark === marks[show.mark] ? ink.edge : ink.gap;
    g.fillRect(flag.x - .7, flag.top, 1.4, area.flags - flag.top);
    g.beginPath();
    g.roundRect(flag.left, flag.top, flag.wide, 17 * scale, 3 * scale);
    g.fill();
    g.fillStyle = ink.page;
    g.textAlign = "left";
    g.fillText(flag.name, flag.left + 5 * scale, flag.top + 9 * scale);
  }
}

function drawPoles(bottom) {
  g.strokeStyle = ink.gap;
  g.lineWidth = 1.4;
  g.setLineDash([2, 3]);
  g.beginPath();
  for (const {x} of area.flagged) { g.moveTo(x, area.ruler - 4 * scale); g.lineTo(x, bottom); }
  g.stroke();
  g.setLineDash([]);
}

const flagAt = (x, y) => show.view === "timeline" && y < area.flags ? area.flagged.find(({left, wide, top}) => x >= left && x < left + wide && y >= top && y < top + 17 * scale) : undefined;

function stateNow(lane) {
  const number = show.mark < 0 ? sliceAt(lane, "switches", placeOf(show.at)) : sliceAt(lane, "time", marks[show.mark].t);
  // Of slices that are drawn together it is not known which one this is.
  return number < 0 || lane.share(number, "time") >= 0 ? -1 : lane.state[number];
}

function drawName(row, number) {
  const y = rowTop(number) + area.row / 2, lane = lanes[row.lane];
  if (number === show.selected) {
    g.fillStyle = ink.waiting;
    g.globalAlpha = .16;
    g.fillRect(0, rowTop(number), area.width, area.row);
    g.globalAlpha = 1;
  }
  const state = !lane ? -1 : show.mark < 0 && row.lane === columns.target[show.at] && row.lane < told.alive ? RUNNING : stateNow(lane);
  if (state >= 0 && state < states.length) {
    font(13);
    g.textAlign = "center";
    g.fillStyle = ink[states[state][0]];
    if (!(state === WAITING && lane.hub)) g.fillText(states[state][2], area.left - 14 * scale, y);
  }
  const x = (6 + 14 * row.depth) * scale;
  g.textAlign = "left";
  if (row.open !== undefined) {
    font(13);
    g.fillStyle = ink.dim;
    g.fillText(row.open ? "▾" : "▸", x, y);
  }
  font(14, "mono", row.top || state === RUNNING);
  g.fillStyle = row.top ? ink.thread : ink.name;
  const left = x + (row.open !== undefined ? 14 : 0) * scale;
  g.fillText(fitted(row.name, area.left - 24 * scale - left, true), left, y);
}

function bar(left, right, middle, height, state) {
  const tall = height * states[state][3], radius = right - left < 10 ? 0 : Math.min(4, tall / 2);
  g.fillStyle = looks[state];
  if (radius < 1) return void g.fillRect(left, middle - tall / 2, right - left, tall);
  g.beginPath();
  g.roundRect(left, middle - tall / 2, right - left, tall, radius);
  g.fill();
}

function drawLane(lane, middle, height) {
  const along = lane.along(show.axis), end = ends[show.axis], left = area.left, most = area.width;
  const runs = [], marks = [];
  let column = -1, share = new Float64Array(states.length + 1), stirred = false;
  const flush = () => {
    if (!stirred) return;
    let main = -1;
    for (let state = 0; state < states.length; state++) if (state !== RUNNING && !(state === WAITING && lane.hub) && share[state] > 0 && (main < 0 || share[state] > share[main])) main = state;
    if (main >= 0) bar(column, column + 1, middle, height, main);
    if (share[RUNNING] > 0 || share.ran) runs.push([column, column + 1, Math.min(1, share[RUNNING]), -1]);
    share.fill(0);
    share.ran = stirred = false;
  };
  for (let i = Math.max(0, sliceAt(lane, show.axis, show.from)); i < lane.length; i++) {
    const start = xOf(along[i]), stop = Math.min(most, xOf(i + 1 < lane.length ? along[i + 1] : end)), state = lane.state[i];
    if (start > most) break;
    if (isEnd(state)) { marks.push([start, state]); continue; }
    if (lane.share(i, show.axis) < 0 && (state >= states.length || state === WAITING && lane.hub)) continue;
    const begin = Math.max(left - 4, start), ran = lane.share(i, show.axis);
    if (stop - begin < .5) {
      if (stop < left) continue;
      if (Math.floor(begin) !== column) { flush(); column = Math.floor(begin); }
      share[state] += (stop - begin) * (1 - Math.max(0, ran));
      if (ran > 0) share[RUNNING] += (stop - begin) * ran;
      if (ran > 0 || state === RUNNING && ran < 0) share.ran = true;
      stirred = true;
      continue;
    }
    if (ran >= 0) {
      if (state < states.length && state !== RUNNING && !(state === WAITING && lane.hub)) bar(begin, stop, middle, height, state);
      if (ran > 0) runs.push([begin, stop, ran, -1]);
      continue;
    }
    if (state === RUNNING) { runs.push([begin, stop, 1, i]); continue; }
    bar(begin, stop, middle, height, state);
    write(lane, i, Math.max(begin, left), stop, middle, state === BLOCKED ? ink.page : ink.label, "left");
  }
  flush();
  runs.forEach(([start, stop, part, i], number) => {
    if (stop - start >= 2.5 && part === 1) {
      bar(start, stop, middle, height, RUNNING);
      if (show.axis === "switches") write(lane, i, Math.max(start, left), stop, middle, ink["on-running"], "center");
      return;
    }
    const alone = !(start - runs[number - 1]?.[1] <= 5) && !(runs[number + 1]?.[0] - stop <= 5), tall = height * (alone ? 1 : Math.max(.2, part));
    g.fillStyle = looks[RUNNING];
    g.fillRect(start, middle - tall / 2, Math.max(stop - start, 2.5), tall);
  });
  for (const [x, state] of marks) drawMark(x, middle, state);
}

function drawMark(x, middle, state) {
  g.strokeStyle = ink[states[state][0]];
  g.lineWidth = 2.4 * scale;
  g.lineCap = "round";
  g.beginPath();
  const s = scale, at = x + 5 * s;
  if (state === DONE) { g.moveTo(at, middle); g.lineTo(at + 4 * s, middle + 5 * s); g.lineTo(at + 11 * s, middle - 5 * s); }
  else if (state === STOPPED) { g.arc(at + 5.5 * s, middle, 5.5 * s, 0, 7); g.moveTo(at + 1.6 * s, middle + 3.9 * s); g.lineTo(at + 9.4 * s, middle - 3.9 * s); }
  else { g.moveTo(at, middle - 5 * s); g.lineTo(at + 10 * s, middle + 5 * s); g.moveTo(at, middle + 5 * s); g.lineTo(at + 10 * s, middle - 5 * s); }
  g.stroke();
}

function write(lane, i, left, right, middle, colour, align) {
  const labels = lane.labels(i), room = right - left - 10 * scale;
  if (!labels.length || room < 8) return;
  font(11.5);
  const label = longest(labels, room, 84);
  if (!label) return;
  g.textAlign = align;
  if (typeof looks[lane.state[i]] !== "string") {
    // On a pattern nothing could be read.
    g.fillStyle = ink.page;
    g.beginPath();
    g.roundRect(left + 3 * scale, middle - 7 * scale, g.measureText(label).width + 6 * scale, 14 * scale, 3);
    g.fill();
  }
  g.fillStyle = colour;
  g.fillText(label, align === "center" ? (left + right) / 2 : left + 6 * scale, middle + .5);
}

function rowMiddle(track) {
  const number = rowOf(track);
  return number === undefined ? undefined : rowTop(number) + area.row / 2;
}

function arrow(x, from, to, colour, thick, head) {
  const down = to > from ? 1 : -1, short = Math.min(area.row * .34, 15 * scale) * down;
  g.strokeStyle = g.fillStyle = colour;
  g.lineWidth = thick;
  g.beginPath();
  g.moveTo(x, from);
  g.lineTo(x, to - short - head * down);
  g.stroke();
  if (!head) return;
  g.beginPath();
  g.moveTo(x, to - short);
  g.lineTo(x - head * .6, to - short - head * down);
  g.lineTo(x + head * .6, to - short - head * down);
  g.fill();
}

function drawConnectors() {
  const on = show.axis === "switches";
  const first = last(count, i => axisPlace(i) < show.from) + 1, stop = last(count, i => axisPlace(i) <= placeAt(area.width)) + 1;
  if (on ? 1 / show.per < 8 * scale : stop - first > 60) return;
  g.globalAlpha = .7;
  for (let i = first; i < stop; i++) {
    const from = rowMiddle(columns.origin[i]), to = rowMiddle(columns.target[i]);
    if (from !== undefined && to !== undefined && from !== to) arrow(xOf(axisPlace(i)), from, to, ink.dim, 1.2, on && 1 / show.per >= 12 * scale ? 6 * scale : 0);
  }
  g.globalAlpha = 1;
}

function drawPlayhead(bottom) {
  const x = xOf(nowPlace()), top = area.ruler - 4 * scale;
  if (x < area.left - 2 || x > area.width) return;
  g.fillStyle = ink.edge;
  g.globalAlpha = .55;
  g.fillRect(x - .75, top, 1.5, bottom - top);
  g.globalAlpha = 1;
  g.beginPath();
  g.moveTo(x - 6 * scale, top - 3 * scale);
  g.lineTo(x + 6 * scale, top - 3 * scale);
  g.lineTo(x, top + 6 * scale);
  g.fill();
  if (show.at < 0) return;
  const from = rowMiddle(columns.origin[show.at]), to = rowMiddle(columns.target[show.at]);
  const waker = columns.waker[show.at] - 1, by = waker >= 0 ? rowMiddle(waker) : undefined, lane = columns.target[show.at] < told.alive && lanes[columns.target[show.at]];
  if (by !== undefined && to !== undefined && by !== to && lane) {
    // Who made it ready, and when: dashed, to where it begins to be ready.
    const along = lane.along("switches"), run = last(lane.length, i => along[i] <= placeOf(show.at)) - 1;
    if (run >= 0 && lane.state[run] === READY && lane.share(run, "time") < 0) {
      g.setLineDash([4 * scale, 3 * scale]);
      arrow(xOf(lane.along(show.axis)[run]), by, to, ink.ready, 1.6 * scale, 0);
      g.setLineDash([]);
    }
  }
  if (from !== undefined && to !== undefined && from !== to) arrow(xOf(axisPlace(show.at)), from, to, ink.edge, 2.4 * scale, 9 * scale);
}

// The sequence: the rows' tracks side by side, the switches from top to bottom.

function lifelines(spacing, room, first, stop) {
  const order = [...new Set(rows.map(row => row.lane < told.alive ? row.lane : -1).concat(allRows.map(row => row.lane < told.alive ? row.lane : -1)))].filter(lane => lane >= 0);
  const most = Math.max(1, Math.floor(room / spacing));
  if (order.length <= most) return order;
  const chosen = new Set(), known = new Set(order);
  const near = [...Array(Math.max(0, stop - first)).keys()].map(i => i + first).sort((a, b) => Math.abs(a - show.at) - Math.abs(b - show.at));
  const add = track => { if (known.has(track) && chosen.size < most) chosen.add(track); };
  if (rows[show.selected]) add(rows[show.selected].lane);
  for (const i of near) { add(columns.target[i]); add(columns.origin[i]); }
  order.forEach(add);
  return order.filter(track => chosen.has(track));
}

function drawSequence() {
  const line = 28 * scale, head = 34 * scale, visible = Math.max(1, Math.floor((area.height - head) / line));
  // A few lines stay visible on either side of the current one.
  const margin = Math.min(2, Math.floor((visible - 1) / 2));
  show.line = clamp(show.line, Math.max(-1, show.at - visible + 1 + margin), Math.max(-1, show.at - margin));
  show.line = clamp(show.line, -1, Math.max(-1, count - visible));
  const page = Math.max(0, Math.floor(show.at / 20) * 20 - 20);
  font(12);
  const digits = g.measureText(`#${placeOf(count - 1)}`).width + 16 * scale;
  const timed = area.width >= 760 * scale ? g.measureText(moment(told.until_ns, told.finer)).width + 18 * scale : 0;
  const tracks = lifelines((area.width < 600 ? 76 : 96) * scale, area.width - digits - timed, page, Math.min(count, page + 60));
  const left = digits + timed;
  const saying = area.width - left - tracks.length * 150 * scale > 260 * scale;
  const spacing = Math.min((saying ? 190 : 340) * scale, (area.width - left - (saying ? 260 * scale : 0)) / Math.max(1, tracks.length));
  const xs = new Map(tracks.map((track, number) => [track, left + (number + .5) * spacing]));
  const sayAt = left + tracks.length * spacing + 10 * scale;
  const yOf = place => head + (lineOf(place) - show.line + .5) * line;
  // Lifelines: the same slices as in the timeline, along the switches.
  g.save();
  g.beginPath();
  g.rect(0, head - 4 * scale, area.width, area.height);
  g.clip();
  const current = yOf(placeOf(show.at));
  g.fillStyle = ink.waiting;
  g.globalAlpha = .16;
  g.fillRect(0, current - line / 2, area.width, line);
  g.globalAlpha = 1;
  for (const [track, x] of xs) {
    const lane = lanes[track], low = placeOf(show.line - 2), high = placeOf(Math.min(count - 1, show.line + visible + 2)) + 1;
    for (let i = Math.max(0, sliceAt(lane, "switches", low)); i < lane.length && lane.place[i] <= high; i++) {
      const from = yOf(Math.max(low, lane.place[i])), to = yOf(Math.min(high, i + 1 < lane.length ? lane.place[i + 1] : ends.switches)), state = lane.state[i];
      if (lane.share(i, "switches") >= 0) {
        // What was between two steps is not told here.
        g.fillStyle = ink.dim;
        for (let y = from + 3 * scale; y < to; y += 6 * scale) g.fillRect(x - scale, y, 2 * scale, 2 * scale);
        continue;
      }
      if (isEnd(state)) { drawMark(x - 8 * scale, from + 6 * scale, state); continue; }
      if (state === WAITING || state >= states.length) {
        g.strokeStyle = ink.waiting;
        g.lineWidth = 1.4 * scale;
        g.setLineDash([3 * scale, 4 * scale]);
        g.beginPath();
        g.moveTo(x, from);
        g.lineTo(x, to);
        g.stroke();
        g.setLineDash([]);
        continue;
      }
      const wide = 16 * scale * states[state][3];
      g.fillStyle = looks[state];
      g.fillRect(x - wide / 2, from, wide, Math.max(1, to - from));
    }
  }
  for (let i = Math.max(0, show.line); i < Math.min(count, show.line + visible + 2); i++) drawMessage(i, yOf(placeOf(i)), xs, digits, timed, left, tracks.length * spacing, sayAt, saying);
  g.restore();
  g.textAlign = "center";
  for (const [track, x] of xs) {
    const bold = columns.target[show.at] === track;
    font(13, "mono", bold);
    g.fillStyle = bold ? ink.running : ink.thread;
    g.fillText(fitted(told.tracks[track], spacing - 10 * scale, true), x, head / 2);
  }
  const hidden = new Set(allRows.filter(row => row.lane < told.alive).map(row => row.lane)).size - tracks.length;
  if (hidden > 0 && saying) { font(12, "sans"); g.textAlign = "left"; g.fillStyle = ink.dim; g.fillText(`… ${hidden} more tracks`, sayAt, head / 2); }
}

function drawMessage(i, y, xs, digits, timed, left, wide, sayAt, saying) {
  const now = i === show.at, origin = columns.origin[i], target = columns.target[i];
  font(12);
  g.textAlign = "right";
  g.fillStyle = now ? ink.thread : ink.ruler;
  g.fillText(`#${numbers[i]}`, digits - 8 * scale, y);
  if (marks.some(mark => mark.at === i)) { g.fillStyle = ink.gap; g.fillText("▼", 12 * scale, y); }
  if (timed) { g.fillStyle = ink.dim; g.fillText(moment(times[i], told.finer), digits + timed - 12 * scale, y); }
  if (saying) {
    g.textAlign = "left";
    g.fillStyle = ink.text;
    font(12, "sans");
    g.fillText(fitted(told.sentences[columns.sentence[i + 1]], area.width - sayAt - 8), sayAt, y);
    font(12);
  }
  let from = xs.get(origin), to = xs.get(target), named = "";
  if (from === undefined && to === undefined || from === to) return;
  if (from === undefined) { from = Math.min(left + wide, to + 60 * scale); named = told.tracks[origin]; }
  if (to === undefined) { to = Math.min(left + wide, from + 60 * scale); named = told.tracks[target]; }
  const way = to > from ? 1 : -1, body = 9 * scale * way, colour = now ? ink.edge : ink.dim;
  g.strokeStyle = g.fillStyle = colour;
  g.lineWidth = (now ? 2.2 : 1.3) * scale;
  g.beginPath();
  g.moveTo(from + body, y);
  g.lineTo(to - body - 8 * scale * way, y);
  g.stroke();
  g.beginPath();
  g.moveTo(to - body, y);
  g.lineTo(to - body - 9 * scale * way, y - 5 * scale);
  g.lineTo(to - body - 9 * scale * way, y + 5 * scale);
  g.fill();
  font(11.5, "mono", now);
  if (named) {
    // Whoever has no lifeline is named at the end of the arrow, as far as the next lifeline.
    const end = Math.max(from, to) + 4 * scale, next = Math.min(left + wide, ...[...xs.values()].filter(x => x > end));
    g.textAlign = "left";
    g.fillStyle = ink.name;
    g.fillText(fitted(named, next - end - 12 * scale, true), end, y);
    return;
  }
  const labels = told.crossings[columns.crossing[i]], label = labels.length ? longest(labels, Math.abs(to - from) - 44 * scale, 28) : "";
  if (!label) return;
  const size = g.measureText(label).width, middle = (from + to) / 2;
  g.fillStyle = now ? mixedGround() : ink.page;
  g.fillRect(middle - size / 2 - 4 * scale, y - 7 * scale, size + 8 * scale, 14 * scale);
  g.textAlign = "center";
  g.fillStyle = now ? ink.thread : ink.label;
  g.fillText(label, middle, y);
}

function mixedGround() {
  const part = (hex, i) => parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16);
  return `rgb(${[0, 1, 2].map(i => Math.round(part(ink.page, i) + .16 * (part(ink.waiting, i) - part(ink.page, i))))})`;
}

// What stands beside it.

function say(at) {
  const text = told.sentences[columns.sentence[at + 1]], cut = text.lastIndexOf(" → "), into = $("sentence");
  into.replaceChildren(cut < 0 ? text : text.slice(0, cut + 3));
  if (cut >= 0) {
    const effect = document.createElement("span");
    effect.className = "effect";
    effect.textContent = text.slice(cut + 3);
    into.append(effect);
  }
  const number = at < 0 ? (told.first ? `before switch ${told.first + 1}` : "before the first switch") : `switch ${numbers[at]}`;
  $("where").textContent = `${number} of ${told.switches} · ${moment(now())}`;
  $("slider").value = String(at + 1);
  $("slider").setAttribute("aria-valuetext", number);
  const here = chapterNow();
  $("problem").textContent = told.problems.filter(problem => problem[1] === at).map(problem => `Problem: ${problem[0]}`).join("\n");
  // Behind a mark nothing is said: it may not hold there.
  [$("chapter").firstChild.textContent, $("chapter").lastChild.textContent] = show.mark < 0 ? ["", ""] : [marks[show.mark].name, marks[show.mark].caption];
  [...$("chapters").children].forEach((button, i) => i === here ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current"));
  $("first").disabled = $("back").disabled = at < 0;
  $("last").disabled = $("next").disabled = at >= count - 1;
}

function source(figure, number) {
  const position = told.positions[number], [name, where] = figure.querySelectorAll("b, span"), pre = figure.querySelector("pre");
  // Presented, the other one takes the room of one without a line.
  figure.style.visibility = position ? "visible" : "hidden";
  figure.hidden = show.present && !(position && position[1] >= 0);
  name.textContent = where.textContent = "";
  pre.replaceChildren();
  pre.className = "";
  if (!position) return;
  const [said, file, line, marked, why] = position;
  name.textContent = said;
  if (file >= 0) where.textContent = `${told.files[file].name.replace(/.*[/\\]/, "")}:${line}`;
  figure.title = file >= 0 ? `${said}: ${told.files[file].name}:${line}` : said;
  const lines = file >= 0 ? told.files[file].lines : {};
  if (!lines[line] && why) { pre.className = "none"; pre.textContent = why; return; }
  if (lines[line] === undefined) return;
  // As many lines as there is room for, the one that matters in their middle.
  const high = parseFloat(getComputedStyle(pre).fontSize) * 1.45, fixed = show.present || innerWidth <= 760;
  const room = show.present ? show.lines : fixed ? 5 : Math.max(1, Math.floor(pre.clientHeight / high));
  let from = line - Math.floor(room / 2), to = from + room - 1;
  while (lines[from] === undefined && from < line) from++;
  while (from < line && !lines[from].trim()) from++;
  to = from + room - 1;
  while (lines[to] === undefined && to > line) to--;
  while (to - from + 1 < room && lines[from - 1]?.trim()) from--;
  const shown = [];
  for (let n = from; n <= to; n++) if (lines[n] !== undefined) shown.push(n);
  const indent = Math.min(...shown.filter(n => lines[n].trim()).map(n => lines[n].length - lines[n].trimStart().length));
  const cut = Number.isFinite(indent) ? indent : 0, digits = String(to).length;
  for (const n of shown) {
    const row = document.createElement("span"), label = document.createElement("span"), text = lines[n].slice(cut);
    row.className = n === line ? "line here" : "line";
    label.className = "number";
    label.textContent = `${n === line ? "▶" : " "}${String(n).padStart(digits)}  `;
    row.append(label);
    const span = marked.find(one => one[0] === n);
    if (span) {
      const [begin, end] = [Math.max(0, span[1] - cut), Math.max(0, span[2] - cut)], mark = document.createElement("mark");
      mark.textContent = text.slice(begin, end);
      row.append(text.slice(0, begin), mark, text.slice(end));
    } else row.append(text);
    pre.append(row);
  }
  // The expression matters more than where its line begins, if all of it can be seen.
  const mark = pre.querySelector(".here mark");
  if (!mark) return;
  const left = mark.offsetLeft - pre.offsetLeft - 12, right = left + mark.offsetWidth + 24;
  if (right - left <= pre.clientWidth) pre.scrollLeft = right - pre.clientWidth;
  else if (left > pre.clientWidth / 2) pre.scrollLeft = left;
}

// A list that is real, and bounded: so many switches around the current one.
const LISTED = 120;
let listed = [0, -1];

function list(force) {
  const at = Math.max(0, show.at);
  if (force || at < listed[0] || at >= listed[1]) {
    const from = clamp(at - LISTED / 2, 0, Math.max(0, count - LISTED)), to = Math.min(count, from + LISTED);
    fill(from, to);
  }
  for (const item of $("list").querySelectorAll("[aria-current]")) item.removeAttribute("aria-current");
  const item = $("list").children[show.at - listed[0]]?.firstChild;
  if (!item) { $("list").scrollTop = 0; return; }
  item.setAttribute("aria-current", "true");
  const box = $("list");
  box.scrollTop = clamp(box.scrollTop, item.offsetTop - box.offsetTop + item.offsetHeight * 2 - box.clientHeight, item.offsetTop - box.offsetTop - item.offsetHeight);
}

function fill(from, to) {
  listed = [from, to];
  $("list").replaceChildren();
  for (let i = from; i < to; i++) {
    const item = document.createElement("li"), button = document.createElement("button"), number = document.createElement("span"), text = document.createElement("span");
    button.type = "button";
    button.tabIndex = -1;
    number.className = "number";
    text.className = "text";
    item.value = numbers[i];
    number.textContent = String(numbers[i]);
    text.textContent = told.sentences[columns.sentence[i + 1]];
    button.append(number, text);
    button.addEventListener("click", () => { go(i); picture.focus({preventScroll: true}); });
    item.append(button);
    $("list").append(item);
  }
  $("listed").textContent = to - from < count ? `Listed are ${numbers[from]} to ${numbers[to - 1]} of ${told.switches}.` : "";
}

// Going from one to another.

/** Behind switch `at`, or, where it is not -1, at that mark; undefined: at the mark of that very moment, if any. */
function go(at, quiet = false, mark = marks.findIndex(one => one.at === at && one.t === timeOf(at))) {
  show.at = clamp(at, -1, count - 1);
  show.mark = mark;
  say(show.at);
  source($("running"), mark >= 0 && marks[mark].source || columns.running[show.at + 1]);
  source($("suspended"), columns.suspended[show.at + 1]);
  list();
  if (show.view === "timeline") follow();
  if (show.present) tick();
  redraw();
  root.dataset.at = String(placeOf(show.at));
  if (quiet) return;
  // A browser complains of an address that changes as fast as a key repeats.
  clearTimeout(show.addressing);
  show.addressing = setTimeout(() => {
    // Neither an entry in the history nor a reason to fail: some frames allow no address of their own.
    try { history.replaceState(null, "", `#${placeOf(show.at)}`); } catch { /* The address stays as it is. */ }
  }, 300);
}

function handOver(method) {
  if (!framed || !show.present) return;
  parent.postMessage(JSON.stringify({method}), "*");
  // The next key is the deck's.
  parent.focus();
}

const step = by => {
  if (by > 0 && show.at >= count - 1) return handOver("next");
  if (by < 0 && show.at < 0) return handOver("prev");
  go(show.at + by);
};

// Marks are in order, and may lie between two switches.
const isBehind = mark => mark.at < show.at || mark.at === show.at && mark.t < now();
const isAhead = mark => mark.at > show.at || mark.at === show.at && mark.t > now();
const chapterNow = () => marks.findLastIndex(mark => !isAhead(mark));
const chapterBy = by => by > 0 ? marks.findIndex(isAhead) : marks.findLastIndex(isBehind);

/** To the next mark, if there are any, else to the next switch. */
function stop(by) {
  if (!marks.length) return step(by);
  const number = chapterBy(by);
  if (number < 0) handOver(by > 0 ? "next" : "prev"); else chapter(number);
}

function stepOf(by) {
  const row = rows[show.selected];
  if (!row) return step(by);
  const group = allRows.indexOf(row), within = allRows.filter(one => one.within === group).map(one => one.lane);
  const wanted = new Set(row.lane < told.alive ? [row.lane] : [...within, ...told.homes.filter(one => one[1] === group).map(one => one[0])]);
  for (let i = show.at + by; i >= 0 && i < count; i += by) if (wanted.has(columns.target[i])) return go(i);
}

function chapter(number) { if (marks[number]) go(marks[number].at, false, number); }
/** To the nearest problem before or after the current switch. */
function problem(by) {
  const places = told.problems.map(one => one[1]).filter(place => by > 0 ? place > show.at : place < show.at);
  if (places.length) go(by > 0 ? Math.min(...places) : Math.max(...places));
}

function play(on = !show.playing) {
  clearInterval(show.playing);
  show.playing = on ? setInterval(() => show.at < count - 1 ? go(show.at + 1) : play(false), 1000 / show.pace) : 0;
  $("play").textContent = on ? "Pause" : "Play";
}
function hurry(by) { show.pace = clamp(show.pace * 2 ** by, .25, 32); if (show.playing) play(true); }

function setAxis(axis) {
  const left = placeAt(area.left), right = placeAt(area.left + width()), whole = show.per >= wholePer() * .999;
  const time = place => show.axis === "busy" ? timeOfBusy(place) : show.axis === "time" ? place : timeOf(stepAt(Math.round(place)));
  const from = time(left), to = time(right);
  show.axis = axis;
  measure();
  if (whole) fit();
  else {
    const place = t => axis === "time" ? t : axis === "busy" ? busy(t) : placeOf(last(count, i => times[i] <= t));
    show.from = place(from);
    show.per = Math.max(closest(), (place(to) - place(from)) / width());
  }
  tools();
  follow();
  redraw();
}

function tools() {
  $("axis").textContent = show.axis === "switches" ? "Axis: switches" : "Axis: time";
  $("fold").setAttribute("aria-pressed", String(show.axis === "busy"));
  $("fold").disabled = !gaps.length;
  $("view").textContent = show.view === "sequence" ? "Timeline" : "Sequence";
  $("axis").hidden = $("fold").hidden = show.view === "sequence";
  $("theme").textContent = dark() ? "Light" : "Dark";
  picture.setAttribute("aria-label", show.view === "sequence" ? "Sequence of the switches" : "Timeline of the tracks");
}

function setView(view) { show.view = view; tools(); if (view === "timeline") follow(); redraw(); }

const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
function setTheme(to) { if (to !== undefined) root.dataset.theme = to; theme(); legend(); tools(); redraw(); }

function present(on) {
  show.present = on;
  root.classList.toggle("present", on);
  show.since = Date.now();
  $("clock").hidden = !on;
  tick();
  refresh();
}
function tick() {
  const seconds = Math.floor((Date.now() - show.since) / 1000);
  const chapters = marks.length ? `${chapterNow() + 1}/${marks.length} · ` : "";
  $("clock").textContent = `${chapters}${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
function resize(factor) {
  show.size = clamp(show.size * factor, .5, 1.5);
  refresh();
}

function fold(number, open) {
  const row = rows[number];
  if (!row || row.open === undefined) return;
  row.open = open ?? !row.open;
  arrange();
  refresh();
}
function foldAll() {
  const heads = allRows.filter(row => row.open !== undefined), open = !heads.some(row => row.open);
  for (const row of heads) row.open = open;
  arrange();
  refresh();
}
function select(by) {
  if (!rows.length) return;
  show.selected = show.selected < 0 ? 0 : clamp(show.selected + by, 0, rows.length - 1);
  seen(show.selected);
  redraw();
}

/** All is as large as is wished; while presenting also as the screen is. */
function sized() {
  const room = show.present && innerWidth > 760 ? clamp(Math.min(innerWidth / 1280, innerHeight / 720), .6, 3) : 1;
  root.style.fontSize = `${told.font_size * show.size * room}px`;
  // Presented, the source gives way to words that are larger; what it has does not change from one switch to another.
  const line = told.font_size * show.size * room * 1.25 * 1.4, others = innerHeight * .4 + $("now").offsetHeight + $("legend").offsetHeight;
  show.lines = clamp(Math.floor((innerHeight - others) / line) - 2, 1, 5);
  root.style.setProperty("--lines", show.lines);
}

function refresh() {
  const whole = area.left && show.per >= wholePer() * .999;
  sized();
  theme();
  measure();
  if (whole) fit();
  within();
  go(show.at, true, show.mark);
}

function legend() {
  $("legend").replaceChildren(...told.legend.map(state => {
    const item = document.createElement("li"), sample = document.createElement("canvas"), [name, word, glyph] = states[state], ratio = devicePixelRatio;
    if (isEnd(state)) {
      const mark = document.createElement("b");
      mark.textContent = `${glyph} `;
      mark.style.color = ink[name];
      item.append(mark);
    } else {
      sample.width = 26 * ratio;
      sample.height = 15 * ratio;
      const s = sample.getContext("2d"), tall = sample.height * states[state][3];
      s.fillStyle = looks[state];
      s.fillRect(0, (sample.height - tall) / 2, sample.width, tall);
      sample.setAttribute("aria-hidden", "true");
      item.append(sample);
    }
    item.append(word);
    return item;
  }));
}

// Keys: those of the terminal.

const KEYS = [
  ["→ l", "Next switch", {ArrowRight: () => step(1), l: () => step(1)}],
  ["← h", "Previous switch", {ArrowLeft: () => step(-1), h: () => step(-1)}],
  ["L H", "Next, previous switch to the selected track", {L: () => stepOf(1), H: () => stepOf(-1)}],
  ["home g, end G", "First, last switch", {Home: () => go(-1), g: () => go(-1), End: () => go(count - 1), G: () => go(count - 1)}],
  ["space, > <", "Play or pause; faster, slower", {" ": () => play(), ">": () => hurry(1), "<": () => hurry(-1)}],
  ["w +, s -", "Zoom in, out", {w: () => zoom(2), "+": () => zoom(2), "=": () => zoom(2), s: () => zoom(.5), "-": () => zoom(.5)}],
  ["a d", "Pan to the left, to the right", {a: () => pan(-width() / 4), d: () => pan(width() / 4)}],
  ["f", "Fit the whole timeline", {f: () => { fit(); follow(); redraw(); }}],
  ["x", "Time axis or switch axis", {x: () => setAxis(show.axis === "switches" ? "time" : "switches")}],
  ["X", "Fold or unfold idle gaps", {X: () => gaps.length && setAxis(show.axis === "busy" ? "time" : "busy")}],
  ["↑ k, ↓ j", "Select the track above, below", {ArrowUp: () => select(-1), k: () => select(-1), ArrowDown: () => select(1), j: () => select(1)}],
  ["enter z, Z", "Fold or unfold the selected group, all groups", {Enter: () => fold(show.selected), z: () => fold(show.selected), Z: foldAll}],
  ["Y", "Sequence diagram, or back to the timeline", {Y: () => setView(show.view === "sequence" ? "timeline" : "sequence")}],
  ["' \"", "Next, previous chapter", {"'": () => chapter(chapterBy(1)), "\"": () => chapter(chapterBy(-1))}],
  ["c", "Go to the cause: what made this track run", {c: () => { if (show.at >= 0 && columns.cause[show.at]) go(columns.cause[show.at] - 2); }}],
  ["p P", "Next, previous problem", {p: () => problem(1), P: () => problem(-1)}],
  ["1 to 9", "Go to a chapter", Object.fromEntries([...Array(9).keys()].map(number => [String(number + 1), () => chapter(number)]))],
  ["y", "Copy the sentence", {y: () => navigator.clipboard?.writeText($("sentence").textContent).catch(() => {})}],
  ["T", "Dark or light", {T: () => setTheme(dark() ? "light" : "dark")}],
  ["0", "Present; escape: back", {0: () => present(!show.present), Escape: () => show.present && present(false)}],
  ["?", "These keys", {"?": () => $("help").showModal()}],
];
const PRESENTING = [
  ["space → page down", "Next chapter, or switch if there are no chapters", {" ": () => stop(1), ArrowRight: () => stop(1), PageDown: () => stop(1)}],
  ["← page up", "Back", {ArrowLeft: () => stop(-1), PageUp: () => stop(-1)}],
  ["b", "Blank the screen", {b: () => { $("blank").hidden = !$("blank").hidden; }, ".": () => { $("blank").hidden = !$("blank").hidden; }}],
  ["+ -", "Larger, smaller", {"+": () => resize(1.1), "=": () => resize(1.1), "-": () => resize(1 / 1.1)}],
  ["t", "Start the clock anew", {t: () => { show.since = Date.now(); tick(); }}],
];
const bound = Object.assign({}, ...KEYS.map(key => key[2])), presenting = Object.assign({}, ...PRESENTING.map(key => key[2]));
for (const [keys, what] of [...KEYS, ["", "While presenting:"], ...PRESENTING]) {
  const line = document.createElement("tr"), head = document.createElement(keys ? "th" : "td"), cell = document.createElement("td");
  if (keys) head.scope = "row";
  head.textContent = keys;
  cell.textContent = what;
  line.append(head, cell);
  $("table").append(line);
}

addEventListener("keydown", event => {
  if (event.altKey || event.metaKey || $("help").open) return;
  const target = event.target, key = event.key;
  if (event.ctrlKey) {
    if (key === "ArrowLeft" || key === "ArrowRight") { pan((key === "ArrowLeft" ? -1 : 1) * width() / 4); event.preventDefault(); }
    return;
  }
  // What a button, the slider or a text does with these keys itself.
  if (target instanceof HTMLButtonElement && (key === " " || key === "Enter")) return;
  if (target === $("slider") && /^(Arrow|Home|End|Page)/.test(key)) return;
  if (!$("blank").hidden && key !== "b" && key !== ".") { $("blank").hidden = true; event.preventDefault(); return; }
  const does = show.present && presenting[key] || bound[key];
  if (!does) return;
  event.preventDefault();
  if (key !== " " && !/[<>]/.test(key) && show.playing && !show.present) play(false);
  does();
});

const click = (id, does) => $(id).addEventListener("click", event => { does(); if (event.detail) picture.focus({preventScroll: true}); });
click("first", () => go(-1));
click("back", () => step(-1));
click("next", () => step(1));
click("last", () => go(count - 1));
click("play", () => play());
click("view", bound.Y);
click("axis", bound.x);
click("fold", bound.X);
click("theme", bound.T);
click("keys", bound["?"]);
click("present", () => { present(true); root.requestFullscreen?.().catch(() => {}); });
document.addEventListener("fullscreenchange", () => { if (!document.fullscreenElement && show.present && !query.has("present")) present(false); });
$("slider").addEventListener("input", () => go(Number($("slider").value) - 1));
$("help").addEventListener("click", event => { if (event.target === $("help")) $("help").close(); });
for (const id of ["now", "sources"]) $(id).addEventListener("click", event => { if (show.present) stop(event.clientX < innerWidth / 3 ? -1 : 1); });

// Mouse and touch: click to go there, drag to pan, wheel and two fingers to zoom.

const fingers = new Map();
let apart = 0;

function rowAt(y) { const number = Math.floor((y - area.ruler + show.top) / area.row); return y >= area.ruler && number < rows.length ? number : -1; }
function clicked(x, y) {
  if (show.view === "sequence") {
    const line = 28 * scale, at = Math.round((y - 34 * scale) / line - .5 + show.line);
    if (at >= -1 && at < count) go(at);
    return;
  }
  const flag = flagAt(x, y), number = rowAt(y);
  if (flag) return chapter(marks.indexOf(flag.mark));
  if (number >= 0) show.selected = number;
  if (x < area.left) { if (number >= 0) fold(number); redraw(); return; }
  const place = placeAt(x);
  go(show.axis === "switches" ? stepAt(place) : last(count, i => axisPlace(i) <= place));
}
picture.addEventListener("pointerdown", event => {
  fingers.set(event.pointerId, [event.offsetX, event.offsetY]);
  show.dragged = false;
  if (fingers.size === 2) { const [a, b] = fingers.values(); apart = Math.hypot(a[0] - b[0], a[1] - b[1]); }
  picture.setPointerCapture(event.pointerId);
});
picture.addEventListener("pointermove", event => {
  const before = fingers.get(event.pointerId), x = event.offsetX, y = event.offsetY;
  if (!before) return hover(event, x, y);
  if (!show.dragged && Math.hypot(x - before[0], y - before[1]) < 5 && fingers.size === 1) return;
  show.dragged = true;
  $("hover").hidden = true;
  fingers.set(event.pointerId, [x, y]);
  if (fingers.size === 2) {
    const [a, b] = fingers.values(), now = Math.hypot(a[0] - b[0], a[1] - b[1]);
    if (apart && show.view === "timeline") zoom(clamp(now / apart, .5, 2), (a[0] + b[0]) / 2);
    apart = now;
  } else if (show.view === "timeline") {
    show.top = clamp(show.top + before[1] - y, 0, Math.max(0, rows.length * area.row - area.room));
    pan(before[0] - x);
  }
});
for (const kind of ["pointerup", "pointercancel"]) picture.addEventListener(kind, event => {
  if (fingers.delete(event.pointerId) && kind === "pointerup" && !show.dragged && !fingers.size) clicked(event.offsetX, event.offsetY);
});
picture.addEventListener("dblclick", event => { if (show.view === "timeline" && event.offsetX > area.left) zoom(2, event.offsetX); });
picture.addEventListener("pointerleave", () => { $("hover").hidden = true; });
picture.addEventListener("wheel", event => {
  const x = event.offsetX, y = event.offsetY, delta = event.deltaMode ? event.deltaY * 20 : event.deltaY;
  if (show.view === "sequence") { event.preventDefault(); step(Math.sign(delta)); return; }
  const room = rows.length * area.row - area.room;
  if (event.ctrlKey || y < area.ruler) zoom(Math.exp(-clamp(delta, -100, 100) / 200), x);
  else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(delta)) pan(event.deltaX || delta);
  else if (room > 0) { show.top = clamp(show.top + delta, 0, room); redraw(); }
  else return;
  event.preventDefault();
}, {passive: false});

function hover(event, x, y) {
  const box = $("hover"), number = show.view === "timeline" && event.pointerType === "mouse" && x > area.left ? rowAt(y) : -1, lane = lanes[rows[number]?.lane];
  const slice = lane ? sliceAt(lane, show.axis, placeAt(x)) : -1;
  const mark = flagAt(x, y)?.mark;
  box.hidden = !mark && (slice < 0 || lane.state[slice] >= states.length && lane.share(slice, show.axis) < 0);
  if (box.hidden) return;
  box.textContent = mark ? [mark.name, mark.caption].filter(Boolean).join(": ") : sliceSaid(lane, number, slice);
  box.style.left = `${clamp(x + 14, 4, Math.max(4, area.width - box.offsetWidth - 8))}px`;
  box.style.top = `${clamp(y + 18, 2, Math.max(2, area.height - box.offsetHeight - 4))}px`;
}

function sliceSaid(lane, number, slice) {
  const [longer] = lane.labels(slice), state = lane.state[slice], end = slice + 1 < lane.length ? lane.start[slice + 1] : told.until_ns;
  const from = moment(lane.start[slice]), ran = lane.share(slice, show.axis);
  if (ran >= 0) return `${rows[number].name}: runs for ${Math.ceil(ran * 100)} %${show.axis === "switches" ? " of the switches" : ""}${state < states.length && state !== RUNNING ? `, else mostly ${states[state][1]}` : ""} · ${from} to ${moment(end)}`;
  return `${rows[number].name}: ${states[state][1]}${longer ? ` · ${longer}` : ""} · ${isEnd(state) ? `at ${from}` : `${from} to ${moment(end)}`}`;
}

// Around it: the address, the deck, the system's theme, paper.

function addressed() {
  const number = /^#(\d+)$/.exec(location.hash)?.[1];
  return number === undefined ? undefined : stepAt(Number(number));
}
addEventListener("hashchange", () => { const at = addressed(); if (at !== undefined) go(at); });
addEventListener("message", event => {
  if (!framed || event.source !== parent) return;
  if (event.data === "slide:start") { window.focus(); picture.focus({preventScroll: true}); }
  if (event.data === "slide:stop") play(false);
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setTheme());
// On paper it is light, whatever the screen is; the rules for print are not in force yet when it is drawn.
let onScreen;
addEventListener("beforeprint", () => {
  onScreen ??= root.dataset.theme;
  setTheme("light");
  fill(0, Math.min(count, 400));
  draw();
});
addEventListener("afterprint", () => { setTheme(onScreen); onScreen = undefined; list(true); });
// A canvas of another size is empty: it is not to be seen so. In the next frame: what is measured changes by it.
new ResizeObserver(() => requestAnimationFrame(() => { refresh(); draw(); })).observe($("stage"));
setInterval(() => show.present && tick(), 1000);

root.classList.toggle("framed", framed);
if (query.has("present")) root.classList.add("present");
show.present = query.has("present");
$("clock").hidden = !show.present;
show.since = Date.now();
tick();
for (const [number, {name}] of marks.entries()) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = `${number + 1} ${name}`;
  button.addEventListener("click", event => { chapter(number); if (event.detail) picture.focus({preventScroll: true}); });
  $("chapters").append(button);
}
$("chapters").hidden = $("chapter").hidden = !marks.length;
$("problems").hidden = !told.problems.length;
$("problems").firstElementChild.textContent = `${told.problems.length} problem${told.problems.length === 1 ? "" : "s"}`;
for (const [sentence, place] of told.problems) {
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.textContent = sentence;
  button.addEventListener("click", event => { go(place); if (event.detail) picture.focus({preventScroll: true}); });
  item.append(button);
  $("problems").lastElementChild.append(item);
}
$("slider").max = String(count);
sized();
theme();
arrange();
show.selected = told.selected ? rows.findIndex(row => row.name === told.selected) : -1;
measure();
fit();
legend();
tools();
const first = addressed() ?? told.at;
if (first !== null) go(first, true);
else if (show.present && marks.length) go(marks[0].at, true, 0);
else go(show.present ? told.begins_at : -1, true);
draw();
// In a deck the keys are the deck's until it shows this slide.
if (!framed) picture.focus({preventScroll: true});
performance.mark("ready");
root.dataset.ready = "yes";
})();
