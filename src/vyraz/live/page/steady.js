/* Boxes that stand still where the face does and keep up where it moves, for drawing only. As src/vyraz/steady.py. */

/* Seconds over which a calm face's box is averaged; the share of a face by which a box may stay behind; slack. */
const CALM = 0.15, MOST_LAG = 0.07, LAG = 0.05, SLACK = 0.015;
/* A face unseen for longer, in seconds, starts anew. */
const GAP = 0.5;

const clamp = (value, middle, reach) => Math.min(Math.max(value, middle - reach), middle + reach);
const weight = (passed, constant) => 1 - Math.exp(-passed / constant);

export class Steady {
  #states = new Map();

  update(id, box, seconds) {
    const raw = [box.x + box.width / 2, box.y + box.height / 2, box.width, box.height];
    const known = this.#states.get(id);
    const fresh = !known || seconds - known.seen > GAP || seconds < known.seen;
    const state = fresh ? {raw, speed: [0, 0, 0, 0], smooth: raw, drawn: raw, seen: seconds} : known;
    follow(state, raw, seconds);
    this.#states.set(id, state);
    if (this.#states.size > 64) this.#states.delete(this.#states.keys().next().value);
    const [x, y, width, height] = state.drawn;
    return {x: x - width / 2, y: y - height / 2, width, height};
  }
}

function follow(state, raw, seconds) {
  const passed = seconds - state.seen, side = Math.max((raw[2] + raw[3]) / 2, 1);
  if (passed > 0) {
    state.speed = state.speed.map((old, at) => old + weight(passed, CALM) * ((raw[at] - state.raw[at]) / passed - old));
    const fastest = Math.max(...state.speed.map(Math.abs), 1e-6);
    const calm = Math.min(CALM, (LAG * side) / fastest);
    state.smooth = state.smooth.map((old, at) => old + weight(passed, calm) * (raw[at] - old));
  }
  state.smooth = state.smooth.map((value, at) => clamp(value, raw[at], MOST_LAG * side));
  state.drawn = state.drawn.map((value, at) => clamp(value, state.smooth[at], SLACK * side));
  state.raw = raw;
  state.seen = seconds;
}
