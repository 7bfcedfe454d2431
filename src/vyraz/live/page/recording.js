/* The table that is made while the camera runs. */

import {byId, press, save, stamp, write} from "./dom.js";
import {page} from "./page.js";
import {Recorder} from "./recorder.js";
import {announce} from "./speech.js";
import {clock, say} from "./texts.js";

export function toggleRecording() {
  if (page.recorder) finish();
  else if (page.mode === "live") {
    page.recorder = new Recorder(byId("record-format").value, page.labels, page.settings.smooth !== 0);
    announce(say("recording"));
  }
  showRecording();
}

function finish() {
  const name = `vyraz-${stamp()}.${page.recorder.format}`;
  save(page.recorder.blob(), name);
  page.recorder = null;
  announce(say("saved", {name}));
}

export function keep(frame) {
  if (!page.recorder) return;
  page.recorder.take(frame.rows, frame.seconds);
  tellLength();
}

export function showRecording() {
  const on = page.recorder !== null, words = byId("record-text");
  press(byId("record"), on);
  words.dataset.text = on ? "stopRecording" : "record";
  write(words, say(words.dataset.text));
  byId("record").querySelector("use").setAttribute("href", on ? "#i-download" : "#i-record");
  // A table has one form, and one set of labels.
  byId("record-format").disabled = byId("model").disabled = on;
  byId("recorded").hidden = !on;
  if (on) tellLength();
}

function tellLength() {
  write(byId("recorded"), say("recorded", {time: clock(page.recorder.seconds), rows: page.recorder.rows}));
}
