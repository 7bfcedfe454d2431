/* Scores of one person over time, as means over short stretches, so that memory and drawing stay bounded. */

export class Trace {
  /* width: seconds of a stretch. */
  constructor(width) {
    this.width = width;
    this.points = [];
  }

  add(seconds, face) {
    const place = Math.floor(seconds / this.width);
    let point = this.points.at(-1);
    if (point?.place !== place) {
      point = {place, t: (place + 0.5) * this.width, count: 0, doubts: 0, scores: face.scores.map(() => 0), label: face.label};
      this.points.push(point);
    }
    point.count++;
    point.doubts += face.uncertain;
    point.label = face.label;
    point.scores = point.scores.map((mean, at) => mean + (face.scores[at] - mean) / point.count);
  }

  forget(before) {
    while (this.points.length && this.points[0].t < before) this.points.shift();
  }

  /* Stretches in which the person was seen without a longer gap, as lists of points. */
  runs(gap) {
    const parts = [];
    for (const point of this.points) {
      const part = parts.at(-1);
      if (part && point.t - part.at(-1).t <= gap) part.push(point);
      else parts.push([point]);
    }
    return parts;
  }
}

export const isDoubtful = (point) => 2 * point.doubts >= point.count;

/* The last minute of everybody in view. */
export class History {
  #traces = new Map();

  take(faces, seconds) {
    for (const face of faces) {
      if (!this.#traces.has(face.id)) this.#traces.set(face.id, new Trace(0.1));
      this.#traces.get(face.id).add(seconds, face);
    }
    for (const [id, trace] of this.#traces) {
      trace.forget(seconds - 61);
      if (!trace.points.length) this.#traces.delete(id);
    }
  }

  of(id) {
    return this.#traces.get(id);
  }
}
