/* Help, and the question for the token. */

import {setToken} from "./api.js";
import {byId, make} from "./dom.js";
import {say} from "./texts.js";

const KEYS = [
  ["keySpace", "keyPause"], ["M", "keyMirror"], ["H", "keyHide"], ["B", "keyBlur"], ["R", "keyRecord"], ["S", "keySnapshot"],
  ["O", "keyOpen"], ["arrows", "keySeek"], ["?", "keyHelp"],
];

export function prepareHelp() {
  const dialog = byId("help-dialog");
  byId("help").addEventListener("click", openHelp);
  byId("help-close").addEventListener("click", () => dialog.close());
  // A click beside the sheet closes it.
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

export function openHelp() {
  const rows = KEYS.map(([key, what]) => make("div", {}, make("dt", {}, make("kbd", {}, say(key))), make("dd", {}, say(what))));
  byId("keys").replaceChildren(...rows);
  if (!byId("help-dialog").open) byId("help-dialog").showModal();
}

export const dialogIsOpen = () => document.querySelector("dialog[open]") !== null;

let asking = null, given = false;

/* Resolves to whether a token was given; asked once at a time, whoever asks. */
export function askForToken() {
  const dialog = byId("token-dialog"), words = byId("token-text");
  // Asked again, the one before was wrong.
  words.dataset.text = given ? "tokenWrong" : "tokenText";
  words.textContent = say(words.dataset.text);
  asking ??= new Promise((done) => {
    dialog.returnValue = "";
    byId("token").value = "";
    dialog.showModal();
    dialog.addEventListener("close", () => {
      asking = null;
      given = dialog.returnValue === "given";
      done(given);
    }, {once: true});
  });
  return asking;
}

export function prepareToken() {
  const dialog = byId("token-dialog");
  byId("token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    setToken(byId("token").value.trim());
    dialog.close("given");
  });
  byId("token-cancel").addEventListener("click", () => dialog.close(""));
}
