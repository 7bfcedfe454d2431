/* What is said to screen readers: seldom enough to be listened to. */

import {byId, write} from "./dom.js";
import {say} from "./texts.js";

/* Seconds between two sentences about the person who is followed. */
const EVERY = 4;

let last = "", saidAt = -Infinity;

export function announce(text) {
  write(byId("said"), text);
}

export function sentence(face) {
  const values = {id: face.id, label: say(face.label), percent: Math.round(100 * face.score)};
  return say(face.uncertain ? "saidDoubt" : "said", values);
}

/* Says what has changed about a face, now and then. */
export function tell(face, seconds) {
  const key = `${face.id} ${face.label} ${face.uncertain}`;
  if (key === last || Math.abs(seconds - saidAt) < EVERY) return;
  [last, saidAt] = [key, seconds];
  announce(sentence(face));
}
