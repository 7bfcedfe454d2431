/* What runs: our camera over /api/stream, or the server's own over /api/camera. Both give the same frames. */

import {Capture, nextFrame} from "./capture.js";
import {looksAway, openCamera, stopCamera} from "./camera.js";
import {facesOf} from "./records.js";
import {Stream} from "./stream.js";

/*
 * on: {frame(frame), ready(message), lost(code, seconds), ended(code, reason), gone(), stopped(reason), bad(message)}
 * frame: {image, width, height, faces, labels, rows, seconds, latency in ms}
 */

class Source {
  paused = false;
  labels = [];

  constructor(on) {
    this.on = on;
  }

  connect(path, options) {
    this.stream = new Stream(path, options, {
      ready: (message) => {
        this.labels = message.labels;
        this.on.ready(message);
        this.begin();
      },
      result: (message, jpeg) => this.result(message, jpeg),
      lost: (code, seconds) => this.on.lost(code, seconds),
      ended: (code, reason) => this.on.ended(code, reason),
    });
  }

  restart(options) {
    this.stream?.restart(options);
  }

  stop() {
    this.stopped = true;
    this.stream?.close();
  }
}

export class OwnCamera extends Source {
  #capture = new Capture();
  #flying = null;
  #taking = false;
  #number = 0;

  constructor(video, on) {
    super(on);
    this.video = video;
  }

  async start(deviceId, options) {
    this.media = await openCamera(deviceId);
    if (this.stopped) return stopCamera(this.media);
    this.away = looksAway(this.media);
    this.media.getVideoTracks()[0].addEventListener("ended", () => !this.stopped && this.on.gone());
    this.video.muted = true;
    this.video.srcObject = this.media;
    await this.video.play();
    if (!this.stopped) this.connect("api/stream", options);
  }

  get deviceId() {
    return this.media?.getVideoTracks()[0]?.getSettings().deviceId ?? "";
  }

  begin() {
    this.#flying = null;
    this.#pump();
  }

  resume() {
    this.paused = false;
    this.#pump();
  }

  /* One frame in flight: the next is taken when the answer has come, so what is shown never lags. */
  async #pump() {
    if (this.#flying || this.#taking || this.paused || this.stopped || !this.stream.ready) return;
    this.#taking = true;
    await nextFrame(this.video);
    if (this.video.videoWidth && !this.stopped && !this.paused && this.stream.ready) await this.#send();
    this.#taking = false;
    if (!this.#flying) this.#pump();
  }

  async #send() {
    const flying = {...this.#capture.take(this.video), number: this.#number++ % 2 ** 32, seconds: performance.now() / 1000};
    this.#flying = flying;
    const jpeg = await flying.jpeg;
    if (!jpeg || this.stopped || !this.stream.ready) this.#flying = null;
    else this.stream.send(flying.number, flying.seconds, jpeg);
  }

  result(message) {
    const flying = this.#flying;
    // Answers to frames of before a restart.
    if (!flying || message.number !== flying.number) return;
    this.#flying = null;
    if (message.type === "result") {
      this.#capture.keep();
      this.on.frame(frameOf(message, flying, this.labels, flying.seconds));
    } else if (message.type === "error") this.on.bad(message.message);
    this.#pump();
  }

  stop() {
    super.stop();
    stopCamera(this.media);
    this.video.srcObject = null;
  }
}

export class ServerCamera extends Source {
  #owed = false;

  async start(_, options) {
    this.connect("api/camera", options);
  }

  begin() {
    this.#owed = false;
  }

  resume() {
    this.paused = false;
    if (this.#owed) this.#next();
  }

  #next() {
    this.#owed = false;
    this.stream.next();
  }

  async result(message, jpeg) {
    // The server tries again by itself, and sends on when the camera is back.
    if (message.type === "stopped") return this.on.stopped(message.message);
    const arrived = performance.now() / 1000;
    if (jpeg && message.type === "result") {
      const image = await createImageBitmap(jpeg);
      if (this.stopped) return;
      const frame = frameOf(message, {image}, this.labels, arrived);
      // Its clock is not ours: what can be told is how long reading and the way here took.
      frame.latency = (message.ms?.waiting ?? 0) + (message.ms?.decoding ?? 0) + (message.ms?.recognizing ?? 0) + performance.now() - 1000 * arrived;
      this.on.frame(frame);
    }
    this.#owed = true;
    if (!this.paused) this.#next();
  }
}

function frameOf(message, {image}, labels, seconds) {
  return {
    image, width: message.width, height: message.height, labels, seconds,
    rows: message.records,
    faces: facesOf(message.records, labels),
    latency: performance.now() - 1000 * seconds,
  };
}
