/* Frames a second and latency, legible: told twice a second, over the last two seconds. */

import {byId, write} from "./dom.js";
import {language, say} from "./texts.js";

const SPAN = 2, PACE = 0.5;

const tenths = (number) => number.toLocaleString(language(), {minimumFractionDigits: 1, maximumFractionDigits: 1});

export class Meter {
  #frames = [];
  #told = 0;

  take(seconds, latency) {
    this.#frames.push({seconds, latency});
    while (this.#frames[0].seconds < seconds - SPAN) this.#frames.shift();
    if (seconds - this.#told < PACE) return;
    this.#told = seconds;
    const first = this.#frames[0].seconds, count = this.#frames.length;
    const mean = this.#frames.reduce((sum, frame) => sum + frame.latency, 0) / count;
    write(byId("rate"), count > 1 ? tenths((count - 1) / (seconds - first)) : "–");
    this.tell(mean);
  }

  tell(latency) {
    write(byId("latency"), say("ms", {number: Math.round(latency)}));
  }

  clear() {
    this.#frames = [];
    this.#told = 0;
    write(byId("rate"), "–");
    write(byId("latency"), "–");
  }
}
