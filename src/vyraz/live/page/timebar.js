/* The part of the page under the picture: a picture of the last minute, or a slider over a clip. */

import {colourOf} from "./colours.js";
import {byId, make, write} from "./dom.js";
import {page, timeline} from "./page.js";
import {sentence} from "./speech.js";
import {clock, say} from "./texts.js";

const SLIDER = ["tabindex", "aria-valuemin", "aria-valuemax", "aria-valuenow", "aria-valuetext"];
/* Seconds that a key moves; with Shift, an arrow moves by one frame. */
const SEEKS = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10};

const end = () => Math.max(page.player.duration, page.clip.end + page.clip.step);

export function showTimebar() {
  const root = byId("timeline"), slider = page.mode === "clip";
  root.setAttribute("role", slider ? "slider" : "img");
  root.setAttribute("aria-label", say(slider ? "timelineClip" : "timelineLive"));
  if (slider) {
    root.tabIndex = 0;
    root.setAttribute("aria-valuemin", "0");
    describe(page.player.time);
  } else for (const name of SLIDER) root.removeAttribute(name);
  showTitle();
}

export function showTitle() {
  const running = page.mode === "live" || page.mode === "starting";
  const key = page.mode === "clip" ? "wholeClip" : !running ? "photoTimes" : page.selected === null ? "lastMinute" : "lastMinuteOf";
  write(byId("timeline-title"), say(key, {id: page.selected}));
  timeline.show({empty: running || page.mode === "clip" ? "" : say("timesOfLive")});
}

export function showLegend() {
  const marks = page.labels.map((label) => {
    const mark = make("span", {class: "swatch"});
    mark.style.backgroundColor = colourOf(label);
    return make("li", {}, mark, say(label));
  });
  byId("legend").replaceChildren(...marks, make("li", {}, make("span", {class: "swatch doubtful"}), say("uncertain")));
}

export function showNothing() {
  timeline.show({trace: null, live: true, from: -60, to: 0, at: null});
}

export function showLastMinute(now) {
  const trace = page.history.of(page.selected) ?? null;
  timeline.show({trace, labels: page.labels, live: true, from: now - 60, to: now, gap: 1, at: null});
}

export function showClipTimes(seconds) {
  const {clip, labels, selected} = page, trace = clip.people.get(selected)?.trace ?? null;
  timeline.show({trace, labels, live: false, from: Math.min(clip.start, 0), to: end(), gap: clip.gap, at: seconds});
  byId("person").value = String(selected);
  describe(seconds);
}

function describe(seconds) {
  const root = byId("timeline"), face = page.frame?.faces.find((one) => one.id === page.selected);
  const values = {time: clock(seconds, true), total: clock(end(), true), said: face ? sentence(face) : say("nobody")};
  write(byId("position"), `${values.time} / ${values.total}`);
  root.setAttribute("aria-valuemax", end().toFixed(2));
  root.setAttribute("aria-valuenow", seconds.toFixed(2));
  root.setAttribute("aria-valuetext", say("at", values));
}

const seek = (seconds) => page.player.seek(Math.min(Math.max(seconds, 0), end()));

function seekByKey(event) {
  if (page.mode !== "clip") return;
  if (event.key === "Home") seek(0);
  else if (event.key === "End") seek(end());
  else if (event.key in SEEKS) seek(page.player.time + SEEKS[event.key] * (event.shiftKey ? page.clip.step : 1));
  else return;
  event.preventDefault();
}

function seekByPointer(event) {
  if (page.mode !== "clip" || !(event.buttons & 1)) return;
  if (event.type === "pointerdown") byId("timeline").setPointerCapture(event.pointerId);
  seek(timeline.timeAt(event.clientX));
}

export function prepareTimebar() {
  const root = byId("timeline");
  root.addEventListener("keydown", seekByKey);
  for (const name of ["pointerdown", "pointermove"]) root.addEventListener(name, seekByPointer);
}
