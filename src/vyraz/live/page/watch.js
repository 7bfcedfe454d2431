/* The camera, from start to stop. */

import {CameraError, listCameras} from "./camera.js";
import {askForToken} from "./dialogs.js";
import {byId, options} from "./dom.js";
import {mark, select} from "./follow.js";
import {OwnCamera, ServerCamera} from "./live.js";
import {clear, emptyText, setMode, showFaces, showWaiting, stop} from "./modes.js";
import {choices, messages, meter, page, people, stage} from "./page.js";
import {keep} from "./recording.js";
import {announce} from "./speech.js";
import {say} from "./texts.js";
import {showLastMinute, showLegend} from "./timebar.js";
import {History} from "./trace.js";

/* Seconds between two drawings of the timeline; in that time it moves by hardly a pixel. */
const DRAW_EVERY = 0.1;
/* What is over once frames come again. */
const PASSING = ["lost", "full", "cameraStopped", "frameUnread"];

let drawnAt = 0;

export async function start() {
  clear();
  const one = page.live = page.settings.camera ? new ServerCamera(handlers) : new OwnCamera(byId("video"), handlers);
  setMode("starting");
  try {
    await one.start(byId("camera-choice").value || null, choices());
  } catch (error) {
    if (one !== page.live) return;
    stop();
    messages.show(error instanceof CameraError ? error.code : "cameraFailed", {reason: error.message});
    return;
  }
  if (one !== page.live) return;
  setMode("live");
  showCameras(one.deviceId);
}

const handlers = {
  ready(message) {
    messages.clear(...PASSING);
    isStale(false);
    page.labels = message.labels;
    page.history = new History();
    page.redraw = redraw;
    select(null);
    people.begin(page.labels, emptyText());
    showLegend();
    announce(say("started"));
  },
  frame(frame) {
    const first = page.frame === null;
    if (messages.code) messages.clear(...PASSING);
    isStale(false);
    if (first) stage.shape(frame.width, frame.height);
    page.history.take(frame.faces, frame.seconds);
    showFaces(frame);
    stage.show(frame);
    meter.take(performance.now() / 1000, frame.latency);
    keep(frame);
    if (first) showWaiting();
    if (Math.abs(frame.seconds - drawnAt) < DRAW_EVERY) return;
    drawnAt = frame.seconds;
    showLastMinute(frame.seconds);
  },
  lost(code, seconds) {
    isStale(true);
    meter.clear();
    // 1011: it is the camera that has stopped, and that has been told.
    if (code !== 1011 || messages.code !== "cameraStopped") messages.show(code === 1013 ? "full" : "lost", {seconds});
  },
  async ended(code, reason) {
    stop();
    if (code !== 4401) messages.show("closed", {reason});
    else if (await askForToken()) start();
  },
  stopped(reason) {
    isStale(true);
    messages.show("cameraStopped", {reason});
  },
  gone() {
    stop();
    messages.show("gone");
  },
  bad: (reason) => messages.show("frameUnread", {reason}),
};

function isStale(yes) {
  byId("frame").dataset.stale = yes ? "yes" : "no";
}

function redraw() {
  mark();
  if (page.frame) showLastMinute(page.frame.seconds);
}

export async function showCameras(chosen = byId("camera-choice").value) {
  const cameras = page.settings.camera ? [] : await listCameras().catch(() => []);
  const named = cameras.map((one, at) => [one.deviceId, one.label || say("cameraNumber", {number: at + 1})]);
  options(byId("camera-choice"), named, chosen || undefined);
  byId("camera-field").hidden = cameras.length < 2;
}
