/* The result of a clip, by time; and the clip's own playback, or a clock where the browser cannot play it. */

import {widened} from "./blur.js";
import {csvLine, facesOf, labelsOf} from "./records.js";
import {Trace} from "./trace.js";

/* Stretches of the timeline of a whole clip. */
const STRETCHES = 600;
/* Blurred before a face is found and after it is lost, in seconds; and how such a region grows. */
const AHEAD = 0.5, HOLD = 1, GROWTH = 0.4;

export class Clip {
  /* rows: of the table of results, at least one. */
  constructor(rows) {
    // Kept as a file, not as rows: long clips have hundreds of thousands of them.
    this.csv = csvOf(rows);
    this.labels = labelsOf(rows[0]);
    this.frames = this.#grouped(rows);
    this.times = this.frames.map((frame) => frame.t);
    this.start = this.times[0] ?? 0;
    this.end = this.times.at(-1) ?? 0;
    const steps = this.times.slice(1).map((t, at) => t - this.times[at]).sort((a, b) => a - b);
    this.step = steps[Math.floor(steps.length / 2)] || 0.04;
    this.gap = Math.max(1, 1.5 * (steps.at(-1) ?? 0));
    this.people = this.#traced();
  }

  #grouped(rows) {
    const frames = new Map();
    for (const row of rows) {
      if (!frames.has(row.frame)) frames.set(row.frame, []);
      frames.get(row.frame).push(row);
    }
    const timed = [...frames.values()].filter(([first]) => typeof first.timestamp === "number");
    return timed.map((some) => ({t: some[0].timestamp, faces: facesOf(some, this.labels)})).sort((a, b) => a.t - b.t);
  }

  #traced() {
    const width = Math.max((this.end - this.start) / STRETCHES, this.step), people = new Map();
    for (const {t, faces} of this.frames) {
      for (const face of faces) {
        if (!people.has(face.id)) people.set(face.id, {id: face.id, frames: 0, trace: new Trace(width)});
        people.get(face.id).frames++;
        people.get(face.id).trace.add(t, face);
      }
    }
    return people;
  }

  get longestSeen() {
    return [...this.people.values()].sort((a, b) => b.frames - a.frames)[0]?.id ?? null;
  }

  /* Place of the frame nearest to a time. */
  #nearest(seconds) {
    let low = 0, high = this.times.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.times[middle] < seconds) low = middle + 1;
      else high = middle;
    }
    return low > 0 && seconds - this.times[low - 1] <= this.times[low] - seconds ? low - 1 : low;
  }

  facesAt(seconds) {
    const frame = this.frames[this.#nearest(seconds)];
    return frame && Math.abs(frame.t - seconds) <= this.gap ? frame.faces : [];
  }

  /* Every face, and where one was a moment ago or will be in a moment. */
  veilAt(seconds) {
    const faces = this.facesAt(seconds), here = new Set(faces.map((face) => face.id)), near = new Map();
    for (let at = this.#nearest(seconds - HOLD); at < this.frames.length && this.times[at] <= seconds + AHEAD; at++) {
      const passed = Math.abs(this.times[at] - seconds);
      for (const face of this.frames[at].faces) {
        if (!here.has(face.id) && passed < (near.get(face.id)?.passed ?? HOLD)) near.set(face.id, {passed, box: face.box});
      }
    }
    return [...faces.map((face) => face.box), ...[...near.values()].map(({passed, box}) => widened(box, GROWTH * passed))];
  }

  /* Where the browser cannot show the clip, nothing tells its size but the boxes. */
  guessSize() {
    const boxes = this.frames.flatMap((frame) => frame.faces.map((face) => face.box));
    const most = (of) => boxes.reduce((largest, box) => Math.max(largest, of(box)), 0);
    return {width: Math.max(most((box) => box.x + box.width) * 1.05, 320), height: Math.max(most((box) => box.y + box.height) * 1.1, 180)};
  }
}

function csvOf(rows) {
  const columns = Object.keys(rows[0]);
  return new Blob([csvLine(columns), ...rows.map((row) => csvLine(columns.map((name) => row[name])))], {type: "text/csv"});
}

/* Plays the file itself. onTime(seconds) is called with the time of the very frame that is shown. */
export class FilePlayer {
  #handle = 0;

  constructor(video, file, onTime) {
    Object.assign(this, {video, onTime, image: video});
    this.url = URL.createObjectURL(file);
    this.closing = new AbortController();
  }

  async open() {
    const {video} = this, {signal} = this.closing;
    video.srcObject = null;
    video.muted = false;
    await new Promise((done, fail) => {
      video.addEventListener("loadeddata", done, {once: true, signal});
      video.addEventListener("error", () => fail(new Error("unplayable")), {once: true, signal});
      video.src = this.url;
    });
    if (!video.videoWidth) throw new Error("unplayable");
    for (const name of ["seeked", "play", "pause", "ended"]) video.addEventListener(name, () => this.#tell(video.currentTime), {signal});
    this.#watch();
    return {width: video.videoWidth, height: video.videoHeight};
  }

  #watch() {
    const {video} = this;
    if (video.requestVideoFrameCallback) {
      this.#handle = video.requestVideoFrameCallback((_, {mediaTime}) => {
        this.#tell(mediaTime);
        this.#watch();
      });
    } else {
      this.#handle = requestAnimationFrame(() => {
        if (!video.paused) this.#tell(video.currentTime);
        this.#watch();
      });
    }
  }

  #tell(seconds) {
    if (!this.closing.signal.aborted) this.onTime(seconds);
  }

  get duration() {
    return Number.isFinite(this.video.duration) ? this.video.duration : 0;
  }

  get time() {
    return this.video.currentTime;
  }

  get paused() {
    return this.video.paused;
  }

  play() {
    // A browser may refuse sound before a key was pressed; without sound it plays.
    return this.video.play().catch(() => {
      this.video.muted = true;
      return this.video.play().catch(() => {});
    });
  }

  pause() {
    this.video.pause();
  }

  seek(seconds) {
    this.video.currentTime = seconds;
  }

  close() {
    this.closing.abort();
    this.video.cancelVideoFrameCallback?.(this.#handle);
    cancelAnimationFrame(this.#handle);
    this.video.pause();
    this.video.removeAttribute("src");
    this.video.load();
    URL.revokeObjectURL(this.url);
  }
}

/* Only the time goes on: the boxes are drawn on a plain ground. */
export class GroundPlayer {
  image = null;
  paused = true;
  #handle = 0;

  constructor(clip, onTime) {
    Object.assign(this, {clip, onTime, time: clip.start, duration: clip.end + clip.step});
  }

  play() {
    if (this.time >= this.clip.end) this.time = this.clip.start;
    this.paused = false;
    let before = performance.now();
    const tick = (now) => {
      this.time = Math.min(this.time + (now - before) / 1000, this.clip.end);
      before = now;
      if (this.time >= this.clip.end) this.paused = true;
      this.onTime(this.time);
      if (!this.paused) this.#handle = requestAnimationFrame(tick);
    };
    this.#handle = requestAnimationFrame(tick);
  }

  pause() {
    this.paused = true;
    cancelAnimationFrame(this.#handle);
    this.onTime(this.time);
  }

  seek(seconds) {
    this.time = seconds;
    this.onTime(seconds);
  }

  close() {
    this.paused = true;
    cancelAnimationFrame(this.#handle);
  }
}
