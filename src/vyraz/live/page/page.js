/* What is shown at this moment, and the parts of the page that show it. */

import {byId} from "./dom.js";
import {EMOTIONS} from "./colours.js";
import {Messages} from "./messages.js";
import {Meter} from "./meter.js";
import {People} from "./people.js";
import {Stage} from "./stage.js";
import {Timeline} from "./timeline.js";
import {History} from "./trace.js";

export const page = {
  settings: {models: [], detectors: [], camera: false, limits: {}, notice: ""},
  /* "idle", "starting", "live", "job", "picture", "clip" */
  mode: "idle",
  labels: EMOTIONS,
  /* Whose scores are drawn over time. */
  selected: null,
  /* {faces, labels, seconds} of what is on the stage. */
  frame: null,
  history: new History(),
  live: null,
  clip: null,
  player: null,
  recorder: null,
  /* Aborts what is under way with a file. */
  task: null,
  file: null,
  /* Draws what is shown once more, after somebody else was selected. */
  redraw() {},
};

export const stage = new Stage(), messages = new Messages(), meter = new Meter(), timeline = new Timeline(byId("plot"));
export const people = new People(byId("people"), (id) => document.dispatchEvent(new CustomEvent("person", {detail: id})));

/* The model and detector that are chosen; null is the server's own choice. */
export const choices = () => ({model: byId("model").value || null, detector: byId("detector").value || null});
