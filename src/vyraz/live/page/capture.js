/* Frames of a video: one picture to show, and the same one, smaller, as the JPEG that is sent. */

/* What is sent: pixels along the longer side, and quality. */
const SENT = 640, QUALITY = 0.8;
/* A tab in the background gets no frame callbacks; it goes on at this pace, in milliseconds. */
const PATIENCE = 250;

export class Capture {
  /* The spare one, and the one on the screen: it must not change while the next frame is on its way. */
  #pictures = [document.createElement("canvas"), document.createElement("canvas")];
  #small = document.createElement("canvas");

  /* {image, width, height (of what is sent), jpeg (a promise)} */
  take(video) {
    const image = this.#pictures[0];
    fill(image, video, video.videoWidth, video.videoHeight);
    const scale = Math.min(SENT / Math.max(image.width, image.height), 1);
    fill(this.#small, image, Math.round(image.width * scale), Math.round(image.height * scale));
    const jpeg = new Promise((done) => this.#small.toBlob(done, "image/jpeg", QUALITY));
    return {image, width: this.#small.width, height: this.#small.height, jpeg};
  }

  /* The frame that was taken last goes onto the screen. */
  keep() {
    this.#pictures.reverse();
  }
}

function fill(canvas, picture, width, height) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, 0, 0, width, height);
}

/* Resolves when the video has a frame that was not there before. */
export function nextFrame(video) {
  return new Promise((done) => {
    setTimeout(done, PATIENCE);
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(() => done());
    else requestAnimationFrame(() => done());
  });
}
