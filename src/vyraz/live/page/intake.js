/* A file comes by the button, by dropping it anywhere, or by pasting it. */

import {byId} from "./dom.js";

export function takeFiles(onFiles) {
  const input = byId("file");
  input.addEventListener("change", () => {
    onFiles([...input.files]);
    // Else the same file could not be chosen again.
    input.value = "";
  });
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) onFiles(files);
  });
  takeDrops(onFiles);
}

function takeDrops(onFiles) {
  const sign = byId("drop");
  let depth = 0;
  const carries = (event) => event.dataTransfer?.types.includes("Files");
  const enter = (change) => {
    depth = Math.max(depth + change, 0);
    sign.hidden = depth === 0;
  };
  document.addEventListener("dragenter", (event) => carries(event) && enter(1));
  document.addEventListener("dragleave", (event) => carries(event) && enter(-1));
  document.addEventListener("dragover", (event) => carries(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    enter(-depth);
    onFiles([...event.dataTransfer.files]);
  });
}
