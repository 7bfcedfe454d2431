/* Seven scores over time, one above the other, and a ribbon of the label that was shown; as in the HTML reports. */

import {colourOf, inkOn} from "./colours.js";
import {clock, say} from "./texts.js";
import {isDoubtful} from "./trace.js";

const LEFT = 44, RIGHT = 2, TOP = 8, AXIS = 24, RIBBON = 20, GAP = 4;
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif';
/* Seconds between marks. */
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200];

export class Timeline {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.view = {trace: null, labels: [], from: -60, to: 0, gap: 1, live: true, at: null, empty: ""};
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /* Colours come from the style sheet; it is read again only where they may have changed. */
  restyle() {
    this.inks = null;
    this.draw();
  }

  show(view) {
    Object.assign(this.view, view);
    this.draw();
  }

  get plot() {
    const width = this.canvas.clientWidth, height = this.canvas.clientHeight;
    return {left: LEFT, top: TOP, width: Math.max(width - LEFT - RIGHT, 1), height: Math.max(height - TOP - AXIS - RIBBON - GAP, 1)};
  }

  /* Seconds at a point of the screen. */
  timeAt(clientX) {
    const {left, width} = this.plot, x = clientX - this.canvas.getBoundingClientRect().left;
    const share = Math.min(Math.max((x - left) / width, 0), 1);
    return this.view.from + share * (this.view.to - this.view.from);
  }

  draw() {
    const {canvas, context} = this, ratio = window.devicePixelRatio || 1;
    const width = Math.round(canvas.clientWidth * ratio), height = Math.round(canvas.clientHeight * ratio);
    if (!width || !height) return;
    if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    this.inks ??= inksOf(canvas);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    this.#ground();
    if (this.view.trace) this.#scores();
    this.#scale();
    this.#axis();
    if (this.view.at !== null) this.#cursor();
  }

  #x(seconds) {
    const {left, width} = this.plot, {from, to} = this.view;
    return left + (width * (seconds - from)) / Math.max(to - from, 1e-6);
  }

  #ground() {
    const {left, top, width, height} = this.plot, {context} = this;
    context.fillStyle = this.inks.wash;
    context.fillRect(left, top, width, height);
    context.fillRect(left, top + height + GAP, width, RIBBON);
    if (!this.view.empty || this.view.trace) return;
    context.font = `14px ${FONT}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = this.inks.soft;
    context.fillText(this.view.empty, left + width / 2, top + height / 2, width - 20);
  }

  #scores() {
    const {left, top, width, height} = this.plot, {context} = this, {trace, gap, labels} = this.view;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height + GAP + RIBBON);
    context.clip();
    for (const run of trace.runs(gap)) {
      const part = [{...run[0], t: run[0].t - trace.width / 2}, ...run, {...run.at(-1), t: run.at(-1).t + trace.width / 2}];
      for (let at = labels.length - 1; at >= 0; at--) this.#area(part, at, labels[at]);
      this.#stretches(part, isDoubtful, (doubtful, from, to) => doubtful && this.#hatch(from, top, to - from, height));
      this.#stretches(part, (point) => point.label + (isDoubtful(point) ? "?" : ""), (label, from, to) => this.#ribbon(label, from, to));
    }
    context.restore();
  }

  /* From the ground up to the top of a label; the labels under it are painted over it, so no seam shows. */
  #area(part, upTo, label) {
    const {top, height} = this.plot, {context} = this, ground = top + height;
    context.beginPath();
    context.moveTo(this.#x(part[0].t), ground);
    for (const point of part) {
      let sum = 0;
      for (let at = 0; at <= upTo; at++) sum += point.scores[at];
      context.lineTo(this.#x(point.t), ground - height * Math.min(sum, 1));
    }
    context.lineTo(this.#x(part.at(-1).t), ground);
    context.fillStyle = colourOf(label);
    context.fill();
  }

  /* Calls draw(value, left, right) for each stretch of points with the same value. */
  #stretches(part, value, draw) {
    let start = this.#x(part[0].t);
    part.forEach((point, at) => {
      const next = part[at + 1];
      if (next && value(next) === value(point)) return;
      const end = next ? (this.#x(point.t) + this.#x(next.t)) / 2 : this.#x(point.t);
      draw(value(point), start, end);
      start = end;
    });
  }

  #hatch(x, y, width, height) {
    const {context} = this;
    context.fillStyle = this.inks.veil;
    context.fillRect(x, y, width, height);
    context.fillStyle = this.inks.pattern;
    context.fillRect(x, y, width, height);
  }

  /* A label that ends in a question mark is uncertain. */
  #ribbon(label, from, to) {
    const {top, height} = this.plot, {context} = this, y = top + height + GAP, doubtful = label.endsWith("?");
    const name = doubtful ? label.slice(0, -1) : label, wide = Math.max(to - from - 1, 0.75);
    context.fillStyle = colourOf(name);
    if (doubtful) this.#hatch(from, y, wide, RIBBON);
    else context.fillRect(from, y, wide, RIBBON);
    context.font = `600 12px ${FONT}`;
    const text = say(name) + (doubtful ? "?" : ""), left = Math.max(from, this.plot.left), room = context.measureText(text).width + 12;
    if (room > to - left) return;
    if (doubtful) {
      context.fillStyle = this.inks.wash;
      context.fillRect(left, y, room, RIBBON);
    }
    context.fillStyle = doubtful ? this.inks.soft : inkOn(colourOf(name));
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, left + 6, y + RIBBON / 2 + 0.5);
  }

  #scale() {
    const {left, top, height} = this.plot, {context} = this;
    context.font = `11.5px ${FONT}`;
    context.textAlign = "right";
    context.fillStyle = this.inks.soft;
    for (const [share, baseline] of [[1, "top"], [0.5, "middle"], [0, "bottom"]]) {
      context.textBaseline = baseline;
      context.fillText(`${100 * share}\u202f%`, left - 8, top + height * (1 - share) + (share === 1 ? -2 : 2 * (share === 0)));
    }
  }

  #axis() {
    const {left, top, width, height} = this.plot, {context, view} = this, span = view.to - view.from;
    const step = STEPS.find((one) => (width * one) / span >= 64) ?? STEPS.at(-1), y = top + height + GAP + RIBBON;
    context.fillStyle = this.inks.soft;
    context.textBaseline = "top";
    const first = view.live ? 0 : Math.ceil(view.from / step) * step;
    for (let mark = first; view.live ? mark <= span + 1e-6 : mark <= view.to + 1e-6; mark += step) {
      const x = this.#x(view.live ? view.to - mark : mark);
      context.fillRect(Math.round(Math.min(x, left + width - 1)), y, 1, 4);
      context.textAlign = x > left + width - 24 ? "right" : x < left + 14 ? "left" : "center";
      context.fillText(view.live ? (mark ? say("ago", {number: mark}) : say("now")) : clock(mark), Math.min(x, left + width), y + 8);
    }
  }

  #cursor() {
    const {top, height} = this.plot, {context} = this, x = this.#x(this.view.at), down = height + GAP + RIBBON;
    context.fillStyle = this.inks.paper;
    context.fillRect(x - 2.5, top - 4, 5, down + 4);
    context.fillStyle = this.inks.ink;
    context.fillRect(x - 1, top - 4, 2, down + 4);
    context.beginPath();
    context.arc(x, top - 3, 5, 0, 7);
    context.fill();
  }
}

function inksOf(canvas) {
  const style = getComputedStyle(canvas), of = (name) => style.getPropertyValue(name).trim();
  const dark = style.colorScheme.includes("dark");
  return {
    ink: of("--ink"), soft: of("--soft"), wash: of("--wash"), paper: of("--paper"),
    veil: dark ? "rgba(20, 22, 26, .5)" : "rgba(255, 255, 255, .5)",
    pattern: hatching(dark ? "rgba(215, 220, 228, .4)" : "rgba(60, 66, 76, .45)"),
  };
}

function hatching(ink) {
  const tile = document.createElement("canvas"), context = tile.getContext("2d");
  tile.width = tile.height = 6;
  context.strokeStyle = ink;
  context.lineWidth = 1;
  context.beginPath();
  for (const shift of [-6, 0, 6]) {
    context.moveTo(shift - 1, 7);
    context.lineTo(shift + 7, -1);
  }
  context.stroke();
  return context.createPattern(tile, "repeat");
}
