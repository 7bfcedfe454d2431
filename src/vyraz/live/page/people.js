/* A card for each person: number, label, and seven bars that keep their order. */

import {accentOf, colourOf} from "./colours.js";
import {make, write} from "./dom.js";
import {captionOf} from "./overlay.js";
import {percent, say} from "./texts.js";

/* Seconds for which somebody who is lost keeps a card, so that cards do not flicker. */
const AWAY = 2;

export class People {
  #cards = new Map();
  #empty = null;

  constructor(list, onSelect) {
    this.list = list;
    this.onSelect = onSelect;
  }

  begin(labels, text) {
    this.#cards.clear();
    this.#empty = emptyCard(labels, text);
    this.list.replaceChildren(this.#empty);
  }

  /* seconds: of the picture; cards go by its time. */
  update(faces, labels, seconds, selected) {
    for (const face of faces) this.#card(face.id, labels).take(face, seconds);
    const here = new Set(faces.map((face) => face.id));
    for (const [id, card] of this.#cards) {
      if (!here.has(id)) this.#lose(id, card, seconds);
      card.select(id === selected);
    }
    this.#empty.hidden = this.#cards.size > 0;
  }

  say(text) {
    write(this.#empty.querySelector(".label"), text);
  }

  #lose(id, card, seconds) {
    const passed = seconds - card.seen;
    if (passed >= 0 && passed <= AWAY) card.root.dataset.away = "yes";
    else {
      card.root.remove();
      this.#cards.delete(id);
    }
  }

  #card(id, labels) {
    if (!this.#cards.has(id)) {
      const card = new Card(id, labels, () => this.onSelect(id));
      const after = [...this.#cards.keys()].filter((other) => other > id).sort((a, b) => a - b)[0];
      this.list.insertBefore(card.root, after === undefined ? null : this.#cards.get(after).root);
      this.#cards.set(id, card);
    }
    return this.#cards.get(id);
  }
}

class Card {
  constructor(id, labels, onSelect) {
    this.label = make("span", {class: "label"});
    this.sure = make("span", {class: "sure"});
    this.doubt = make("span", {class: "doubt"});
    const who = make("span", {class: "who"}, make("span", {class: "unseen"}, say("person", {id: ""})), String(id));
    who.style.backgroundColor = accentOf(id);
    this.button = make("button", {type: "button", "aria-pressed": "false"}, who, this.label, this.doubt, this.sure);
    this.button.addEventListener("click", onSelect);
    this.bars = labels.map(bar);
    const list = make("ul", {class: "bars"}, ...this.bars.map((one) => one.root));
    this.root = make("li", {class: "card", "data-person": String(id)}, make("header", {}, this.button), list);
  }

  take(face, seconds) {
    this.seen = seconds;
    delete this.root.dataset.away;
    this.root.dataset.status = face.uncertain ? "uncertain" : "ok";
    this.root.dataset.label = face.label;
    write(this.label, captionOf(face));
    write(this.sure, percent(face.score));
    write(this.doubt, face.uncertain ? say("uncertain") : "");
    this.bars.forEach((one, at) => one.set(face.scores[at], one.label === face.label));
  }

  select(on) {
    const text = String(on);
    if (this.button.getAttribute("aria-pressed") === text) return;
    this.button.setAttribute("aria-pressed", text);
    this.root.dataset.selected = on ? "yes" : "no";
  }
}

function bar(label) {
  const fill = document.createElement("i"), value = make("span", {class: "value"}, percent(0));
  fill.style.backgroundColor = colourOf(label);
  fill.style.translate = "-100%";
  const root = make("li", {"data-emotion": label, "data-score": "0"}, make("span", {}, say(label)), make("span", {class: "groove"}, fill), value);
  return {root, label, set(score, most) {
    const text = score.toFixed(3);
    if (root.dataset.score !== text) {
      root.dataset.score = text;
      fill.style.translate = `${(100 * Math.min(score, 1) - 100).toFixed(1)}%`;
      write(value, percent(score));
    }
    root.dataset.most = most ? "yes" : "no";
  }};
}

/* As large as a card, so that the first person who is seen moves nothing. */
function emptyCard(labels, text) {
  const head = make("header", {}, make("span", {class: "who", "aria-hidden": "true"}, "–"), make("span", {class: "label"}, text));
  const rows = labels.map((label) => make("li", {}, make("span", {}, say(label)), make("span", {class: "groove"}), make("span", {class: "value"}, "–")));
  return make("li", {class: "card empty"}, head, make("ul", {class: "bars", "aria-hidden": "true"}, ...rows));
}
