/* The page: its controls, its words, and what the server told of itself. */

import {byId, options, recall, remember, save, stamp, write} from "./dom.js";
import {askForToken, prepareHelp, prepareToken} from "./dialogs.js";
import {getSettings} from "./files.js";
import {select} from "./follow.js";
import {takeFiles} from "./intake.js";
import {prepareKeys} from "./keys.js";
import {emptyText, showCount, showLooks, showPause, showWaiting, stop} from "./modes.js";
import {choices, messages, page, people, stage, timeline} from "./page.js";
import {preparePrefs} from "./prefs.js";
import {showRecording, toggleRecording} from "./recording.js";
import {openFiles, saveClip} from "./review.js";
import {announce} from "./speech.js";
import {say} from "./texts.js";
import {prepareTimebar, showLegend, showTimebar} from "./timebar.js";
import {showCameras, start} from "./watch.js";

/* Milliseconds between questions for the settings while the server does not answer. */
const ASK_AGAIN = 3000;

/* Controls */

function togglePause() {
  const {mode, live, player} = page;
  if (mode === "clip") return player.paused ? player.play() : player.pause();
  if (mode !== "live") return;
  if (live.paused) live.resume();
  else live.paused = true;
  announce(say(live.paused ? "paused" : "resumed"));
  showPause();
}

function toggleLook(name) {
  stage.looks[name] = !stage.looks[name];
  const kept = name === "blur" || (name === "mirror" && page.mode === "live");
  if (kept) remember(name, stage.looks[name] ? "yes" : "no");
  showLooks();
  stage.draw();
}

async function takeSnapshot() {
  if (!stage.shown) return;
  const name = `vyraz-${stamp()}.png`;
  save(await stage.snapshot(), name);
  announce(say("saved", {name}));
}

/* Another model or detector: the tracks begin anew, a file is read again. */
function changeReader() {
  if (page.mode === "live") page.live.restart(choices());
  else if (["picture", "clip", "job"].includes(page.mode)) openFiles([page.file]);
}

function stopByHand() {
  stop();
  announce(say("stopped"));
}

function dismissNotice() {
  byId("notice").hidden = true;
  byId("start").focus({preventScroll: true});
}

/* Words */

/* Those that depend on the server. */
function showWords() {
  const {hostname} = location, here = /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  const {camera, notice, version} = page.settings, button = byId("begin").querySelector("span");
  write(byId("where"), say(here ? "local" : camera ? "remoteCamera" : "remote", {host: hostname}));
  write(byId("notice-text"), notice || say("notice"));
  write(byId("version"), version ? `vyraz ${version}` : "");
  button.dataset.text = camera ? "startServerCamera" : "startCamera";
  write(button, say(button.dataset.text));
}

/* After a change of language or appearance everything is written again. */
function writeAnew() {
  showWords();
  showLegend();
  showPause();
  showWaiting();
  showRecording();
  showTimebar();
  showCount();
  messages.render();
  for (const option of byId("person").options) option.textContent = say("person", {id: option.value});
  people.begin(page.labels, emptyText());
  page.redraw();
  stage.draw();
  timeline.restyle();
}

/* The server */

async function loadSettings() {
  try {
    Object.assign(page.settings, await getSettings());
    messages.clear("offline");
  } catch (error) {
    if (error.status === 401 && (await askForToken())) return loadSettings();
    if (page.mode === "idle") messages.show("offline");
    return setTimeout(loadSettings, ASK_AGAIN);
  }
  const {models, detectors, model, detector} = page.settings;
  options(byId("model"), models.map((name) => [name, name]), model);
  options(byId("detector"), detectors.map((name) => [name, name]), detector);
  showWords();
  if (page.mode === "idle") showCameras();
}

function wire() {
  const clicks = {
    start, begin: start, stop: stopByHand, pause: togglePause, record: toggleRecording, snapshot: takeSnapshot, csv: saveClip,
    "job-cancel": stop, "notice-dismiss": dismissNotice,
  };
  for (const [id, action] of Object.entries(clicks)) byId(id).addEventListener("click", () => action());
  for (const name of ["mirror", "hide", "blur"]) byId(name).addEventListener("click", () => toggleLook(name));
  for (const id of ["model", "detector"]) byId(id).addEventListener("change", changeReader);
  byId("camera-choice").addEventListener("change", () => page.mode === "live" && start());
  byId("person").addEventListener("change", (event) => select(Number(event.target.value)));
  byId("stage").addEventListener("click", (event) => select(stage.faceAt(event) ?? page.selected));
  document.addEventListener("person", (event) => select(event.detail));
  navigator.mediaDevices?.addEventListener?.("devicechange", () => showCameras());
  window.addEventListener("beforeunload", (event) => page.recorder && event.preventDefault());
}

stage.looks.blur = recall("blur") === "yes";
preparePrefs(writeAnew);
prepareHelp();
prepareToken();
prepareKeys();
prepareTimebar();
takeFiles(openFiles);
wire();
stop();
showWords();
showLegend();
loadSettings();
