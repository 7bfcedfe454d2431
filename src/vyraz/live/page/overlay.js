/* Boxes, labels and strips of scores on the very picture that was analysed. As src/vyraz/draw.py. */

import {accentOf, colourOf, DARK, inkOn, UNCERTAIN} from "./colours.js";
import {percent, say} from "./texts.js";

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif';

export const captionOf = (face) => `${say(face.label)}${face.uncertain ? "?" : ""}`;
const colour = (face) => (face.uncertain ? UNCERTAIN : colourOf(face.label));

/* faces: with boxes in pixels of the canvas; size: height of letters in the same. */
export function drawFaces(context, faces, labels, {placer, size, selected}) {
  context.font = `600 ${size}px ${FONT}`;
  context.textBaseline = "middle";
  const ordered = [...faces].sort((a, b) => a.id - b.id);
  const places = placer.place(ordered.map((face) => wanted(context, face, size)), context.canvas.width, context.canvas.height, size);
  for (const face of ordered) drawBox(context, face, size, face.id === selected && faces.length > 1);
  ordered.forEach((face, at) => drawStrip(context, face, labels, places[at].strip));
  ordered.forEach((face, at) => drawChip(context, face, places[at], size));
}

function widths(context, face, size) {
  const number = context.measureText(String(face.id)).width + 0.9 * size;
  // As wide as the widest percentage, or the chip would tremble.
  return {number, words: context.measureText(captionOf(face)).width, share: context.measureText(percent(0.88)).width};
}

function wanted(context, face, size) {
  const {number, words, share} = widths(context, face, size), short = Math.ceil(number + words + 1.1 * size);
  return {id: face.id, box: face.box, short, long: Math.ceil(short + share + 0.45 * size)};
}

function drawBox(context, face, size, strong) {
  const {x, y, width, height} = face.box, line = Math.max(2, size / (strong ? 4 : 6)), round = Math.min(0.5 * size, 0.12 * width);
  context.lineJoin = "round";
  // Dark on both sides of the line: it is seen on any ground.
  for (const [thick, ink] of [[line + Math.max(2, size / 7), "rgba(12, 14, 17, .7)"], [line, accentOf(face.id)]]) {
    context.beginPath();
    context.roundRect(x, y, width, height, round);
    context.lineWidth = thick;
    context.strokeStyle = ink;
    context.stroke();
  }
}

function drawStrip(context, face, labels, strip) {
  context.fillStyle = DARK;
  context.fillRect(strip.x - 1.5, strip.y - 1.5, strip.width + 3, strip.height + 3);
  let left = strip.x;
  labels.forEach((label, at) => {
    const wide = strip.width * face.scores[at];
    context.fillStyle = colourOf(label);
    context.fillRect(left, strip.y, wide, strip.height);
    left += wide;
  });
}

function drawChip(context, face, {chip, short}, size) {
  const {number, words, share} = widths(context, face, size), middle = chip.y + chip.height / 2 + 0.04 * size;
  const round = 0.36 * size;
  panel(context, chip.x - 1.5, chip.y - 1.5, chip.width + 3, chip.height + 3, round + 1.5, DARK);
  panel(context, chip.x, chip.y, chip.width, chip.height, round, colour(face));
  panel(context, chip.x, chip.y, number, chip.height, [round, 0, 0, round], accentOf(face.id));
  context.fillStyle = DARK;
  context.fillRect(chip.x + number, chip.y, Math.max(1.5, size / 10), chip.height);
  write(context, String(face.id), chip.x + number / 2, middle, DARK, "center");
  const start = chip.x + number + 0.55 * size, ink = inkOn(colour(face));
  write(context, captionOf(face), start, middle, ink, "left");
  if (!short) write(context, percent(face.score), start + words + 0.45 * size + share, middle, ink, "right");
}

function panel(context, x, y, width, height, round, ink) {
  context.beginPath();
  context.roundRect(x, y, width, height, round);
  context.fillStyle = ink;
  context.fill();
}

function write(context, text, x, y, ink, align) {
  context.textAlign = align;
  context.fillStyle = ink;
  context.fillText(text, x, y);
}
