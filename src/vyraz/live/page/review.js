/* Pictures and clips: read by the server, shown here. */

import {Clip, FilePlayer, GroundPlayer} from "./clip.js";
import {askForToken} from "./dialogs.js";
import {byId, options, save, write} from "./dom.js";
import {checkSize, kindOf, readClip, readPicture} from "./files.js";
import {mark, select} from "./follow.js";
import {clear, emptyText, setMode, showFaces, showPause, stop} from "./modes.js";
import {choices, messages, meter, page, people, stage} from "./page.js";
import {facesOf} from "./records.js";
import {announce, sentence} from "./speech.js";
import {bytes, clock, percent, say} from "./texts.js";
import {showClipTimes, showLegend} from "./timebar.js";

export async function openFiles(files) {
  if (!files.length) return;
  const [file] = files, kind = kindOf(file), name = file.name || say("viewer");
  stop();
  page.file = file;
  if (!kind) return messages.show("unsupported", {name});
  try {
    checkSize(file, kind, page.settings.limits);
    await (kind === "picture" ? openPicture : openClip)(file, name);
    if (files.length > 1 && !messages.code) messages.show("severalFiles", {name}, "info");
  } catch (error) {
    if (error.name === "AbortError") return;
    stop();
    tellError(error, kind, name, () => openFiles(files));
  }
}

const CODES = {0: "offline", 400: "unreadable", 429: "serverBusy", 503: "serverBusy"};

async function tellError(error, kind, name, again) {
  const most = page.settings.limits?.[kind === "picture" ? "picture_bytes" : "video_bytes"];
  if (error.status === 401) {
    if (await askForToken()) again();
  } else if (error.status === 413) messages.show(most ? "tooLarge" : "tooLargeAny", {name, limit: most && bytes(most)});
  else messages.show(CODES[error.status] ?? "serverSays", {name, reason: error.message});
}

/* The model's words, before anything is shown with them. */
function begin(labels) {
  page.task = null;
  page.labels = labels;
  showLegend();
}

/* While a file is read */

function wait(title) {
  page.task = new AbortController();
  setMode("job");
  tellProgress(title, null, "");
  return page.task.signal;
}

function tellProgress(title, share, detail) {
  write(byId("job-title"), title);
  write(byId("job-detail"), detail || "\u00a0");
  if (share === null) byId("job-progress").removeAttribute("value");
  else byId("job-progress").value = share;
}

function tellJob({state, frames, total, seconds}, name) {
  if (state === "waiting") return tellProgress(say("waiting", {name}), null, "");
  const count = total ? say("framesOf", {frames, total}) : say("frames", {frames});
  const until = seconds ? `, ${say("untilNow", {time: clock(seconds)})}` : "";
  return tellProgress(say("analysing", {name}), total ? Math.min(frames / total, 1) : null, count + until);
}

/* Pictures */

async function openPicture(file, name) {
  const signal = wait(say("reading", {name})), began = performance.now();
  const answer = await readPicture(file, choices(), signal);
  if (signal.aborted) return;
  begin(answer.labels);
  const picture = {...answer, faces: facesOf(answer.records, answer.labels), seconds: null};
  setMode("picture");
  people.begin(page.labels, emptyText());
  stage.shape(picture.width, picture.height);
  stage.show(picture);
  page.redraw = mark;
  showFaces(picture);
  meter.tell(performance.now() - began);
  announce(picture.faces.length ? picture.faces.map(sentence).join(". ") : say("noFace"));
  if (!picture.image) messages.show("unplayable", {name}, "info");
}

/* Clips */

async function openClip(file, name) {
  const signal = wait(say("uploading", {name}));
  const {job, rows} = await readClip(file, choices(), signal, {
    sent: (share) => tellProgress(say(share < 1 ? "uploading" : "waiting", {name}), share, say("sent", {percent: percent(share)})),
    progress: (one) => tellJob(one, name),
    lost: () => tellProgress(say("offline").split("|")[0], null, ""),
  });
  if (signal.aborted) return;
  if (rows.length) await showClip(new Clip(rows), file, name, job);
  else {
    stop();
    messages.show("jobFailed", {name, reason: job.message});
  }
}

async function showClip(clip, file, name, job) {
  begin(clip.labels);
  page.clip = clip;
  const size = await openPlayer(file, job);
  if (page.clip !== clip) return;
  clip.size = size;
  stage.shape(size.width, size.height);
  setMode("clip");
  people.begin(page.labels, emptyText());
  options(byId("person"), [...clip.people.keys()].sort((a, b) => a - b).map((id) => [id, say("person", {id})]));
  byId("person").hidden = clip.people.size < 2;
  page.redraw = () => showMoment(page.player.time);
  select(clip.longestSeen);
  showMoment(page.player.time);
  if (job.state === "failed") messages.show("jobFailed", {name, reason: job.message});
  else if (!page.player.image) messages.show("unplayable", {name}, "info");
  else if (!clip.people.size) messages.show("clipWithoutFace", {name}, "info");
}

/* Gives the size of the clip's pictures. */
async function openPlayer(file, job) {
  const player = page.player = new FilePlayer(byId("video"), file, showMoment);
  try {
    return await player.open();
  } catch {
    player.close();
    if (page.player === player) page.player = new GroundPlayer(page.clip, showMoment);
    return job.width ? job : page.clip?.guessSize();
  }
}

/* The clip at a time: the very frame on the screen, and what was read in it. */
function showMoment(seconds) {
  const {clip, player, mode} = page;
  if (mode !== "clip" || !clip) return;
  const frame = {faces: clip.facesAt(seconds), labels: page.labels, seconds};
  stage.show({image: player.image, ...clip.size, ...frame, veiled: clip.veilAt(seconds)});
  page.frame = frame;
  people.update(frame.faces, page.labels, seconds, page.selected);
  write(byId("count"), say("inView", {count: frame.faces.length}));
  showClipTimes(seconds);
  showPause();
}

export function saveClip() {
  save(page.clip.csv, `${(page.file.name || "clip").replace(/\.\w+$/, "")}.csv`);
}
