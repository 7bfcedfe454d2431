/* The canvas: one picture with what was read in it, mirrored, hidden or blurred as wished. */

import {hide, Veil} from "./blur.js";
import {byId} from "./dom.js";
import {drawFaces} from "./overlay.js";
import {Placer} from "./place.js";
import {Steady} from "./steady.js";
import {say} from "./texts.js";

/* More pixels than this along the longer side are not seen on a screen, and cost time. */
const MOST = 1920;
const GROUND = "#191c21", GRID = "#23272e";
/* Height of letters in pixels of the screen, whatever the size of the picture. */
const LETTERS = 15, LETTERS_SMALL = 13;

export class Stage {
  constructor() {
    this.canvas = byId("stage");
    this.frame = byId("frame");
    this.context = this.canvas.getContext("2d");
    this.looks = {mirror: false, hide: false, blur: false};
    this.selected = null;
    this.begin();
    new ResizeObserver(() => this.draw()).observe(this.frame);
  }

  /* A new source: nothing of the one before may stay. */
  begin() {
    this.shown = null;
    this.#placer = new Placer();
    this.#steady = new Steady();
    this.#veil = new Veil();
    this.canvas.dataset.faces = "0";
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  #placer;
  #steady;
  #veil;

  /* shown: {image or null, width, height of what was analysed, faces, labels, seconds or null, veiled: boxes to blur where they are known}. */
  show(shown) {
    const moving = shown.seconds !== null && shown.seconds !== undefined;
    const faces = moving ? shown.faces.map((face) => ({...face, box: this.#steady.update(face.id, face.box, shown.seconds)})) : shown.faces;
    const veiled = shown.veiled ?? (moving ? this.#veil.take(shown.faces, shown.seconds) : shown.faces.map((face) => face.box));
    this.shown = {...shown, faces, veiled};
    this.draw();
  }

  draw() {
    if (!this.shown) return;
    const {image, faces, labels, veiled} = this.shown, scale = this.#fit();
    this.#ground();
    if (image && !this.looks.hide) this.#picture(image);
    const drawn = faces.map((face) => ({...face, box: this.#scaled(face.box, scale)}));
    if (image && !this.looks.hide && this.looks.blur) hide(this.context, veiled.map((box) => this.#scaled(box, scale)));
    const size = this.#letters();
    drawFaces(this.context, drawn, labels, {placer: this.#placer, size, selected: this.selected});
    this.canvas.dataset.faces = String(faces.length);
    this.canvas.setAttribute("aria-label", say("stage", {count: faces.length}));
  }

  /* As many pixels as are shown, so that letters are sharp; gives the scale from the analysed picture. */
  #fit() {
    const {width, height} = this.shown, frame = this.frame.getBoundingClientRect();
    const wanted = Math.min(frame.width / width, frame.height / height) * (window.devicePixelRatio || 1);
    const most = MOST / Math.max(width, height), natural = (this.shown.image?.width || width) / width;
    const scale = Math.min(Math.max(wanted, natural, 0.01), most);
    const across = Math.round(width * scale), down = Math.round(height * scale);
    if (this.canvas.width !== across || this.canvas.height !== down) [this.canvas.width, this.canvas.height] = [across, down];
    return across / width;
  }

  #letters() {
    const frame = this.frame.getBoundingClientRect(), {width, height} = this.canvas;
    const unit = 1 / Math.max(Math.min(frame.width / width, frame.height / height), 1e-3);
    return Math.max(9, (frame.width < 600 ? LETTERS_SMALL : LETTERS) * unit);
  }

  #ground() {
    const {width, height} = this.canvas;
    this.context.fillStyle = GROUND;
    this.context.fillRect(0, 0, width, height);
    this.context.fillStyle = GRID;
    const step = Math.max(Math.round(Math.max(width, height) / 24), 8);
    for (let x = step; x < width; x += step) this.context.fillRect(x, 0, 1, height);
    for (let y = step; y < height; y += step) this.context.fillRect(0, y, width, 1);
  }

  #picture(image) {
    const {width, height} = this.canvas;
    this.context.save();
    if (this.looks.mirror) this.context.setTransform(-1, 0, 0, 1, width, 0);
    this.context.imageSmoothingQuality = "high";
    this.context.drawImage(image, 0, 0, width, height);
    this.context.restore();
  }

  /* Only places are mirrored, never letters. */
  #scaled(box, scale) {
    const x = box.x * scale, width = box.width * scale;
    return {x: this.looks.mirror ? this.canvas.width - x - width : x, y: box.y * scale, width, height: box.height * scale};
  }

  /* The face under a point of the screen, the smallest of several. */
  faceAt(event) {
    if (!this.shown) return null;
    const frame = this.canvas.getBoundingClientRect(), {width, height} = this.canvas;
    const unit = Math.min(frame.width / width, frame.height / height);
    const x = (event.clientX - frame.left - (frame.width - width * unit) / 2) / unit;
    const y = (event.clientY - frame.top - (frame.height - height * unit) / 2) / unit;
    const scale = width / this.shown.width;
    const hit = this.shown.faces.filter((face) => {
      const box = this.#scaled(face.box, scale);
      return x >= box.x && x <= box.x + box.width && y >= box.y && y <= box.y + box.height;
    });
    return hit.sort((a, b) => a.box.width - b.box.width)[0]?.id ?? null;
  }

  snapshot() {
    return new Promise((done) => this.canvas.toBlob(done, "image/png"));
  }

  /* The frame takes the picture's shape once a source begins, and never while it runs. */
  shape(width, height) {
    const ratio = Math.min(Math.max(width / height, 0.75), 16 / 9);
    this.frame.style.setProperty("--aspect", String(window.innerWidth < 700 ? ratio : 16 / 9));
  }
}
