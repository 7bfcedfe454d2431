/* A WebSocket that answers frames, or brings them; it comes back by itself when it breaks. */

import {getToken, socketAddress} from "./api.js";

/* Seconds before each new try, and where the server is full. */
const WAITS = [0.5, 1, 2, 4, 8, 10], FULL = [5, 10, 15];
/* An answer that takes so many seconds will not come: connections can die without a word. */
const SILENCE = 15;

export class Stream {
  #socket = null;
  #timer = 0;
  #silence = 0;
  #tries = 0;

  /* on: {ready(message), result(message, jpeg), lost(code, seconds), ended(code, reason)} */
  constructor(path, options, on) {
    Object.assign(this, {path, options, on});
    this.#connect();
  }

  #connect() {
    const socket = this.#socket = new WebSocket(socketAddress(this.path));
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.restart(this.options);
    socket.onmessage = (event) => socket === this.#socket && this.#take(event.data);
    socket.onclose = (event) => socket === this.#socket && this.#closed(event);
  }

  restart(options) {
    this.options = options;
    this.ready = false;
    this.#tell({type: "start", token: getToken(), ...options});
    this.#listen();
  }

  send(number, seconds, picture) {
    const head = new DataView(new ArrayBuffer(12));
    head.setUint32(0, number);
    head.setFloat64(4, seconds);
    // A Blob goes out without being copied into memory of ours first.
    if (this.#isOpen()) this.#socket.send(new Blob([head, picture]));
    this.#listen();
  }

  next() {
    this.#tell({type: "next"});
    this.#listen();
  }

  close() {
    clearTimeout(this.#timer);
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #tell(message) {
    if (this.#isOpen()) this.#socket.send(JSON.stringify(message));
  }

  #take(data) {
    clearTimeout(this.#silence);
    if (typeof data !== "string") {
      const size = new DataView(data).getUint32(0), text = new TextDecoder().decode(new Uint8Array(data, 4, size));
      this.on.result(JSON.parse(text), data.byteLength > 4 + size ? new Blob([new Uint8Array(data, 4 + size)], {type: "image/jpeg"}) : null);
      return;
    }
    const message = JSON.parse(data);
    if (message.type === "ready") {
      this.#tries = 0;
      this.ready = true;
      this.on.ready(message);
    } else this.on.result(message, null);
  }

  #listen() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      const socket = this.#socket;
      socket?.close();
      if (socket === this.#socket) this.#closed({code: 1006, reason: ""});
    }, 1000 * SILENCE);
  }

  #closed({code, reason}) {
    this.#socket = null;
    this.ready = false;
    clearTimeout(this.#silence);
    if (code === 4401 || code === 1008 || code === 1003 || code === 1009) {
      this.on.ended(code, reason);
      return;
    }
    const waits = code === 1013 ? FULL : WAITS, seconds = waits[Math.min(this.#tries++, waits.length - 1)];
    this.on.lost(code, seconds);
    this.#timer = setTimeout(() => this.#connect(), 1000 * seconds);
  }
}
