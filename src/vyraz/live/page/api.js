/* Requests to our server. The token is kept as long as the tab is open. */

let token = null;
try {
  token = sessionStorage.getItem("vyraz.token");
} catch { /* Storage may be forbidden: then it is asked for again. */ }

export const getToken = () => token;

export function setToken(value) {
  token = value;
  try {
    sessionStorage.setItem("vyraz.token", value);
  } catch { /* See above. */ }
}

/* Relative to the page, so that it also works behind a proxy that adds a folder. */
const address = (path) => new URL(path, document.baseURI);
const headers = () => (token ? {Authorization: `Bearer ${token}`} : {});

export class ServerError extends Error {
  /* status 0: it could not be reached. */
  constructor(status, detail) {
    super(detail || `HTTP ${status}`);
    this.status = status;
  }
}

export async function request(path, options = {}) {
  let answer;
  try {
    answer = await fetch(address(path), {...options, headers: headers(), cache: "no-store"});
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(0, error.message);
  }
  if (!answer.ok) throw new ServerError(answer.status, detailOf(await answer.text()));
  return answer;
}

export const getJson = async (path) => (await request(path)).json();

export function socketAddress(path) {
  const url = address(path);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}

/* XMLHttpRequest, for fetch tells nothing of how much has been sent. */
export function upload(path, form, {signal, onProgress}) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", address(path));
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => event.lengthComputable && onProgress(event.loaded / event.total);
    request.onload = () => {
      if (request.status < 300) done(JSON.parse(request.responseText));
      else fail(new ServerError(request.status, detailOf(request.responseText)));
    };
    request.onerror = () => fail(new ServerError(0));
    request.onabort = () => fail(new DOMException("cancelled", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(form);
  });
}

function detailOf(text) {
  try {
    const {detail} = JSON.parse(text);
    return typeof detail === "string" ? detail : (detail?.[0]?.msg ?? "");
  } catch {
    return "";
  }
}
