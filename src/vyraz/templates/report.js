"use strict";
/* Draws the report from the JSON beside it. Text of files only ever goes in as text, never as markup. */
(() => {
const report = JSON.parse(document.getElementById("data").textContent);
const labels = report.labels, colours = report.colours, stride = labels.length + 1;
const PARTS = 250, EMPTY = 255, COLUMNS = 600, JPEG = "data:image/jpeg;base64,";
const span = Math.max(report.end - report.start, 1e-3);
const place = (t) => Math.min(Math.max((t - report.start) / span, 0), 1);
const percent = (share) => share > 0 && share < 0.005 ? "<1\u202f%" : Math.round(100 * share) + "\u202f%";
const count = (number) => number.toLocaleString("en-GB");
const percents = (value) => 100 * value + "%";
const people = [];
let held = null;

function clock(seconds, fine = true) {
  const tenths = Math.round(Math.abs(seconds) * 10), whole = Math.floor(tenths / 10);
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  const text = parts[0] ? `${parts[0]}:${two(parts[1])}:${two(parts[2])}` : `${parts[1]}:${two(parts[2])}`;
  return (seconds < 0 ? "\u2212" : "") + text + (fine ? "." + tenths % 10 : "");
}

function make(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "class") node.className = value; else node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function swatch(index) {
  const node = make("span", {class: "swatch" + (index < labels.length ? "" : " doubt"), "aria-hidden": "true"});
  if (index < labels.length) node.style.backgroundColor = colours[index];
  return node;
}

function across(node, from, to) {
  node.style.left = percents(from);
  node.style.width = percents(to - from);
  return node;
}

function ink(colour) {
  const [r, g, b] = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
  return 0.299 * r + 0.587 * g + 0.114 * b > 128 ? "#000" : "#fff";
}

function facts(id, pairs) {
  const list = document.getElementById(id);
  for (const [name, value] of pairs) list.append(make("div", {}, make("dt", {}, name), make("dd", {}, value)));
}

/* Scores over time */

function unpack(person) {
  const text = atob(person.bins), values = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) values[at] = text.charCodeAt(at);
  return values;
}

/* Points {t, scores, doubt} of seen bins, `join` bins to one. */
function points(person, join) {
  const found = [], count = person.values.length / stride;
  for (let from = 0; from < count; from += join) {
    const sums = new Array(stride).fill(0), to = Math.min(from + join, count);
    let seen = 0;
    for (let bin = from; bin < to; bin++) {
      if (person.values[bin * stride] === EMPTY) continue;
      for (let at = 0; at < stride; at++) sums[at] += person.values[bin * stride + at];
      seen++;
    }
    if (!seen) continue;
    const total = sums.slice(0, -1).reduce((a, b) => a + b, 0) || 1;
    const t = person.origin + (from + to) / 2 * person.width;
    found.push({t, scores: sums.slice(0, -1).map((sum) => sum / total), doubt: sums[stride - 1] / seen / PARTS});
  }
  return found;
}

/* Points cut where the person was not seen, each part widened by half a bin at its ends. */
function runs(person) {
  const join = Math.max(Math.floor(span / COLUMNS / person.width), 1), wide = join * person.width;
  const parts = [];
  for (const point of points(person, join)) {
    const part = parts.at(-1);
    if (part && point.t - part.at(-1).t <= report.gap + wide) part.push(point); else parts.push([point]);
  }
  const reach = Math.max(wide / 2, span / 1000);
  return parts.map((part) =>
    [{...part[0], t: part[0].t - reach}, ...part, {...part.at(-1), t: part.at(-1).t + reach}]);
}

/* From the ground up to the top of a label; the labels under it are painted over it, so no seam shows. */
function outline(part, index) {
  const under = (point, upTo) => point.scores.slice(0, upTo).reduce((a, b) => a + b, 0);
  const spot = (point, upTo) => `${(1000 * place(point.t)).toFixed(2)},${(100 - 100 * under(point, upTo)).toFixed(2)}`;
  const upper = part.map((point) => spot(point, index + 1));
  return `M${upper.join("L")}L${spot(part.at(-1), 0)}L${spot(part[0], 0)}Z`;
}

function area(person) {
  const svg = document.importNode(document.getElementById("canvas").content.firstElementChild, true);
  const parts = person.runs = runs(person), dense = parts.reduce((sum, part) => sum + part.length, 0) > COLUMNS / 3;
  const box = make("div", {class: dense ? "area" : "area lined"}, svg);
  labels.map((_, index) => index).reverse().forEach((index) => {
    const path = document.createElementNS(svg.namespaceURI, "path");
    path.setAttribute("fill", colours[index]);
    path.setAttribute("d", parts.map((part) => outline(part, index)).join(""));
    svg.append(path);
  });
  parts.forEach((part) => hatch(box, part));
  return box;
}

function hatch(box, part) {
  let from = null;
  part.forEach((point, at) => {
    const middle = at ? (point.t + part[at - 1].t) / 2 : point.t, doubtful = point.doubt >= 0.5;
    if (doubtful && from === null) from = middle;
    const to = doubtful ? (at === part.length - 1 ? point.t : null) : middle;
    if (from === null || to === null) return;
    box.append(across(make("div", {class: "doubt"}), place(from), place(to)));
    from = null;
  });
}

/* What was shown: [start, end, label, doubt]. Where segments are not all listed, the strongest of each point. */
function blocks(person) {
  if (!report.left_out) return report.segments.filter((row) => row[0] === person.id).map((row) => [row[1], row[2], row[3], row[6]]);
  const found = [];
  for (const part of person.runs) part.slice(0, -1).forEach((point, at) => {
    const label = point.scores.indexOf(Math.max(...point.scores)), last = found.at(-1), doubt = point.doubt >= 0.5 ? 1 : 0;
    if (at && last[2] === label && last[3] === doubt) last[1] = part[at + 1].t;
    else found.push([point.t, part[at + 1].t, label, doubt]);
  });
  return found;
}

function ribbon(person) {
  const box = make("div", {class: "ribbon", "aria-hidden": "true"});
  for (const [start, end, label, doubt] of blocks(person)) {
    const block = make("span", {class: doubt >= 0.5 ? "doubt" : ""}, make("b", {}, labels[label] + (doubt >= 0.5 ? "?" : "")));
    if (doubt < 0.5) { block.style.backgroundColor = colours[label]; block.style.color = ink(colours[label]); }
    box.append(across(block, place(start), Math.max(place(end), place(start) + 0.0005)));
  }
  return box;
}

function axis() {
  const steps = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 86400];
  const step = steps.find((one) => span / one <= 7) || span / 6, box = make("div", {class: "axis", "aria-hidden": "true"});
  for (let t = Math.ceil(report.start / step) * step; t <= report.end + 1e-6; t += step) {
    const tick = make("span", {class: place(t) > 0.96 ? "edge" : ""}, clock(t, step < 1));
    tick.style.left = percents(place(t));
    if (box.childElementCount || place(t) < 0.04) box.append(tick); else box.append(make("span"), tick);
  }
  return box;
}

/* Reading values */

function nearest(person, t) {
  const count = person.values.length / stride, middle = Math.floor((t - person.origin) / person.width);
  const reach = Math.ceil(report.gap / 2 / person.width);
  for (let off = 0; off <= reach; off++) {
    for (const bin of [middle - off, middle + off]) {
      if (bin < 0 || bin >= count || person.values[bin * stride] === EMPTY) continue;
      const row = Array.from(person.values.subarray(bin * stride, (bin + 1) * stride), (part) => part / PARTS);
      return {scores: row.slice(0, -1), doubt: row.at(-1)};
    }
  }
  return null;
}

function show(t) {
  for (const person of people) {
    const point = t === null ? {scores: person.means, doubt: 0} : nearest(person, t);
    const doubt = point && point.doubt >= 0.5 ? ", uncertain" : "";
    const title = t === null ? "Mean while seen" : `At ${clock(t)}${point ? doubt : ": not seen"}`;
    person.title.textContent = title;
    person.cursor.hidden = t === null;
    if (t !== null) person.cursor.style.left = percents(place(t));
    const best = point ? Math.max(...point.scores) : 2;
    person.cells.forEach((cell, index) => {
      cell.textContent = point ? percent(point.scores[index]) : "\u2013";
      cell.parentNode.classList.toggle("most", point !== null && point.scores[index] === best);
    });
    const order = point ? labels.map((name, index) => [point.scores[index], name]).sort((a, b) => b[0] - a[0]) : [];
    person.plot.setAttribute("aria-valuenow", (t ?? report.start).toFixed(2));
    person.plot.setAttribute("aria-valuetext",
      [title, ...order.slice(0, 3).map(([score, name]) => `${name} ${percent(score)}`)].join(", "));
  }
}

function hold(t) {
  held = t;
  show(held);
}

function keys(event, person) {
  const moves = {ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10};
  const step = Math.max(person.width, span / 200), t = held ?? report.start;
  if (event.key in moves) hold(Math.min(Math.max(t + step * moves[event.key], report.start), report.end));
  else if (event.key === "Home") hold(report.start);
  else if (event.key === "End") hold(report.end);
  else if (event.key === "Escape") hold(null);
  else if (event.key === "Enter" || event.key === " ") hold(held === null ? report.start : null);
  else return;
  event.preventDefault();
}

function listen(person) {
  const timeOf = (event) => {
    const box = person.plot.getBoundingClientRect();
    return report.start + span * Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
  };
  person.plot.addEventListener("pointermove", (event) => show(timeOf(event)));
  person.plot.addEventListener("pointerleave", () => show(held));
  person.plot.addEventListener("click", (event) => hold(timeOf(event)));
  person.plot.addEventListener("dblclick", () => hold(null));
  person.plot.addEventListener("keydown", (event) => keys(event, person));
}

function meansOf(person) {
  const all = points(person, 1);
  return labels.map((_, index) => all.reduce((sum, point) => sum + point.scores[index], 0) / (all.length || 1));
}

/* People */

function figure(person) {
  person.cursor = make("div", {class: "cursor", hidden: ""});
  person.plot = make("div", {class: "plot", tabindex: "0", role: "slider", "aria-label": `Scores of person ${person.id} over time`,
    "aria-valuemin": report.start, "aria-valuemax": report.end}, area(person), ribbon(person), axis(), person.cursor);
  listen(person);
  const scale = make("div", {class: "scale", "aria-hidden": "true"});
  for (const [share, text] of [[0, "100\u202f%"], [0.5, "50"], [1, "0"]]) {
    const mark = make("span", {}, text);
    mark.style.top = percents(share);
    scale.append(mark);
  }
  return make("div", {class: "figure"}, scale, person.plot);
}

function readout(person) {
  person.title = make("h4");
  person.cells = labels.map(() => make("span"));
  const rows = labels.map((name, index) => make("li", {}, swatch(index), make("span", {}, name), person.cells[index]));
  return make("div", {class: "readout"}, person.title, make("ul", {class: "values"}, ...rows));
}

function bar(parts) {
  const box = make("div", {class: "bar", "aria-hidden": "true"});
  for (const [share, kind, colour] of parts) {
    if (!share) continue;
    const part = make("span", {class: kind});
    part.style.width = percents(share);
    if (colour) part.style.backgroundColor = colour;
    box.append(part);
  }
  return box;
}

function shares(person) {
  const named = person.shares.map((share, index) => [share, index]).filter(([share]) => share > 0);
  const list = named.sort((a, b) => b[0] - a[0]).map(([share, index]) =>
    make("li", {}, swatch(index), `${labels[index] ?? "uncertain"} `, make("b", {}, percent(share))));
  const parts = person.shares.map((share, index) => [share, index < labels.length ? "" : "doubt", colours[index]]);
  const rows = list.length ? [bar(parts), make("ul", {class: "shares"}, ...list)] : [make("p", {class: "hint"}, "Seen in one frame only.")];
  return make("div", {}, make("h4", {}, "Shown expression, share of the time seen"), ...rows);
}

function moment(person, one) {
  const strip = make("i", {"aria-hidden": "true"});
  strip.style.backgroundColor = colours[one.label];
  const button = make("button", {type: "button"});
  if (one.jpeg) button.append(make("img", {src: JPEG + one.jpeg, width: 96, height: 96,
    alt: `Person ${person.id} at ${clock(one.t)}`}));
  button.append(strip, make("b", {}, labels[one.label]), ` ${percent(one.score)}`, make("small", {}, `at ${clock(one.t)}`));
  button.addEventListener("click", () => hold(one.t));
  return make("li", {}, button);
}

function moments(person) {
  const rows = person.moments.map((one) => moment(person, one));
  const plain = person.moments.every((one) => !one.jpeg) ? " plain" : "";
  const list = rows.length ? make("ul", {class: "moments" + plain}, ...rows)
    : make("p", {class: "hint"}, "No certain moment of another expression than neutral.");
  return make("div", {}, make("h4", {}, "Strongest expressions other than neutral"), list);
}

/* Too short to be seen in a figure. */
function isBrief(person) {
  return person.frames < 2 || person.last - person.first < Math.min(span / 10, Math.max(2, span / 400));
}

function portrait(person) {
  return person.jpeg ? [make("img", {class: "portrait", src: JPEG + person.jpeg, width: 44, height: 44, alt: ""})] : [];
}

function presence(person) {
  const to = person.last > person.first ? `\u2013${clock(person.last)}` : "";
  return [`seen ${clock(person.first)}${to}`, count(person.frames) + (person.frames === 1 ? " frame" : " frames")];
}

function brief(person) {
  const best = person.means.indexOf(Math.max(...person.means)), doubt = person.uncertain / person.frames >= 0.5 ? "?" : "";
  const text = make("div", {}, make("b", {}, `Person ${person.id}`), make("p", {}, presence(person).join(" \u00b7 ")),
    make("p", {}, swatch(best), ` ${labels[best]}${doubt} ${percent(person.means[best])}`));
  return make("li", {}, ...portrait(person), text);
}

function briefly(list) {
  if (!list.length) return [];
  return [make("article", {class: "person"}, make("header", {}, make("h3", {}, "Seen briefly"),
    make("p", {}, "too short for a figure; the strongest mean score of each")), make("ul", {class: "brief"}, ...list.map(brief)))];
}

function draw(person) {
  people.push(person);
  const words = [...presence(person), `${percent(person.uncertain / person.frames)} uncertain`].join(" \u00b7 ");
  const title = make("h3", {id: `person-${person.id}`}, `Person ${person.id}`);
  const head = make("header", {}, ...portrait(person), title, make("p", {}, words));
  return make("article", {class: "person", "aria-labelledby": title.id}, head,
    figure(person), readout(person), make("div", {class: "below"}, shares(person), moments(person)));
}

/* Segments */

const CELLS = [
  ["Person", (row) => String(row[0]), (row) => row[0]],
  ["From", (row) => jump(row[1], row[0]), (row) => row[1]],
  ["To", (row) => clock(row[2]), (row) => row[2]],
  ["Expression", (row) => labels[row[3]] + (row[6] >= 0.5 ? "?" : ""), (row) => labels[row[3]]],
  ["Mean score", (row) => percent(row[4]), (row) => row[4]],
  ["Seconds", (row) => (row[2] - row[1]).toFixed(1), (row) => row[2] - row[1]],
  ["Frames", (row) => String(row[5]), (row) => row[5]],
  ["Uncertain", (row) => percent(row[6]), (row) => row[6]],
];

function jump(t, number) {
  const button = make("button", {type: "button", "aria-label": `Show ${clock(t)} in the figures`}, clock(t));
  button.addEventListener("click", () => {
    hold(t);
    const person = people.find((one) => one.id === number);
    if (person) { person.plot.scrollIntoView({block: "center"}); person.plot.focus({preventScroll: true}); }
  });
  return button;
}

function line(row) {
  const cells = CELLS.map(([name, text], at) => {
    const cell = make(at ? "td" : "th", at ? {} : {scope: "row"}, text(row));
    if (name === "Expression") cell.prepend(swatch(row[3]));
    return cell;
  });
  return make("tr", {}, ...cells);
}

function sorted(body, heads, at, down) {
  const key = CELLS[at][2], sign = down ? -1 : 1;
  const rows = [...report.segments].sort((a, b) => sign * (key(a) > key(b) ? 1 : key(a) < key(b) ? -1 : a[1] - b[1]));
  heads.forEach((head, other) => head.setAttribute("aria-sort", other !== at ? "none" : down ? "descending" : "ascending"));
  body.replaceChildren(...rows.map(line));
}

function table() {
  const body = make("tbody");
  const heads = CELLS.map(([name], at) => {
    const button = make("button", {type: "button"}, name), head = make("th", {scope: "col"}, button);
    button.addEventListener("click", () => sorted(body, heads, at, head.getAttribute("aria-sort") === "ascending"));
    return head;
  });
  sorted(body, heads, 1, false);
  return make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body);
}

/* The page */

function howMuch() {
  const {frames, empty, unreadable, faces, uncertain} = report.counts, all = frames || 1;
  const parts = [[(frames - empty - unreadable) / all, "read-face", "with a face"], [empty / all, "read-empty", "without a face"],
    [unreadable / all, "read-error", "unreadable"]];
  const items = parts.map(([share, kind, name]) =>
    make("li", {}, make("span", {class: "swatch " + kind, "aria-hidden": "true"}), `frames ${name} `, make("b", {}, percent(share))));
  document.getElementById("read").append(bar(parts.map(([share, kind]) => [share, kind])), make("ul", {class: "shares"}, ...items));
  const words = `${count(faces)} readings of a face in ${count(frames)} frames; ${percent(uncertain / (faces || 1))} of the readings are uncertain.`;
  document.getElementById("read").append(make("p", {class: "hint after"}, words));
}

function page() {
  facts("facts", [["Length", clock(span > 0.01 ? report.end - report.start : 0)], ["Frames analysed", count(report.counts.frames)],
    ["People", count(report.found)], ["Segments", count(report.segments.length + report.left_out)]]);
  facts("about", Object.entries(report.about));
  howMuch();
  const legend = labels.map((name, index) => make("li", {}, swatch(index), name));
  document.getElementById("legend").append(...legend, make("li", {}, swatch(labels.length), "uncertain"));
  const left = report.found - report.people.length, box = document.getElementById("people");
  report.people.forEach((person) => {
    person.values = unpack(person);
    person.means = meansOf(person);
  });
  box.append(...report.people.filter((person) => !isBrief(person)).map(draw), ...briefly(report.people.filter(isBrief)));
  for (const id of ["hint", "legend"]) document.getElementById(id).hidden = !people.length;
  if (left > 0) box.append(make("p", {class: "hint"}, `${left} people seen more briefly are not drawn.`));
  if (!report.found) box.append(make("p", {class: "hint"}, "No face was found."));
  if (report.left_out) document.getElementById("left-out").textContent =
    `The ${report.segments.length} longest are listed; ${report.left_out} shorter ones are not.`;
  document.getElementById("segments").append(table());
  show(null);
}

page();
})();
