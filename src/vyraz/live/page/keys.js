/* Keys, wherever no field or dialog has them. */

import {byId} from "./dom.js";
import {dialogIsOpen, openHelp} from "./dialogs.js";

const BUTTONS = {m: "mirror", h: "hide", b: "blur", r: "record", s: "snapshot", o: "file"};
/* Keys of other layouts at the same places, so that they also work where Cyrillic is written. */
const PLACES = {KeyM: "m", KeyH: "h", KeyB: "b", KeyR: "r", KeyS: "s", KeyO: "o"};

/* Whether the focus came by a click: then the space bar is not the button's, but pauses as everywhere. */
let clicked = false;

export function prepareKeys() {
  document.addEventListener("pointerdown", () => (clicked = true), true);
  document.addEventListener("keydown", (event) => event.key === "Tab" && (clicked = false), true);
  // Some browsers press a button when the space bar comes up again.
  document.addEventListener("keyup", (event) => event.key === " " && !dialogIsOpen() && !takesKeys(event) && event.preventDefault());
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || dialogIsOpen() || takesKeys(event)) return;
    if (event.key === "?") openHelp();
    else if (event.key === " ") byId("pause").click();
    else if (!pressed(event)) return;
    event.preventDefault();
  });
}

function pressed(event) {
  const letter = event.key.toLowerCase(), id = BUTTONS[letter] ?? (/^[a-z]$/.test(letter) ? null : BUTTONS[PLACES[event.code]]);
  if (id) byId(id).click();
  return Boolean(id);
}

/* Fields take letters; a button that is focused takes the space bar. */
function takesKeys(event) {
  const target = event.target;
  if (target.closest("select, textarea, input:not([type=file])")) return true;
  return event.key === " " && !clicked && target.closest("button, input") !== null;
}
