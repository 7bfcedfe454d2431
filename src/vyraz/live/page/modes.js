/* From one thing that is shown to the next, and what the controls look like meanwhile. */

import {EMOTIONS} from "./colours.js";
import {byId, press, recall, write} from "./dom.js";
import {follow, select} from "./follow.js";
import {meter, messages, page, people, stage} from "./page.js";
import {showRecording, toggleRecording} from "./recording.js";
import {say} from "./texts.js";
import {showNothing, showTimebar} from "./timebar.js";
import {History} from "./trace.js";

const isRunning = () => page.mode === "live" || page.mode === "starting";

export function setMode(name) {
  page.mode = name;
  byId("main").dataset.mode = name;
  showButtons();
  // One's own picture is wanted as in a mirror, nothing else is.
  stage.looks.mirror = isRunning() && !page.settings.camera && !page.live?.away && recall("mirror") !== "no";
  showLooks();
  showPause();
  showWaiting();
  showTimebar();
}

function showButtons() {
  const focused = document.activeElement?.id, running = isRunning(), {mode} = page;
  byId("start").hidden = running;
  byId("stop").hidden = !running;
  byId("job").hidden = mode !== "job";
  byId("csv").hidden = byId("person").hidden = mode !== "clip";
  byId("pause").disabled = !running && mode !== "clip";
  byId("record").disabled = mode !== "live";
  byId("snapshot").disabled = !["live", "picture", "clip"].includes(mode);
  // The focus must not be lost with the button that had it.
  if (["start", "stop", "begin"].includes(focused)) byId(running ? "pause" : "start").focus({preventScroll: true});
}

export function showLooks() {
  for (const [name, on] of Object.entries(stage.looks)) press(byId(name), on);
}

/* A clip's button says what it will do; a camera's stays what it is, and is pressed or not. */
export function showPause() {
  const ofClip = page.mode === "clip", paused = Boolean((ofClip ? page.player : page.live)?.paused);
  const key = ofClip && paused ? "play" : "pause", words = byId("pause-text");
  byId("paused").hidden = page.mode !== "live" || !paused;
  if (ofClip) byId("pause").removeAttribute("aria-pressed");
  else press(byId("pause"), paused);
  words.dataset.text = key;
  write(words, say(key));
  byId("pause").querySelector("use").setAttribute("href", key === "play" ? "#i-play" : "#i-pause");
}

/* Until the first picture the stage says what it waits for. */
export function showWaiting() {
  byId("waiting").hidden = page.mode !== "starting" && (page.mode !== "live" || page.frame !== null);
  write(byId("waiting"), say(page.mode === "starting" && !page.settings.camera ? "starting" : "connecting"));
}

/* What stands in place of cards while there are none. */
export const emptyText = () => say({picture: "noFace", live: "nobody", clip: "nobody"}[page.mode] ?? "nobodyYet");

export function showCount() {
  const count = page.frame?.faces.length;
  write(byId("count"), count === undefined ? "" : say(page.mode === "picture" ? "inPicture" : "inView", {count}));
}

/* What is on the stage, everywhere beside the stage. */
export function showFaces(frame) {
  page.frame = frame;
  follow(frame.faces, frame.seconds ?? 0);
  people.update(frame.faces, page.labels, frame.seconds ?? 0, page.selected);
  showCount();
}

/* Ends whatever is shown, so that something else can begin. */
export function clear() {
  if (page.recorder) toggleRecording();
  page.task?.abort();
  page.live?.stop();
  page.player?.close();
  Object.assign(page, {mode: "idle", task: null, live: null, player: null, clip: null, frame: null, labels: EMOTIONS, history: new History(), redraw() {}});
  select(null);
  meter.clear();
  messages.clear();
  stage.begin();
  byId("frame").dataset.stale = "no";
  people.begin(page.labels, say("nobodyYet"));
  showNothing();
  showCount();
  showRecording();
}

export function stop() {
  clear();
  setMode("idle");
}
