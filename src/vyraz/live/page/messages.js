/* What went wrong, in words, and what to do; texts.js holds them as "title|text". */

import {byId, write} from "./dom.js";
import {say} from "./texts.js";

/* Seconds for which something that needs nothing done is told. */
const BRIEF = 8;

export class Messages {
  #timer = 0;

  constructor() {
    this.root = byId("message");
    byId("message-close").addEventListener("click", () => this.clear());
  }

  /* values.seconds is counted down while it stands. */
  show(code, values = {}, kind = "error") {
    clearInterval(this.#timer);
    const again = this.code === code;
    Object.assign(this, {code, values: {...values}, kind});
    this.root.hidden = false;
    this.root.dataset.kind = kind;
    this.root.dataset.code = code;
    this.render();
    // A message that only counts is not read out again.
    if (!again) write(byId("alarm"), `${byId("message-title").textContent}. ${byId("message-text").textContent}`);
    if (kind === "info") this.#timer = setTimeout(() => this.clear(code), 1000 * BRIEF);
    else if (values.seconds) this.#count();
  }

  render() {
    if (!this.code) return;
    const rounded = {...this.values, ...(this.values.seconds === undefined ? {} : {seconds: Math.ceil(this.values.seconds)})};
    const [title, text] = say(this.code, tidy(rounded)).split("|");
    write(byId("message-title"), title);
    write(byId("message-text"), text);
  }

  #count() {
    this.#timer = setInterval(() => {
      this.values.seconds = Math.max(this.values.seconds - 1, 0);
      if (this.values.seconds > 0) this.render();
    }, 1000);
  }

  /* Only these, where codes are given. */
  clear(...codes) {
    if (codes.length && !codes.includes(this.code)) return;
    clearInterval(this.#timer);
    this.code = null;
    this.root.hidden = true;
    write(byId("alarm"), "");
  }
}

/* Reasons come from servers and browsers, as sentences or not: our texts end them with a point themselves. */
function tidy(values) {
  if (values.reason === undefined) return values;
  const bare = String(values.reason || "").trim().replace(/\.$/, "").replaceAll("|", "/");
  const reason = values.name && bare.startsWith(`${values.name}: `) ? bare.slice(values.name.length + 2) : bare;
  return {...values, reason: reason ? reason[0].toUpperCase() + reason.slice(1) : "–"};
}
