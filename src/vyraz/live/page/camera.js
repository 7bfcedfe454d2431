/* The browser's camera, and why it does not start, as a key of texts.js. */

export class CameraError extends Error {
  constructor(code, reason = "") {
    super(reason || code);
    this.code = code;
  }
}

const CODES = {
  NotAllowedError: "denied", SecurityError: "denied", PermissionDeniedError: "denied",
  NotFoundError: "missing", DevicesNotFoundError: "missing",
  NotReadableError: "busy", TrackStartError: "busy", AbortError: "busy",
};

export async function openCamera(deviceId) {
  if (!navigator.mediaDevices?.getUserMedia) throw new CameraError("insecure");
  const size = {width: {ideal: 1280}, height: {ideal: 720}, frameRate: {ideal: 30}};
  const which = deviceId ? {deviceId: {exact: deviceId}} : {facingMode: "user"};
  try {
    return await navigator.mediaDevices.getUserMedia({video: {...size, ...which}, audio: false});
  } catch (error) {
    // The one that was chosen is gone: any other is better than none.
    if (error.name === "OverconstrainedError" && deviceId) return openCamera(null);
    throw new CameraError(CODES[error.name] ?? "cameraFailed", error.message || error.name);
  }
}

/* Cameras have names only once the page may use one. */
export async function listCameras() {
  const devices = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  return devices.filter((one) => one.kind === "videoinput" && one.deviceId);
}

export function stopCamera(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/* Whether it looks away from the user; then nothing is mirrored. */
export function looksAway(stream) {
  return stream.getVideoTracks()[0]?.getSettings().facingMode === "environment";
}
