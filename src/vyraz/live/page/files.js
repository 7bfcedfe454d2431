/* Pictures and clips on their way to the server and back. */

import {getJson, request, ServerError, upload} from "./api.js";

/* Milliseconds between questions after a job, and tries while the server does not answer. */
const ASK = 400, TRIES = 20;

const PICTURES = /\.(jpe?g|png|webp|bmp|gif|tiff?|heic|avif)$/i;
const CLIPS = /\.(mp4|m4v|mkv|mov|avi|webm|mpe?g|ts|mts|wmv|flv|3gp|ogv)$/i;

/* "picture", "clip", or null for what is neither. */
export function kindOf(file) {
  if (file.type.startsWith("image/") && file.type !== "image/svg+xml") return "picture";
  if (file.type.startsWith("video/")) return "clip";
  if (PICTURES.test(file.name)) return "picture";
  return CLIPS.test(file.name) ? "clip" : null;
}

/* What is more than the server takes is not sent at all. */
export function checkSize(file, kind, limits) {
  const most = limits?.[kind === "picture" ? "picture_bytes" : "video_bytes"];
  if (most && file.size > most) throw new ServerError(413, "");
}

function formOf(file, choices) {
  const form = new FormData();
  for (const [name, value] of Object.entries(choices)) if (value) form.append(name, value);
  form.append("file", file, file.name || "picture.png");
  return form;
}

/* {width, height, labels, records, image or null where the browser cannot show it} */
export async function readPicture(file, choices, signal) {
  const image = createImageBitmap(file).catch(() => null);
  const answer = await request("api/analyze", {method: "POST", body: formOf(file, choices), signal});
  return {...(await answer.json()), image: await image};
}

/* Runs a job; on: {sent(share), progress(job)}. Gives {job, rows}. */
export async function readClip(file, choices, signal, on) {
  const begun = await upload("api/jobs", formOf(file, choices), {signal, onProgress: on.sent});
  const path = `api/jobs/${encodeURIComponent(begun.id)}`;
  // Whatever happens, also if the page is closed, the server shall forget it.
  const forget = () => request(path, {method: "DELETE", keepalive: true}).catch(() => {});
  window.addEventListener("pagehide", forget);
  try {
    const job = await finished(path, signal, on);
    return {job, rows: await resultOf(path, signal)};
  } finally {
    window.removeEventListener("pagehide", forget);
    forget();
  }
}

async function finished(path, signal, on) {
  for (let tries = 0; ; ) {
    try {
      const job = await (await request(path, {signal})).json();
      tries = 0;
      on.progress(job);
      if (!["waiting", "running"].includes(job.state)) return job;
    } catch (error) {
      if (error.status !== 0 || ++tries > TRIES) throw error;
      on.lost();
    }
    await pause(ASK * Math.min(1 + tries, 5), signal);
  }
}

async function resultOf(path, signal) {
  const text = await (await request(`${path}/result?format=jsonl`, {signal})).text();
  return text.split("\n").filter(Boolean).map((line) => JSON.parse(line));
}

function pause(milliseconds, signal) {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      fail(new DOMException("cancelled", "AbortError"));
    }, {once: true});
  });
}

export const getSettings = () => getJson("api/settings");
