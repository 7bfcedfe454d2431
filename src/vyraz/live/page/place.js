/* Where the label of each face goes: near it, inside the picture, over no other, and steadily. As src/vyraz/place.py. */

/* A label so many times wider than its face goes without the percentage, where there are several faces. */
const TOO_WIDE = 1.5;

export class Placer {
  #sides = new Map();

  /* wanted: [{id, box, long, short}], widths in pixels; gives [{chip, short, strip}]. */
  place(wanted, width, height, size) {
    const taken = wanted.map((one) => one.box);
    const places = wanted.map((one) => this.#one(one, wanted.length > 1, {width, height}, size, taken));
    if (this.#sides.size > 64) this.#sides.clear();
    return places;
  }

  #one(one, several, limits, size, taken) {
    const short = several && one.long > TOO_WIDE * one.box.width;
    const chip = {width: short ? one.short : one.long, height: Math.round(1.7 * size)};
    const sides = around(one.box, chip, size, limits);
    const best = this.#choose(sides, one.id, limits, taken.filter((box) => box !== one.box), one.box);
    taken.push(sides[best]);
    return {chip: sides[best], short, strip: stripOf(one.box, size, limits)};
  }

  /* The side that covers least; the last one again where that is as good, or labels would jump. */
  #choose(sides, id, limits, others, own) {
    const before = this.#sides.get(id) ?? 0;
    const order = sides.map((_, at) => at).sort((a, b) => (b === before) - (a === before));
    let best = order[0], least = Infinity;
    for (const at of order) {
      const cost = [...others, own].reduce((sum, box) => sum + shared(sides[at], box), 0);
      if (cost < least) [best, least] = [at, cost];
      if (least === 0) break;
    }
    this.#sides.set(id, best);
    return best;
  }
}

function around(box, chip, size, limits) {
  const gap = Math.max(4, Math.round(0.35 * size)), right = box.x + box.width - chip.width;
  const above = box.y - chip.height - gap, below = box.y + box.height + Math.round(1.1 * size);
  const spots = [[box.x, above], [right, above], [box.x, below], [right, below], [box.x + gap, box.y + gap]];
  return spots.map(([x, y]) => ({
    x: Math.round(Math.min(Math.max(x, 2), Math.max(limits.width - chip.width - 2, 0))),
    y: Math.round(Math.min(Math.max(y, 2), Math.max(limits.height - chip.height - 2, 0))),
    ...chip,
  }));
}

/* Just under the box, or along its lower edge where it reaches the picture's. */
function stripOf(box, size, limits) {
  const left = Math.max(box.x, 2), right = Math.min(box.x + box.width, limits.width - 2);
  const height = Math.max(4, Math.round(0.38 * size));
  const y = Math.min(box.y + box.height + Math.max(4, Math.round(0.35 * size)), limits.height - height - 3);
  return {x: left, y, width: Math.max(right - left, 1), height};
}

function shared(one, other) {
  const across = Math.min(one.x + one.width, other.x + other.width) - Math.max(one.x, other.x);
  const down = Math.min(one.y + one.height, other.y + other.height) - Math.max(one.y, other.y);
  return Math.max(across, 0) * Math.max(down, 0);
}
