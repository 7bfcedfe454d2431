/* Faces made unrecognisable: a few coarse blocks, smoothed over. As src/vyraz/blur.py. */

/* Recognition, by people or machines, needs three times as many blocks across a face. */
const BLOCKS = 5;
/* What is blurred reaches beyond the box by this share of it, for detectors cut chins and foreheads. */
const MARGIN = 0.3;
/* The ellipse in what is widened so holds the whole box, its corners too, before it begins to fade. */
const RIM = 0.89;
/* A lost face stays blurred for so many seconds, in a region that grows by this share of it a second. */
const HOLD = 1, GROWTH = 0.4;

const coarse = document.createElement("canvas");
coarse.width = coarse.height = BLOCKS;
const soft = coarse.getContext("2d");
const patch = document.createElement("canvas"), veil = patch.getContext("2d");

/* Blurs boxes, in pixels of the canvas. */
export function hide(context, boxes) {
  for (const box of boxes) hideOne(context, widened(box, MARGIN));
}

function hideOne(context, box) {
  const {width, height} = context.canvas;
  const left = Math.max(Math.floor(box.x), 0), top = Math.max(Math.floor(box.y), 0);
  const right = Math.min(Math.ceil(box.x + box.width), width), bottom = Math.min(Math.ceil(box.y + box.height), height);
  if (right <= left || bottom <= top) return;
  shrink(context.canvas, left, top, right - left, bottom - top);
  paint(box, left, top, right - left, bottom - top);
  context.drawImage(patch, 0, 0, right - left, bottom - top, left, top, right - left, bottom - top);
}

/* The blocks, enlarged, within an ellipse about the box that fades out at its rim. */
function paint(box, left, top, width, height) {
  [patch.width, patch.height] = [width, height];
  veil.imageSmoothingQuality = "high";
  veil.drawImage(coarse, 0, 0, BLOCKS, BLOCKS, 0, 0, width, height);
  const rim = veil.createRadialGradient(0, 0, RIM, 0, 0, 1);
  rim.addColorStop(0, "#000f");
  rim.addColorStop(1, "#0000");
  veil.globalCompositeOperation = "destination-in";
  veil.setTransform(box.width / 2, 0, 0, box.height / 2, box.x + box.width / 2 - left, box.y + box.height / 2 - top);
  veil.fillStyle = rim;
  veil.fillRect(-2, -2, 4, 4);
}

/* In steps of half, each a true mean: shrunk at once, browsers only look at a few pixels, which flicker. */
function shrink(source, x, y, width, height) {
  let from = source, area = [x, y, width, height];
  while (area[2] > 4 * BLOCKS || area[3] > 4 * BLOCKS) {
    const next = document.createElement("canvas");
    next.width = Math.max(Math.ceil(area[2] / 2), 2 * BLOCKS);
    next.height = Math.max(Math.ceil(area[3] / 2), 2 * BLOCKS);
    next.getContext("2d").drawImage(from, ...area, 0, 0, next.width, next.height);
    [from, area] = [next, [0, 0, next.width, next.height]];
  }
  soft.drawImage(from, ...area, 0, 0, BLOCKS, BLOCKS);
}

export function widened(box, share) {
  const across = share * box.width, down = share * box.height;
  return {x: box.x - across, y: box.y - down, width: box.width + 2 * across, height: box.height + 2 * down};
}

/* What must be hidden in a frame: every face, and for a second where one was that is lost. */
export class Veil {
  #seen = new Map();

  take(faces, seconds) {
    for (const face of faces) this.#seen.set(face.id, {box: face.box, seconds});
    const boxes = faces.map((face) => face.box), here = new Set(faces.map((face) => face.id));
    for (const [id, last] of this.#seen) {
      const passed = Math.abs(seconds - last.seconds);
      if (passed > HOLD) this.#seen.delete(id);
      else if (!here.has(id)) boxes.push(widened(last.box, GROWTH * passed));
    }
    return boxes;
  }
}
